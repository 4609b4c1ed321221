"""Bundle + snapshot -> Scores: the one entry that batch, service and forecast call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from numba import types

from features.calendar import local_us
from features.matrix import FeatureMatrix, build_matrix
from history.arrays import Flags, Floats, Ints
from history.compiled import F64, compiled
from history.history import DAY_US, OPEN, WON
from history.snapshot import Snapshot, current_stages, state_rows
from history.warnings import Warning
from models.bundle import Bundle
from models.calibration import sigmoid
from models.explain import reasons as explain
from models.scores import ABSTAINED, LOST_LEAD, SCORED, WON_LEAD, Scores

Days = npt.NDArray[np.datetime64]
_STATUS = np.array([SCORED, WON_LEAD, LOST_LEAD], dtype=np.int8)  # by state
Reasons = Sequence[Sequence[dict[str, Any]]]


def score(bundle: Bundle, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """Scores of n snapshots, in their order; bitwise the same for a lead alone and among a million.

    reasons: how many a lead, None for all, 0 for none. Leads that are won or lost at their instant get
    probability 1 or 0.
    """
    state, amount_won, closed_us = _decided(snapshot)
    matrix = build_matrix(snapshot, bundle.vocabulary)
    stages = current_stages(snapshot)
    why = bundle.watch.doubts(matrix.values, stages)
    is_open = state == OPEN
    status = _STATUS[state]
    doubtful = np.zeros(len(status), dtype=np.bool_)
    if any(why):
        doubtful = np.array([bool(text) for text in why], dtype=np.bool_) & is_open
        status[doubtful] = ABSTAINED

    probability, low, high = open_probability(bundle, matrix, doubtful)
    place = midrank(bundle.reference, probability)
    amount, amount_low, amount_high = _amounts(bundle, matrix.values)
    closes = snapshot.as_of_us + (bundle.close_time.median_days(matrix.values) * DAY_US).astype(np.int64)

    scores = Scores(
        lead_ids=[snapshot.history.lead_ids[i] for i in snapshot.lead.tolist()],
        status=status,
        stage=stages,
        as_of_us=snapshot.as_of_us,
        probability=probability,
        probability_low=low,
        probability_high=high,
        horizon_days=bundle.config.horizon_days,
        score=place,
        grade=grades(place, bundle.config.grades),
        expected_amount=amount,
        expected_amount_low=amount_low,
        expected_amount_high=amount_high,
        currency=bundle.config.currency,
        expected_close_day=_days(closes, bundle.config.zone),
        baseline_probability=bundle.stage_table.probability(stages),
        reasons=_reasons(bundle, matrix, status == SCORED, reasons),
        warnings=_warnings(bundle, snapshot, matrix, (stages, why)),
        model_version=bundle.version,
    )
    if is_open.all():
        return scores
    closed = amount_won, _days(closed_us, bundle.config.zone)
    return _with_decided(scores, state, closed, bundle.config.grades)


def _with_decided(
    scores: Scores, state: Flags, known: tuple[Floats, Days], shares: Mapping[str, float]
) -> Scores:
    """The scores with those of the leads that are won or lost, whose amount and closing date are known."""
    amount_won, closed_day = known
    won, closed = state == WON, state != OPEN
    sure = np.where(won, 1.0, 0.0)

    def amount(expected: Floats) -> Floats:
        return np.where(won, amount_won, np.where(closed, np.nan, expected))

    rank = np.where(closed, 100 * sure, scores.score)
    return replace(
        scores,
        probability=np.where(closed, sure, scores.probability),
        probability_low=np.where(closed, sure, scores.probability_low),
        probability_high=np.where(closed, sure, scores.probability_high),
        score=rank,
        grade=grades(rank, shares),
        expected_amount=amount(scores.expected_amount),
        expected_amount_low=amount(scores.expected_amount_low),
        expected_amount_high=amount(scores.expected_amount_high),
        expected_close_day=np.where(closed, closed_day, scores.expected_close_day),
    )


def open_probability(
    bundle: Bundle, matrix: FeatureMatrix, doubtful: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Calibrated probability of a win within the horizon and its 80 % interval, each (n,),
    as if every lead were open.
    """
    n = len(matrix.values)
    base, (base_low, base_high) = bundle.base_rate, bundle.doubt_interval
    if bundle.conversion is None:
        return np.full(n, base), np.full(n, base_low), np.full(n, base_high)
    logit = bundle.calibration.logit(bundle.conversion.margin(matrix.values))
    probability, (low, high) = sigmoid(logit), bundle.spread.interval(logit)
    if not doubtful.any():
        return probability, low, high
    return (
        np.where(doubtful, base, probability),
        np.where(doubtful, base_low, low),
        np.where(doubtful, base_high, high),
    )


