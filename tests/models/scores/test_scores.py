"""Scores as columns and records: missing values are None, and warnings of many leads are counted."""

import math

import numpy as np
import pytest

from history.base.warnings import Warning
from models.scores.scores import COLUMN_KINDS, COLUMNS, STATUS, Scores, counted_warnings


@pytest.fixture
def scores() -> Scores:
    half = np.full(2, 0.5)
    return Scores(
        lead_ids=["a", "b"], status=np.array([0, 1], dtype=np.int8), stage=["new", None],
        as_of_us=np.array([0, 1]), probability=half, probability_low=half, probability_high=half,
        horizon_days=90, score=half, grade=["A", "D"], expected_amount=np.array([10.0, math.nan]),
        expected_amount_low=half, expected_amount_high=half, currency=None,
        expected_close_day=np.array(["2026-01-31", "NaT"], dtype="M8[D]"), baseline_probability=half,
        reasons=[[{"feature": "größe"}], []], warnings=[[], [Warning("novel", "x", "y")]], model_version="7",
    )  # fmt: skip


def test_missing_values_are_none(scores: Scores) -> None:
    columns = scores.columns()
    assert tuple(columns) == COLUMNS == tuple(COLUMN_KINDS)
    assert columns["expected_amount"] == [10.0, None]
    assert columns["expected_revenue"] == [5.0, None]
    assert columns["expected_close_date"] == ["2026-01-31", None]
    assert columns["as_of"] == ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000001Z"]
    assert columns["status"] == [STATUS[0], STATUS[1]]


def test_reasons_are_text_in_a_file_and_lists_in_a_frame(scores: Scores) -> None:
    assert scores.columns()["reasons"] == ['[{"feature": "größe"}]', "[]"]
    assert scores.columns(reasons_as_text=False)["reasons"] == [[{"feature": "größe"}], []]


def test_records_have_the_columns_and_the_warnings(scores: Scores) -> None:
    first, second = scores.records()
    assert set(first) == {*COLUMNS, "warnings"}
    assert second["warnings"] == [{"code": "novel", "subject": "x", "detail": "y"}]


def test_warnings_of_many_leads_are_one_with_the_first_detail() -> None:
    first, second = Warning("novel", "city", "3"), Warning("novel", "city", "4")
    other = Warning("novel", "size", "5")
    assert counted_warnings([[first, other], [], [second]]) == [
        Warning("novel", "city", "3", leads=2),
        Warning("novel", "size", "5", leads=1),
    ]
    assert counted_warnings([]) == []
