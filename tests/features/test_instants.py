"""The latest training instant of a lead, and the rows that training may read by then, against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.instants import NO_INSTANT, latest_instants, visible_rows
from history.snapshot import Snapshot
from tests.builders.leads.lead_histories import START_US, Lead, history_of

N_LEADS = 4
pairs = st.lists(st.tuples(st.integers(0, N_LEADS - 1), st.integers(0, 50)), max_size=12)


@given(pairs)
def test_latest_instant_is_the_maximum_of_the_leads_rows(rows: list[tuple[int, int]]) -> None:
    history = history_of([Lead(START_US)] * N_LEADS, START_US)
    lead, as_of_us = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    latest = latest_instants(Snapshot(history, lead, as_of_us))
    for i in range(N_LEADS):
        assert latest[i] == max((at for of, at in rows if of == i), default=NO_INSTANT)


@given(pairs, st.lists(st.integers(0, 50), min_size=N_LEADS, max_size=N_LEADS))
def test_row_is_visible_if_known_by_its_leads_instant(rows: list[tuple[int, int]], latest: list[int]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    lead, known_us = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    offsets = np.searchsorted(lead, np.arange(N_LEADS + 1))
    visible = visible_rows(offsets, known_us, np.array(latest))
    assert visible.lead.tolist() == lead.tolist()
    assert visible.mask.tolist() == [known <= latest[of] for of, known in rows]


def test_lead_without_a_training_row_shows_nothing() -> None:
    offsets, known_us = np.array([0, 1]), np.array([-(2**62)])
    assert visible_rows(offsets, known_us, np.array([NO_INSTANT])).mask.tolist() == [False]
