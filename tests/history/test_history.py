"""The base of the logs: rows grouped by lead through offsets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from history.history import Log, offsets_of


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_lead_and_offsets_are_inverse(counts: list[int]) -> None:
    """Trailing leads without rows count: the offsets alone hold how many leads a log has."""
    lead = np.array([i for i, count in enumerate(counts) for _ in range(count)], dtype=np.int64)
    no_times = np.zeros(len(lead), dtype=np.int64)
    offsets = offsets_of(lead, len(counts))
    assert np.diff(offsets).tolist() == counts
    assert Log(offsets, no_times, no_times).lead.tolist() == lead.tolist()
