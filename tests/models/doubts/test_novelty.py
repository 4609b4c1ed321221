"""Novelty: a lead too unlike the training leads is not scored, any other is."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from features.feature import Feature
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn
from history.base.arrays import Floats
from history.snapshot import all_leads, open_leads
from models.doubts.novelty import TrainingRanges, learn_training_ranges, novelty_check
from tests.builders.leads.lead_histories import START_US, Lead, history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

Check = Callable[[Floats, Sequence[str | None]], list[str]]
COLUMNS = (
    *(Feature(f"size_{j}", "number", "number", 0, "attributes", "", "") for j in range(4)),
    Feature("plan", "category", "category", 0, "attributes", "", ""),
    *(Feature(f"touches_{j}", "count", "number", 0, "engagement", "", "") for j in range(5)),
)
USUAL = [1.0, 2.0, 3.0, 4.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0]


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    """Any vocabulary: the check reads the columns alone."""
    return learn(open_leads(history_of(made_leads(40, 1), LAST_US), LAST_US))[0]


def matrix(*rows: list[float]) -> Floats:
    return np.array(rows, dtype=np.float64)


@pytest.fixture(scope="module")
def check(ranges: TrainingRanges, words: Vocabulary) -> Check:
    return novelty_check(ranges, COLUMNS, words).reasons_to_abstain


@pytest.fixture(scope="module", params=[1, 2, 3])
def ranges(request: pytest.FixtureRequest) -> TrainingRanges:
    random = np.random.default_rng(request.param)
    values = np.array(USUAL) * random.uniform(0.5, 1.5, (300, len(USUAL)))
    values[:, 4] = random.integers(2, 5, 300)
    return learn_training_ranges(values, COLUMNS, random.choice(["new", "offer"], 300).tolist())


def test_a_usual_lead_is_scored(check: Check) -> None:
    assert check(matrix(USUAL, USUAL, USUAL), ["new", "offer", None]) == ["", "", ""]


def test_a_lead_in_an_unseen_stage_is_not_scored(check: Check) -> None:
    (reason,) = check(matrix(USUAL), ["on the moon"])
    assert "on the moon" in reason


def test_only_mostly_missing_attributes_prevent_a_score(check: Check) -> None:
    nothing = [np.nan] * 4 + [0.0] + USUAL[5:]
    some = [np.nan] * 2 + USUAL[2:]
    empty, partial = check(matrix(nothing, some), ["new", "new"])
    assert "missing" in empty
    assert partial == ""


def test_only_many_numbers_far_outside_prevent_a_score(check: Check) -> None:
    wild = [1e6] * 4 + [2.0] + [1e6] * 5
    one = [1e6, *USUAL[1:]]
    assert ["far outside" in reason for reason in check(matrix(wild, one), ["new", "new"])] == [
        True,
        False,
    ]


def test_an_unseen_category_does_not_prevent_a_score(check: Check) -> None:
    unseen = [*USUAL[:4], 1.0, *USUAL[5:]]
    assert check(matrix(unseen), ["new"]) == [""]


@pytest.mark.parametrize(("companies", "warned"), [(4, True), (200, False)])
def test_new_values_warn_only_if_values_recur(companies: int, warned: bool) -> None:
    leads = [Lead(START_US, {"company": f"c {k % companies}" if k % 3 else "usual"}) for k in range(240)]
    snapshot = all_leads(history_of(leads, LAST_US), LAST_US)
    vocabulary = learn(snapshot).vocabulary
    matrix = build_matrix(snapshot, vocabulary)
    ranges = learn_training_ranges(matrix.values, matrix.features, [None] * len(snapshot))
    newcomer = all_leads(history_of([Lead(START_US, {"company": "new"})], LAST_US), LAST_US)
    values = build_matrix(newcomer, vocabulary).values
    (warnings,) = novelty_check(ranges, matrix.features, vocabulary).warnings(values, newcomer)
    assert [warning.code for warning in warnings] == (["unseen_category"] if warned else [])


def test_one_lead_is_checked_as_in_a_batch(check: Check) -> None:
    random = np.random.default_rng(9)
    rows = np.where(random.random((60, len(USUAL))) < 0.5, np.nan, USUAL) * random.choice(
        [1, 1, 1e5], (60, 1)
    )
    rows[:, 4] = random.integers(0, 5, 60)
    stages = random.choice(["new", "offer", "odd"], 60).tolist()
    alone = [check(matrix(row.tolist()), [s])[0] for row, s in zip(rows, stages, strict=True)]
    assert alone == check(matrix(*rows.tolist()), stages)
    assert 0 < sum(map(bool, alone)) < 60


def test_json_round_trip(ranges: TrainingRanges) -> None:
    back = TrainingRanges.from_dict(json.loads(json.dumps(ranges.to_dict(), allow_nan=False)))
    np.testing.assert_array_equal(back.low, ranges.low)
    np.testing.assert_array_equal(back.high, ranges.high)
    np.testing.assert_array_equal(back.usual, ranges.usual)
    assert back.stages == ranges.stages


def test_a_constant_number_does_not_prevent_a_score(words: Vocabulary) -> None:
    """No fit can have used it: counts of past leads are all 0 while a funnel is young."""
    values = np.array(USUAL) * np.random.default_rng(4).uniform(0.5, 1.5, (300, len(USUAL)))
    values[:, 4], values[:, 5:] = 2.0, 0.0
    constant = novelty_check(learn_training_ranges(values, COLUMNS, ["new"] * 300), COLUMNS, words)
    assert constant.reasons_to_abstain(matrix(USUAL), ["new"]) == [""]