def midrank(reference: Floats, probability: Floats) -> Floats:
    """Share of the reference below each probability plus half the share equal to it, times 100, to a tenth."""
    if not len(reference):
        return np.full(len(probability), 50.0)
    return _midrank(reference, probability)


@compiled(types.float64[::1](F64, F64))
def _midrank(reference: Floats, probability: Floats) -> Floats:
    out = np.empty(len(probability))
    for i in range(len(probability)):
        below = np.searchsorted(reference, probability[i], side="left")
        upto = np.searchsorted(reference, probability[i], side="right")
        out[i] = np.rint(50.0 * (below + upto) / len(reference) * 10) / 10
    return out


def grades(rank: Floats, shares: Mapping[str, float]) -> list[str]:
    """The letter of each rank: the best share of the first letter gets it, and so on."""
    letters, cuts = _cuts(tuple(shares.items()))
    return [letters[sum(map(value.__lt__, cuts))] for value in rank.tolist()]


@lru_cache(maxsize=16)
def _cuts(shares: tuple[tuple[str, float], ...]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The letters, and the least rank of each but the last."""
    cuts = np.round(100 * (1 - np.cumsum([share for _, share in shares])), 9)[:-1]
    return tuple(letter for letter, _ in shares), tuple(cuts.tolist())


def _decided(snapshot: Snapshot) -> tuple[Flags, Floats, npt.NDArray[np.int64]]:
    """State, amount and closing time of each lead's latest visible outcome; OPEN, NaN and -1 without one."""
    outcomes = snapshot.history.outcomes
    if not len(outcomes.state):
        n = len(snapshot)
        return np.full(n, OPEN, dtype=np.int8), np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
    row = state_rows(outcomes, snapshot.lead, snapshot.as_of_us)
    found = row >= 0
    at = np.maximum(row, 0)
    state = np.where(found, outcomes.state[at], OPEN).astype(np.int8)
    return (
        state,
        np.where(state == WON, outcomes.amount[at], np.nan),
        np.where(state == OPEN, -1, outcomes.time_us[at]),
    )


def _days(instants_us: Ints, zone: ZoneInfo) -> Days:
    """The dates of instants in a time zone."""
    return np.asarray((local_us(instants_us, zone) // DAY_US).astype("M8[D]"))


def _amounts(bundle: Bundle, values: Floats) -> tuple[Floats, Floats, Floats]:
    if bundle.amount is None:
        unknown = np.full(len(values), np.nan)
        return unknown, unknown, unknown
    return bundle.amount.predict(values)


def _reasons(
    bundle: Bundle, matrix: FeatureMatrix, scored: npt.NDArray[np.bool_], most: int | None
) -> Reasons:
    none: list[list[dict[str, Any]]] = [[] for _ in range(len(scored))]
    if bundle.conversion is None or most == 0 or not scored.any():
        return none
    if scored.all():
        return explain(bundle.conversion, bundle.calibration, matrix, bundle.vocabulary, most)
    rows = np.flatnonzero(scored)
    part = FeatureMatrix(np.ascontiguousarray(matrix.values[rows]), matrix.features, matrix.feature_set_id)
    for i, found in zip(
        rows.tolist(),
        explain(bundle.conversion, bundle.calibration, part, bundle.vocabulary, most),
        strict=True,
    ):
        none[i] = found
    return none


def _warnings(
    bundle: Bundle,
    snapshot: Snapshot,
    matrix: FeatureMatrix,
    said: tuple[Sequence[str | None], Sequence[str]],
) -> list[list[Warning]]:
    stages, why = said
    found = bundle.watch.notes(matrix.values, snapshot)
    known = set(bundle.config.stages)
    for i, stage in enumerate(stages):
        if stage is not None and known and stage not in known:
            found[i].append(
                Warning(
                    "unknown_stage",
                    stage,
                    "the model does not know this stage; it counts as one after the last",
                )
            )
        if why[i]:
            found[i].append(Warning("insufficient_data", "", why[i]))
    for i in np.flatnonzero(snapshot.as_of_us < bundle.trained_through_us).tolist():
        found[i].append(
            Warning("scored_in_sample", "", "as_of lies before the end of the model's own training data")
        )
    return found
