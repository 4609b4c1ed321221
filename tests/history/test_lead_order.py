"""Leads in order of creation: other ids or another order of rows give the same order of what is known."""

from dataclasses import replace

import numpy as np
import pytest

from history.history import History
from history.lead_order import by_creation
from history.snapshot import take_leads
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import history_of
from tests.builders.leads.made_leads import LAST_US, made_leads


def of_whole_days(seed: int) -> History:
    """Leads whose creation is a bare date, two of them equal but for the id."""
    leads = made_leads(200, seed)
    history = history_of([*leads, leads[0]], LAST_US)
    return replace(history, created_us=history.created_us // DAY_US * DAY_US)


def contents(history: History) -> list[object]:
    """What is known of each lead, in the history's order, without its id."""
    logs = (history.interactions, history.stages, history.outcomes, history.changes)
    return [
        (
            history.created_us[lead],
            [column.text(lead) for _, column in sorted(history.attributes.items())],
            [log.time_us[log.offsets[lead] : log.offsets[lead + 1]].tolist() for log in logs],
        )
        for lead in range(len(history))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_other_ids_and_another_order_of_rows_change_nothing(seed: int) -> None:
    history = of_whole_days(seed)
    order = np.random.default_rng(seed).permutation(len(history))
    other = replace(take_leads(history, order), lead_ids=[f"{lead:05d}" for lead in range(len(history))])
    assert contents(by_creation(other)) == contents(by_creation(history))


def test_order_is_that_of_creation_and_ids_decide_only_at_last() -> None:
    ordered = by_creation(of_whole_days(0))
    assert (np.diff(ordered.created_us) >= 0).all()
    assert len(np.unique(ordered.created_us)) < len(ordered)
    place = {lead: place for place, lead in enumerate(ordered.lead_ids)}
    assert place["lead-200"] == place["lead-0"] + 1


def test_a_history_in_order_is_returned_as_it_is() -> None:
    ordered = by_creation(of_whole_days(0))
    assert by_creation(ordered) is ordered
    none = take_leads(ordered, np.zeros(0, dtype=np.int64))
    assert len(by_creation(none)) == 0
