"""Scores: equal for one lead and for many, with parts that agree."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.matrix import PreparedHistory
from history.history import GONE, LOST, OPEN, WON, History, no_outcomes
from history.snapshot import Snapshot, all_leads, open_leads, state_at, state_rows
from history.text.times import DAY_US, format_time
from models.bundle import Bundle, base_probability
from models.figures.kernel import midrank
from models.scorer import Part, grades, probability_of, score, score_parts, score_with_evidence
from models.scores.scores import COLUMNS, Scores

CONTRACT = [
    "lead_id", "status", "stage", "as_of", "probability", "probability_low", "probability_high", "horizon_days",
    "score", "grade", "expected_amount", "expected_amount_low", "expected_amount_high", "expected_revenue",
    "currency", "expected_close_date", "baseline_probability", "reasons", "model_version", "name", "rank",
]  # fmt: skip


@pytest.fixture(scope="module")
def everyone(history: History) -> Snapshot:
    return all_leads(history, history.as_of_us)


@pytest.fixture(scope="module")
def scores(bundle: Bundle, everyone: Snapshot) -> Scores:
    return score(bundle, everyone, None)


@pytest.fixture(scope="module")
def state(everyone: Snapshot) -> Any:
    return state_at(everyone.history, everyone.lead, everyone.as_of_us)


def test_records_have_exactly_the_columns_of_the_contract(scores: Scores) -> None:
    assert list(COLUMNS) == CONTRACT
    assert list(scores.columns()) == CONTRACT
    for record in json.loads(json.dumps(scores.records(), allow_nan=False)):
        assert set(record) == {*CONTRACT, "warnings"}
        for reason in record["reasons"]:
            assert set(reason) == {"feature", "label", "value", "direction", "points"}
        for warning in record["warnings"]:
            assert set(warning) == {"code", "subject", "detail"}


def test_columns_and_records_are_equal(scores: Scores) -> None:
    columns = scores.columns()
    assert [json.loads(r) for r in columns["reasons"]] == [r["reasons"] for r in scores.records()]
    for name in set(CONTRACT) - {"reasons"}:
        assert columns[name] == [record[name] for record in scores.records()]


def test_one_lead_is_bitwise_the_batch(bundle: Bundle, everyone: Snapshot, scores: Scores) -> None:
    together = scores.records()
    for i in range(0, len(everyone), 9):
        alone = score(bundle, everyone.take(np.array([i])), None).records()
        assert json.dumps(alone) == json.dumps(together[i : i + 1])


def test_order_and_company_do_not_matter(bundle: Bundle, everyone: Snapshot, scores: Scores) -> None:
    order = np.random.default_rng(1).permutation(len(everyone))
    mixed = score(bundle, everyone.take(order), None).records()
    assert json.dumps(mixed) == json.dumps([scores.records()[i] for i in order])


def test_all_reasons_add_up_to_the_rise_over_the_base(bundle: Bundle, scores: Scores) -> None:
    base = base_probability(bundle)
    scored = [r for r in scores.records() if r["status"] == "scored"]
    assert scored
    for record in scored:
        points = [reason["points"] for reason in record["reasons"]]
        assert sum(points) == pytest.approx(100 * (record["probability"] - base), abs=1e-6)
        assert points == sorted(points, key=abs, reverse=True)
        assert all((r["direction"] == "up") == (r["points"] > 0) for r in record["reasons"])


@pytest.mark.parametrize("most", [0, 1, 5])
def test_fewer_reasons_are_the_first_of_all(
    bundle: Bundle, everyone: Snapshot, scores: Scores, most: int
) -> None:
    for few, every in zip(score(bundle, everyone, most).records(), scores.records(), strict=True):
        assert few["reasons"] == every["reasons"][:most]
        assert few["probability"] == every["probability"]


def test_open_leads_are_never_sure(scores: Scores, state: Any) -> None:
    p = scores.probability[state == OPEN]
    assert len(p)
    assert ((p > 0) & (p < 1)).all()
    assert (scores.probability_low[state == OPEN] < p).all()
    assert (scores.probability_high[state == OPEN] > p).all()
    assert ((scores.probability_low > 0) & (scores.probability_high < 1))[state == OPEN].all()
    assert ((scores.score >= 0) & (scores.score <= 100)).all()


def test_closed_leads_have_their_outcome(scores: Scores, everyone: Snapshot, state: Any) -> None:
    outcomes = everyone.history.outcomes
    row = state_rows(outcomes, everyone.lead, everyone.as_of_us)
    seen = set()
    for i, record in enumerate(scores.records()):
        if state[i] == OPEN:
            assert record["status"] in ("scored", "insufficient_data")
            continue
        won = state[i] == WON
        seen.add(int(state[i]))
        sure = 1.0 if won else 0.0
        assert record["status"] == ("won" if won else "lost")
        assert [record[f"probability{end}"] for end in ("", "_low", "_high")] == [sure] * 3
        assert (record["score"], record["grade"]) == ((100, "A") if won else (0, "D"))
        assert record["reasons"] == []
        amount = outcomes.amount[row[i]] if won else np.nan
        expected = None if np.isnan(amount) else float(amount)
        assert [record[f"expected_amount{end}"] for end in ("", "_low", "_high")] == [expected] * 3
        assert record["expected_close_date"] == format_time(int(outcomes.time_us[row[i]]))[:10]
    assert seen == {WON, LOST}


def test_leads_that_are_gone_have_no_chance_and_no_date(bundle: Bundle, everyone: Snapshot) -> None:
    history = everyone.history
    outcomes = replace(history.outcomes, state=np.full_like(history.outcomes.state, GONE))
    gone = score(bundle, replace(everyone, history=replace(history, outcomes=outcomes)), None).records()
    assert {record["status"] for record in gone} >= {"scored", "gone"}
    for record in (record for record in gone if record["status"] == "gone"):
        assert (record["probability"], record["score"], record["grade"]) == (0, 0, "D")
        assert record["reasons"] == []
        assert [record[key] for key in ("expected_amount", "expected_revenue", "expected_close_date")] == [
            None
        ] * 3


def test_expected_revenue_is_probability_times_amount(scores: Scores) -> None:
    for record in scores.records():
        if record["expected_amount"] is None:
            assert record["expected_revenue"] is None
        else:
            assert record["expected_revenue"] == record["probability"] * record["expected_amount"]


def test_close_dates_of_open_leads_lie_within_the_horizon(scores: Scores, state: Any) -> None:
    today = (scores.as_of_us // DAY_US).astype("M8[D]")
    ahead = (scores.expected_close_day - today).astype(np.int64)[state == OPEN]
    assert ((ahead >= 0) & (ahead <= scores.horizon_days)).all()


def test_close_dates_are_those_of_the_zone(
    bundle: Bundle, everyone: Snapshot, scores: Scores, state: Any
) -> None:
    """In Auckland, 12 or 13 hours ahead, half of all closings fall on the day after that in London."""
    config = replace(bundle.config, timezone="Pacific/Auckland")
    far = replace(bundle, vocabulary=replace(bundle.vocabulary, config=config))
    closed = np.flatnonzero(state != OPEN)
    row = state_rows(everyone.history.outcomes, everyone.lead, everyone.as_of_us)[closed]
    at = everyone.history.outcomes.time_us[row].tolist()
    dates = np.array(score(far, everyone, 0).columns()["expected_close_date"])[closed]
    zone = ZoneInfo("Pacific/Auckland")
    expected = [datetime.fromtimestamp(us / 1_000_000, zone).date().isoformat() for us in at]
    assert dates.tolist() == expected
    assert dates.tolist() != np.array(scores.columns()["expected_close_date"])[closed].tolist()


def test_the_baseline_is_the_stage_table(bundle: Bundle, scores: Scores) -> None:
    table = bundle.stage_table
    for record in scores.records():
        assert record["baseline_probability"] == table.rates.get(record["stage"], table.base_rate)
    assert set(scores.stage) & set(table.rates)


def test_a_model_without_signal_gives_the_base_rate(bundle: Bundle, history: History) -> None:
    blind = replace(bundle, conversion=None, reference=np.array([bundle.base_rate]))
    for record in score(blind, open_leads(history, history.as_of_us), None).records():
        assert record["probability"] == bundle.base_rate
        assert record["probability_low"] < bundle.base_rate < record["probability_high"]
        assert record["score"] == 50.0
        assert record["reasons"] == []


def test_an_abstained_lead_gets_the_base_rate(bundle: Bundle, history: History) -> None:
    """A stage that no training lead stood in: the model forgets one that some leads stand in."""
    seen = open_leads(history, history.as_of_us)
    plain = score(bundle, seen)
    gone = next(s for s in plain.stage if s is not None)
    stages = tuple(s for s in bundle.training_ranges.stages if s != gone)
    forgetful = replace(bundle, training_ranges=replace(bundle.training_ranges, stages=stages))
    hit = 0
    for record, before in zip(score(forgetful, seen).records(), plain.records(), strict=True):
        if record["stage"] != gone:
            assert record == before
            continue
        hit += 1
        assert record["status"] == "insufficient_data"
        assert record["probability"] == bundle.base_rate
        assert record["reasons"] == []
        assert "insufficient_data" in {w["code"] for w in record["warnings"]}
        low, high = record["probability_low"], record["probability_high"]
        assert low <= np.quantile(bundle.reference, 0.1)
        assert high >= np.quantile(bundle.reference, 0.9)
    assert hit


def test_scoring_before_the_models_end_warns(bundle: Bundle, history: History) -> None:
    def codes(as_of_us: int) -> set[str]:
        records = score(bundle, open_leads(history, as_of_us)).records()
        return {"scored_in_sample"} & {w["code"] for r in records for w in r["warnings"]}

    assert codes(history.as_of_us - 30 * DAY_US) == {"scored_in_sample"}
    assert codes(history.as_of_us) == set()


def test_no_leads_give_no_scores(bundle: Bundle, everyone: Snapshot) -> None:
    nobody = score(bundle, everyone.take(np.zeros(0, dtype=np.int64)), None)
    assert nobody.records() == []
    assert list(nobody.columns()) == CONTRACT


def test_the_reference_is_spread_evenly_over_the_scores(bundle: Bundle) -> None:
    """Midranks of the leads that made the scale: their mean is 50, so shares of grades are those asked for."""
    rank = midrank(bundle.reference, bundle.reference)
    assert rank.mean() == pytest.approx(50.0, abs=0.05)
    letters = np.array(grades(rank, bundle.config.grades))
    for letter, share in bundle.config.grades.items():
        assert (letters == letter).mean() == pytest.approx(share, abs=0.03)


def test_grades_are_cut_as_the_contract_says() -> None:
    shares = {"A": 0.10, "B": 0.20, "C": 0.30, "D": 0.40}
    rank = np.array([100.0, 90.0, 89.9, 70.0, 69.9, 40.0, 39.9, 0.0])
    assert "".join(grades(rank, shares)) == "AABBCCDD"
    assert grades(np.array([80.0, 79.9]), {"hot": 0.2, "cold": 0.8}) == ["hot", "cold"]


def test_parts_of_several_histories_are_scored_as_each_alone(bundle: Bundle, history: History) -> None:
    """Some are decided, some abstained, and one is prepared; reasons come with the parts that they are made of."""
    seen = all_leads(history, history.as_of_us)
    states = state_at(history, seen.lead, seen.as_of_us)
    leads = np.concatenate([np.flatnonzero(states == state)[:9] for state in (OPEN, WON, LOST)])
    gone = score(bundle, seen.take(leads[:1]), 0).stage[0]
    stages = tuple(stage for stage in bundle.training_ranges.stages if stage != gone)
    forgetful = replace(bundle, training_ranges=replace(bundle.training_ranges, stages=stages))
    bare = replace(history, outcomes=no_outcomes(len(history)))
    parts = [
        Part(seen.take(leads[:7])),
        Part(Snapshot(bare, seen.lead[:3], seen.as_of_us[:3])),
        Part(seen.take(leads[7:])),
    ]
    parts[0] = parts[0]._replace(prepared=PreparedHistory(history, forgetful.vocabulary))
    together = score_parts(forgetful, parts, 5)
    alone = [
        record for part in parts for record in score_with_evidence(forgetful, part.snapshot, 5).records()
    ]
    assert together.scores.records() == alone
    assert {"scored", "insufficient_data", "won", "lost"} <= {record["status"] for record in alone}
    scored = [i for i, record in enumerate(alone) if record["status"] == "scored"]
    assert together.parts is not None
    assert forgetful.conversion is not None
    values = np.ascontiguousarray(together.matrix.values[scored])
    assert together.parts[scored].tobytes() == forgetful.conversion.contributions(values).parts.tobytes()
    reached = probability_of(forgetful, together.matrix.values, together.scores.stage)
    assert reached[scored].tolist() == [alone[i]["probability"] for i in scored]
