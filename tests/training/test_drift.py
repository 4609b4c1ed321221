"""Drift: no alarm without a change, an alarm for each kind of change, at any sample size."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.feature import Block, Feature
from history.base.arrays import Floats
from training.drift import _psi_text, drift, learn_reference, population_stability

K = 20
ATTRIBUTES = Block("attributes")


def _features(kinds: int = K) -> tuple[Feature, ...]:
    numbers = [
        ATTRIBUTES.number(f"n{j}", "number", "x of {value}", subject=f"a{j}") for j in range(kinds - 2)
    ]
    stage = Block("stages").category("stage", "category", "being in {value}")
    day = Block("calendar").number("as_of_weekday", "weekday", "today being a {value}")
    return (*numbers, stage, day)


def _values(rng: np.random.Generator, n: int) -> Floats:
    values = rng.normal(size=(n, K))
    values[:, 1] = rng.poisson(0.3, n)  # one value shared by most rows
    values[rng.random((n, K)) < 0.1] = np.nan
    values[:, -2] = rng.integers(0, 6, n)
    values[:, -1] = rng.integers(0, 7)
    return values


@pytest.mark.parametrize("n", [200, 500, 3000])
def test_no_alarm_without_drift(n: int) -> None:
    """At most one comparison in a hundred may alarm without drift, over all features together."""
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        reference = learn_reference(_values(rng, 5000), _features())
        alarms += bool(drift(reference, _values(rng, n), _features()))
    assert alarms <= 2


@pytest.mark.parametrize("seed", range(5))
def test_half_a_standard_deviation_is_detected_in_1000_leads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = learn_reference(_values(rng, 5000), _features())
    shifted = _values(rng, 1000)
    shifted[:, 4] += 0.5
    assert [f.subject for f in drift(reference, shifted, _features())] == ["a4"]


def test_an_emptied_column_alarms_with_its_missing_rates() -> None:
    rng = np.random.default_rng(1)
    reference = learn_reference(_values(rng, 2000), _features())
    values = _values(rng, 400)
    values[:, 3] = np.nan
    (finding,) = drift(reference, values, _features())
    assert (finding.code, finding.subject, finding.to_json()["evidence"]["level"]) == ("drift", "a3", "alarm")
    assert "were missing, 100% are" in finding.detail


def test_a_moderate_rise_of_missing_values_warns() -> None:
    rng = np.random.default_rng(2)
    reference = learn_reference(_values(rng, 4000), _features())
    values = _values(rng, 2000)
    values[rng.random(2000) < 0.14, 3] = np.nan
    (finding,) = drift(reference, values, _features())
    assert (finding.subject, finding.to_json()["evidence"]["level"]) == ("a3", "warning")


def test_a_missing_rate_warns_without_an_unchanged_psi() -> None:
    rng = np.random.default_rng(7)
    before, after = _values(rng, 4000), _values(rng, 4000)
    before[rng.random(4000) < 0.4, 3] = np.nan
    after[rng.random(4000) < 0.55, 3] = np.nan
    (finding,) = drift(learn_reference(before, _features()), after, _features())
    assert (finding.subject, finding.to_json()["evidence"]["level"]) == ("a3", "warning")
    assert re.search(r"training and scoring: \d\d% were missing, \d\d% are; find the change", finding.detail)


@pytest.mark.parametrize(
    ("psi", "noise", "shown"),
    [
        (0.31, 0.2, "PSI 0.31, above the 0.20 that chance explains"),
        (0.2041, 0.2038, "PSI 0.2041, above the 0.2038 that chance explains"),
        (0.1549, 0.1551 - 4e-4, "PSI 0.1549, above the 0.1547 that chance explains"),
    ],
)
def test_a_psi_is_shown_above_its_bound(psi: float, noise: float, shown: str) -> None:
    assert _psi_text(psi, noise) == shown


def test_new_categories_drift_but_the_calendar_does_not() -> None:
    rng = np.random.default_rng(3)
    reference = learn_reference(_values(rng, 3000), _features())
    values = _values(rng, 600)
    values[:, -2] = 9.0
    values[:, -1] = 99.0
    assert [f.subject for f in drift(reference, values, _features())] == ["stage"]


def test_features_of_past_leads_never_drift() -> None:
    """Leads without past ones of their value stand on the rate of all, one number on the day of the score."""
    rng = np.random.default_rng(3)
    columns = [
        ATTRIBUTES.number(f"attr_a_{name}", unit, "a of {value}", subject="a")
        for name, unit in (("win_rate", "share"), ("past_leads", "leads"))
    ]
    before = np.column_stack((rng.uniform(0.3, 0.4, 5000), rng.poisson(4, 5000).astype(np.float64)))
    reference = learn_reference(before, columns)
    assert drift(reference, np.column_stack((np.full(900, 0.3), np.full(900, 30.0))), columns) == []


def test_the_week_of_an_attribute_date_never_drifts() -> None:
    """A year of planned closings held against those of next month; the days until them are as ever."""
    rng = np.random.default_rng(8)
    columns = [
        ATTRIBUTES.number(f"attr_planned_{name}", unit, "planned {value}", subject="planned")
        for name, unit in (("week", "week"), ("days_ahead", "signed_days"))
    ]
    before = np.column_stack((rng.integers(1, 53, 5000), rng.normal(30, 9, 5000))).astype(np.float64)
    after = np.column_stack((rng.integers(27, 33, 900), rng.normal(30, 9, 900))).astype(np.float64)
    reference = learn_reference(before, columns)
    assert list(reference["features"]) == ["attr_planned_days_ahead"]
    assert drift(reference, after, columns) == []


def test_few_leads_or_unknown_features_give_no_finding() -> None:
    rng = np.random.default_rng(4)
    reference = learn_reference(_values(rng, 3000), _features())
    assert drift(reference, _values(rng, 199) + 5.0, _features()) == []
    assert drift({"leads": 3000, "features": {}}, _values(rng, 900) + 5.0, _features()) == []
    assert drift(learn_reference(np.zeros((0, K)), _features()), _values(rng, 900), _features()) == []


def test_rows_of_one_lead_count_once() -> None:
    """Ten snapshots a lead are no more evidence than one."""
    rng = np.random.default_rng(5)
    rows = np.repeat(_values(rng, 60), 10, axis=0)
    values = _values(rng, 1000)
    careful = drift(learn_reference(rows, _features(), leads=60), values, _features())
    naive = drift(learn_reference(rows, _features()), values, _features())
    assert not careful
    assert naive


def test_a_reference_survives_json() -> None:
    rng = np.random.default_rng(6)
    reference = learn_reference(_values(rng, 1000), _features())
    values = _values(rng, 600) + 0.4
    again = json.loads(json.dumps(reference, allow_nan=False))
    assert drift(again, values, _features()) == drift(reference, values, _features())


counts = st.lists(st.integers(0, 500), min_size=2, max_size=8).filter(lambda c: sum(c) > 0)


@given(counts, st.data())
def test_psi_is_symmetric_and_zero_only_for_equal_shares(before: list[int], data: st.DataObject) -> None:
    after = data.draw(st.lists(st.integers(0, 500), min_size=len(before), max_size=len(before)))
    a, b = np.array(before, dtype=np.float64), np.array(after, dtype=np.float64)
    assert population_stability(a, b) == pytest.approx(population_stability(b, a))
    assert population_stability(a, b) >= -1e-12
    assert population_stability(a, a) == 0.0
