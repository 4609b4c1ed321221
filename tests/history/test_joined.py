"""Leads taken out of a history and joined again are that history."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.history import History
from history.joined import joined
from history.read import read_folder
from history.snapshot import take_leads
from tests.builders.csv_folder import us
from tests.builders.worlds.faulted_crm import check_same, faulted_crm


@pytest.fixture(scope="module")
def histories(crm: Path, tmp_path_factory: pytest.TempPathFactory) -> list[History]:
    faulted = faulted_crm(crm, tmp_path_factory.mktemp("faulted") / "crm")
    return [read_folder(crm), read_folder(faulted, now_us=us("2026-07-01"))]


@pytest.mark.parametrize("seed", range(3))
def test_leads_come_back_from_random_groups(histories: list[History], seed: int) -> None:
    random = np.random.default_rng(seed)
    for history in histories:
        group = random.integers(0, 4, len(history))
        places = [np.flatnonzero(group == number) for number in range(4)]
        some_settled = [
            replace(part, settled=None) if part.settled is not None and not _is_settled(part) else part
            for part in (take_leads(history, place) for place in places)
        ]
        back = joined(some_settled, np.argsort(np.concatenate(places)))
        without_ids = replace(history, interactions=replace(history.interactions, ids=None))
        check_same(back, take_leads(without_ids, np.arange(len(history))))


def _is_settled(history: History) -> bool:
    assert history.settled is not None
    return len(history.settled.time_us) > len(history.outcomes.time_us)


def test_a_history_without_leads_adds_nothing(histories: list[History]) -> None:
    history = replace(histories[0], interactions=replace(histories[0].interactions, ids=None))
    nobody = take_leads(history, np.zeros(0, dtype=np.int64))
    check_same(
        joined([history, nobody], np.arange(len(history))), take_leads(history, np.arange(len(history)))
    )
