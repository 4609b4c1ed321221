"""Leads of the audit: their state at T, and whether closing times are known."""

import numpy as np

from history.history import OPEN
from history.snapshot import cut
from tests.builders.worlds.audit_world import world
from training.audit.leads import lead_states


def test_state_and_closing_are_those_at_t() -> None:
    w = world(500, 1)
    leads = lead_states(w.history)
    assert leads.decided.tolist() == w.closed.tolist()
    assert leads.won.tolist() == w.won.tolist()
    assert leads.lost.tolist() == w.lost.tolist()
    assert leads.closed_us.tolist() == np.minimum(w.will_close_us, leads.as_of_us).tolist()


def test_earlier_t_knows_fewer_decisions() -> None:
    w = world(500, 1)
    at = w.history.as_of_us - 10**13
    leads = lead_states(cut(w.history, at))
    assert leads.decided.sum() == (w.will_close_us <= at).sum()
    assert (leads.closed_us <= at).all()


def test_flat_table_has_no_closing_times() -> None:
    assert lead_states(world(500, 1).history).has_closing_times
    flat = lead_states(world(500, 1, flat=True).history)
    assert not flat.has_closing_times
    assert flat.implied[flat.decided].all()
    assert not flat.implied[flat.state == OPEN].any()
