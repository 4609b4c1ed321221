"""Values that closed leads have and open leads lack; columns that come and go are no leak."""

import numpy as np
import pytest

from history.arrays import Mask
from history.history import DAY_US, empty_factor
from tests.builders.audit_world import SPAN_DAYS, START_US, either, world
from training.audit.absence import only_closed
from training.audit.columns import Column
from training.audit.evidence import STRONG, WEAK
from training.audit.leads import lead_states


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_come_and_go_are_kept(seed: int) -> None:
    """A field that was introduced or given up has few open or few closed leads, and that is no leak."""
    w = world(2000, seed)
    age = (w.created_us - START_US) / (SPAN_DAYS * DAY_US)
    verdicts = w.audit(
        introduced=either((age > 0.6) & w.chance(0.8), "a", None),
        given_up=either((age < 0.85) & w.chance(0.8), "a", None),
        campaign=[f"c{int(a * 20)}" for a in age],
        person=[f"p{i}" for i in range(2000)],
    )
    assert verdicts == {}


def column(filled: Mask) -> Column:
    return Column(
        "x", "category", filled.astype(np.int64) * 2, ["", "", "yes"], None, empty_factor(len(filled))
    )


def test_value_that_open_leads_lack_is_weak_evidence() -> None:
    w = world(2000, 1)
    leads = lead_states(w.history)
    evidence = only_closed(column(leads.decided), leads)
    assert evidence is not None
    assert evidence.grade == WEAK
    assert evidence.numbers["open_with_value"] == 0
    assert only_closed(column(w.chance(0.5)), leads) is None


def test_flat_table_makes_the_evidence_strong() -> None:
    w = world(4000, 1, flat=True)
    leads = lead_states(w.history)
    evidence = only_closed(column(leads.decided), leads)
    assert evidence is not None
    assert evidence.grade == STRONG


@pytest.mark.parametrize("n", [40, 2000])
def test_few_leads_on_a_side_are_not_compared(n: int) -> None:
    w = world(n, 2)
    leads = lead_states(w.history)
    assert (only_closed(column(leads.decided), leads) is None) == (n == 40)
