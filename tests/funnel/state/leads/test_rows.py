"""Positions of rows by lead and time, against a plain loop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from funnel.state.leads.rows import rows_until

times_of_leads = st.lists(st.lists(st.integers(0, 9), max_size=6).map(sorted), min_size=1, max_size=5)


@given(times_of_leads, st.integers(-1, 10))
def test_rows_until_is_a_count_by_lead(times: list[list[int]], instant: int) -> None:
    offsets = np.concatenate(([0], np.cumsum([len(rows) for rows in times]))).astype(np.int64)
    time_us = np.array([time for rows in times for time in rows], dtype=np.int64)
    lead = np.arange(len(times), dtype=np.int64)
    ends = rows_until(offsets, time_us, lead, np.full(len(times), instant))
    expected = [offsets[i] + sum(time <= instant for time in rows) for i, rows in enumerate(times)]
    assert ends.tolist() == expected
