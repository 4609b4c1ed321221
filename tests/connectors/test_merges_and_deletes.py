"""Merges, deletes and late rows between two exports, 1,000 of each: nothing lost, doubled or brought back."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from connectors.folder.gone import read_gone
from history.base.progress import no_progress
from history.history import OPEN, History, Log
from history.read import read_as_stored, read_folder
from history.snapshot import state_at
from serving.store.store import Store
from serving.store.transfer.gone import TakenOut, take_out
from serving.store.transfer.load import load_history
from tests.builders.exports.import_cases import Case
from tests.builders.exports.imported_folder import (
    NOW_US,
    TO_THE_MINUTE,
    Facts,
    bring_in,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    open_leads,
    rows_of,
    true_interactions,
    true_leads,
    true_outcomes,
    true_stages,
    unbalanced,
)
from tests.builders.exports.later import Exports, exports
from tests.builders.exports.simulated_crm import World, open_ids

LEFT, MERGES, DELETES = 1200, 1000, 1000
MERGING = [
    Case("hubspot", "objects"),
    Case("hubspot", "warehouse"),
    Case("pipedrive", "objects"),
    Case("odoo", "warehouse"),
]
# Deals are never merged: people move the activities by hand, and delete the other deal.
DELETING = [Case("dynamics", "warehouse"), Case("salesforce", "objects")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return exports(tmp_path_factory.mktemp("simulated") / "crm", LEFT, MERGES, DELETES)


@dataclass(frozen=True)
class Trial:
    """Both exports of one case, and the folder that is imported from them."""

    case: Case
    folder: Path
    earlier: World
    later: World

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def bring_in(self, name: str) -> dict[str, int]:
        """New rows by table."""
        imported = bring_in(self.case.system, self.folder / name, self.data, **self.case.options)
        assert unbalanced(imported) == []
        return dict(imported.new_rows)

    def facts(self) -> dict[str, Facts]:
        return {
            "leads": imported_leads(self.data, TO_THE_MINUTE),
            "stages": imported_stages(self.data, TO_THE_MINUTE),
            "outcomes": [row[:3] for row in imported_outcomes(self.data, TO_THE_MINUTE)],
            "interactions": imported_interactions(self.data, TO_THE_MINUTE),
        }

    def truth(self) -> dict[str, Facts]:
        spelling = self.case.spelling(TO_THE_MINUTE)
        return {
            "leads": true_leads(self.later, spelling),
            "stages": true_stages(self.later, spelling),
            "outcomes": [row[:3] for row in true_outcomes(self.later, spelling)],
            "interactions": true_interactions(self.later, spelling),
        }


@pytest.fixture(scope="module", params=[*MERGING, *DELETING], ids=str)
def trial(request: pytest.FixtureRequest, made: Exports, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    case, folder = request.param, tmp_path_factory.mktemp("trial")
    later = made.later
    if case in DELETING:
        later = replace(later, gone=dict.fromkeys(later.gone, ""))
    case.export(made.earlier, folder / "earlier")
    case.export(later, folder / "later")
    trial = Trial(case, folder, made.earlier, later)
    trial.bring_in("earlier")
    assert len(rows_of(trial.data, "leads")) == LEFT + MERGES + DELETES
    trial.bring_in("later")
    return trial


def differences(found: Facts, truth: Facts) -> tuple[Facts, Facts]:
    """Rows that are lost, and rows that are doubled or brought back."""
    lost, more = list(truth), []
    counts: dict[tuple[str, ...], int] = {}
    for row in truth:
        counts[row] = counts.get(row, 0) + 1
    for row in found:
        if counts.get(row, 0):
            counts[row] -= 1
        else:
            more.append(row)
    lost = [row for row, count in counts.items() for _ in range(count)]
    return lost[:3], more[:3]


@pytest.mark.long
def test_nothing_is_lost_doubled_or_brought_back(trial: Trial) -> None:
    found, truth = trial.facts(), trial.truth()
    assert {name: differences(found[name], truth[name]) for name in truth} == dict.fromkeys(truth, ([], []))
    assert open_leads(trial.data) == {trial.case.lead_id(id_) for id_ in open_ids(trial.later)}


@pytest.mark.parametrize("case", [*MERGING[:3], DELETING[-1]], ids=str)
def test_both_exports_at_once_are_the_newer_one(case: Case, tmp_path: Path) -> None:
    made = exports(tmp_path / "crm", 80, 15, 15)
    later = replace(made.later, gone=dict.fromkeys(made.later.gone, "")) if case in DELETING else made.later
    case.export(made.earlier, tmp_path / "both" / "1")
    case.export(later, tmp_path / "both" / "2")
    trial = Trial(case, tmp_path, made.earlier, later)
    trial.bring_in("both")
    found, truth = trial.facts(), trial.truth()
    assert {name: differences(found[name], truth[name]) for name in truth} == dict.fromkeys(truth, ([], []))


@pytest.mark.long
def test_neither_export_again_changes_a_row(trial: Trial) -> None:
    """The older one would bring the merged and deleted records back."""
    for name in ("later", "earlier", "later"):
        assert sum(trial.bring_in(name).values()) == 0, name
    found, truth = trial.facts(), trial.truth()
    assert {name: differences(found[name], truth[name]) for name in truth} == dict.fromkeys(truth, ([], []))


@pytest.mark.long
def test_folder_says_who_is_gone_and_where_to(trial: Trial) -> None:
    """Odoo keeps no trace of a merge: it shows by activities that moved, if the earlier export had any."""
    lead_id = trial.case.lead_id
    gone = read_gone(trial.data)
    expected = {lead_id(old): lead_id(new) if new else "" for old, new in trial.later.gone.items()}
    if trial.case.system == "odoo":
        told = {old for old, new in gone.items() if new}
        touched = {lead_id(row["lead_id"]) for row in trial.earlier.interactions}
        assert told == {old for old, new in expected.items() if new and old in touched}
        expected = {old: new if old in told else "" for old, new in expected.items()}
    assert {id_: gone.get(id_) for id_ in expected} == expected


@pytest.mark.long
def test_store_that_loads_both_folders_has_the_truth(trial: Trial, tmp_path: Path) -> None:
    """Again and again: leads, interactions and outcomes of the leads that are not gone."""
    first = tmp_path / "data"
    bring_in(trial.case.system, trial.folder / "earlier", first, **trial.case.options)
    with closing(Store(tmp_path, now_us=lambda: NOW_US)) as store:
        for data in (first, trial.data, trial.data):
            load_history(store.engine, read_as_stored(data, NOW_US), store.now_us, no_progress)
            take_out(store.engine, read_gone(data), store.now_us)
        history = store.read_all(NOW_US)
        assert take_out(store.engine, read_gone(trial.data), store.now_us) == TakenOut()
    expected = read_folder(trial.data, as_of_us=NOW_US, now_us=NOW_US)
    assert set(history.lead_ids) == set(expected.lead_ids)
    for stored, true in zip(logs(history), logs(expected), strict=True):
        assert len(stored.time_us) == len(true.time_us)
        assert sorted(stored.time_us.tolist()) == sorted(true.time_us.tolist())
    at_end = {id_ for id_, state in zip(history.lead_ids, states(history), strict=True) if state == OPEN}
    assert at_end == {trial.case.lead_id(id_) for id_ in open_ids(trial.later)}


def logs(history: History) -> tuple[Log, ...]:
    return history.interactions, history.stages, history.outcomes


def states(history: History) -> list[int]:
    leads = np.arange(len(history))
    found: list[int] = state_at(history, leads, np.full(len(history), history.as_of_us)).tolist()
    return found
