"""Small readable files that may not change by accident: the sums of two trees, and scores in JSON."""

import json
import math
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from history.base.warnings import Warning
from history.text.times import parse_time
from models.scores.scores import ABSTAINED, LOST_LEAD, SCORED, WON_LEAD, Scores
from models.trees.ensemble import trees_from_text

HERE = Path(__file__).parent


def test_two_trees_give_the_sums_of_the_table() -> None:
    golden = json.loads((HERE / "two_trees.json").read_text())
    trees = trees_from_text((HERE / "two_trees.txt").read_text())
    assert list(trees.names) == golden["columns"]
    assert trees.expected == pytest.approx(golden["expected"], abs=1e-12)
    values = np.array([[math.nan if v is None else v for v in row["values"]] for row in golden["rows"]])
    assert trees.predict(values).tolist() == [row["sum"] for row in golden["rows"]]
    total = trees.contributions(values).sum(axis=1) + trees.expected
    np.testing.assert_allclose(total, [row["sum"] for row in golden["rows"]], atol=1e-12)


def four_scores() -> Scores:
    """A lead of each status, in numbers that are exact in binary."""
    at = parse_time("2026-03-01", ZoneInfo("UTC"))
    unknown = math.nan
    reason = {
        "feature": "days_at_offer",
        "label": "A total of 12 days in stage offer raises the chance",
        "value": "12 days",
        "direction": "up",
        "points": 12.5,
    }
    warning = Warning("insufficient_data", "", "no training lead was in stage 'legal'")
    return Scores(
        lead_ids=["L-1", "L-2", "L-3", "Zoë-4"],
        status=np.array([SCORED, ABSTAINED, WON_LEAD, LOST_LEAD], dtype=np.int8),
        stage=["offer", "legal", "offer", None],
        as_of_us=np.full(4, at),
        probability=np.array([0.375, 0.25, 1.0, 0.0]),
        probability_low=np.array([0.25, 0.125, 1.0, 0.0]),
        probability_high=np.array([0.5, 0.75, 1.0, 0.0]),
        horizon_days=90,
        score=np.array([92.5, 50.0, 100.0, 0.0]),
        grade=["A", "C", "A", "D"],
        expected_amount=np.array([8000.0, 2000.0, 12500.0, unknown]),
        expected_amount_low=np.array([1000.0, 250.0, 12500.0, unknown]),
        expected_amount_high=np.array([16000.0, 4000.0, 12500.0, unknown]),
        currency="EUR",
        expected_close_day=np.array(["2026-04-15", "2026-04-20", "2026-02-27", "NaT"], dtype="M8[D]"),
        baseline_probability=np.array([0.3125, 0.25, 0.3125, 0.25]),
        reasons=[[reason], [], [], []],
        warnings=[[], [warning], [], []],
        model_version="7",
    )


def test_score_records_are_the_golden_ones() -> None:
    """What CRM integrations parse: a change here is a breaking change of the contract."""
    expected = json.loads((HERE / "score_records.json").read_text(encoding="utf-8"))
    records = json.loads(json.dumps(four_scores().records(), allow_nan=False))
    assert records == expected
    assert [list(record) for record in records] == [list(record) for record in expected]
