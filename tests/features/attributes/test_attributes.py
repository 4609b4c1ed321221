"""Attribute features: dates in the funnel's zone, and attributes that a lead lacks."""

import math
from zoneinfo import ZoneInfo

import numpy as np

from features.matrix import build_matrix
from history.snapshot import Snapshot
from history.text.times import DAY_US, parse_time
from tests.builders.leads.lead_histories import START_US, Lead, history_of
from tests.builders.leads.made_leads import LAST_US, made_leads
from tests.builders.learned_words import learned


def test_dates_may_lie_ahead_and_are_in_the_funnels_zone() -> None:
    leads = [Lead(START_US, {"due": f"2024-05-{d:02d}"}) for d in range(1, 29)]
    vocabulary, snapshot = learned(leads, timezone="Asia/Tokyo")
    matrix = build_matrix(snapshot, vocabulary)
    names = [f.name for f in matrix.features]
    ahead = matrix.values[:, names.index("attr_due_days_ahead")]
    midnight = parse_time("2024-05-01", ZoneInfo("Asia/Tokyo"))
    assert ahead[0] == (midnight - LAST_US) / DAY_US
    assert matrix.values[:, names.index("attr_due_weekday")].tolist() == [(2 + d) % 7 for d in range(28)]


def test_an_attribute_absent_from_a_request_is_missing() -> None:
    vocabulary, _ = learned(made_leads(200, seed=4))
    bare = history_of([Lead(START_US)], LAST_US)
    row = build_matrix(Snapshot(bare, np.array([0]), np.array([LAST_US])), vocabulary)
    for column, value in zip(row.features, row.values[0], strict=True):
        if column.block == "attributes" and column.unit not in ("changes",):
            assert math.isnan(value) or value == 0, column.name
