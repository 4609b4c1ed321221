"""Columns of the audit: dates before 1970, ranges of numbers with their ends."""

import re
from dataclasses import replace

import numpy as np

from history.text.times import DAY_US
from tests.builders.worlds.audit_world import days, factor, world
from training.audit.audit import audit
from training.audit.columns import column_of


def test_date_before_1970_is_a_date() -> None:
    w = world(200, 4)
    born = days((w.rng.integers(0, 8000, 200) - 4000) * DAY_US)
    attributes = {"born": factor([None, *born[1:]])}
    column = column_of(replace(w.history, attributes=attributes), "born")
    assert column.kind == "date"
    assert column.filled.tolist() == [False] + [True] * 199


def test_ranges_of_numbers_are_named_by_their_ends() -> None:
    w = world(1200, 3, flat=True)
    paid = np.where(w.will_win, 100.0, 0.0) + w.rng.random(len(w)) * 90
    (finding,) = audit(replace(w.history, attributes={"amount_paid": factor([f"{x:.3f}" for x in paid])}))
    assert "or more' (100% of" in finding.detail
    ranges = re.findall(r"'(\S+) to below (\S+)' \(0% of", finding.detail)
    assert ranges
    assert all(float(low) < float(high) <= 100 for low, high in ranges)
