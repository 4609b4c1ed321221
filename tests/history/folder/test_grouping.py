"""Rows grouped by lead are in the order of a stable sort of all rows."""

import numpy as np
import pytest

from history.folder.grouping import grouped
from history.history import offsets_of


@pytest.mark.parametrize("n", [0, 1, 40, 900])
@pytest.mark.parametrize("n_keys", [0, 1, 2])
def test_as_by_one_stable_sort_of_all_rows(n: int, n_keys: int) -> None:
    """Leads with few rows and with many are sorted in two ways; keys with few values tie often."""
    random = np.random.default_rng(n + n_keys)
    index = random.choice([-1, 0, 1, 2, 3, 6], n, p=[0.1, 0.6, 0.1, 0.1, 0.05, 0.05])
    keys = [random.integers(0, 9, n) for _ in range(n_keys)]
    visible = (index >= 0) & (random.random(n) < 0.8)

    by_lead = grouped(visible, index, 8, *keys)
    rows = np.flatnonzero(visible)
    expected = rows[np.lexsort([key[rows] for key in [*keys[::-1], index]])]
    assert by_lead.rows.tolist() == expected.tolist()
    assert by_lead.offsets.tolist() == offsets_of(index[expected], 8).tolist()
