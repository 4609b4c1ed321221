"""Bundle + snapshot -> Scores: the one entry that batch, service and forecast call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from features.calendar import local_days
from features.interactions.rows import Walks
from features.matrix import FeatureMatrix, PreparedHistory, empty_values, matrix_of
from history.base.arrays import Flags, Floats, Ints, Mask
from history.base.warnings import Warning
from history.config.config import FunnelConfig
from history.history import GONE, OPEN, WON
from history.snapshot import Snapshot, current_stages, state_rows
from models.bundle import Bundle
from models.figures.figures import Figures
from models.figures.intervals import Estimate
from models.figures.kernel import midrank, sigmoid
from models.reasons.explain import Explained, Wording, explained
from models.scores.scores import ABSTAINED, GONE_LEAD, LOST_LEAD, SCORED, WON_LEAD, Scores

Days: TypeAlias = npt.NDArray[np.datetime64]
Reasons: TypeAlias = list[list[dict[str, Any]]]

NO_DAY = np.datetime64("NaT", "D")
_STATUS = np.array([SCORED, WON_LEAD, LOST_LEAD, GONE_LEAD], dtype=np.int8)  # by state


@dataclass(frozen=True)
class _Decided:
    """State (n,) of leads at their instants; amount (n,), NaN unless won, and closing time (n,), -1 if open."""

    state: Flags
    amount: Floats
    closed_us: Ints


def score(bundle: Bundle, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """Scores of n snapshots, in their order; bitwise the same for a lead alone and among a million.

    reasons: how many a lead, None for all, 0 for none. Leads that are won at their instant get probability 1, those
    that are lost or gone 0.
    """
    return _score(bundle, snapshot, reasons, bundle.wording)


def score_with_evidence(bundle: Bundle, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """`score` whose reasons have the evidence that tells, as HTTP gives them. Files do without: it is the model's."""
    return _score(bundle, snapshot, reasons, bundle.wording_with_evidence)


def score_with_numbers(bundle: Bundle, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """`score_with_evidence` whose reasons have the numbers behind their words, for pages in other languages."""
    return _score(bundle, snapshot, reasons, bundle.wording_with_numbers)


def _score(bundle: Bundle, snapshot: Snapshot, reasons: int | None, wording: Wording) -> Scores:
    return _score_parts(bundle, [Part(snapshot)], reasons, wording).scores


class Part(NamedTuple):
    """A snapshot of a history that may have been prepared for the model's vocabulary before.

    walks: receives those over the interactions, for features after one more.
    """

    snapshot: Snapshot
    prepared: PreparedHistory | None = None
    walks: Walks | None = None


@dataclass(frozen=True)
class ScoredRows:
    """n scores with their features; parts (n, k): of the log-odds of those with reasons, see models.reasons.explain."""

    scores: Scores
    matrix: FeatureMatrix
    parts: Floats | None


def score_parts(
    bundle: Bundle, parts: Sequence[Part], reasons: int | None, has_numbers: bool = False
) -> ScoredRows:
    """The scores of snapshots of several histories, one after the other, to the last bit those of each alone.

    Reasons are those of score_with_numbers, or of score_with_evidence.
    """
    wording = bundle.wording_with_numbers if has_numbers else bundle.wording_with_evidence
    return _score_parts(bundle, parts, reasons, wording)


def _score_parts(bundle: Bundle, parts: Sequence[Part], reasons: int | None, wording: Wording) -> ScoredRows:
    snapshots = [part.snapshot for part in parts]
    matrix = matrix_of_parts(bundle, parts)
    stages = [stage for snapshot in snapshots for stage in current_stages(snapshot)]
    as_of_us = _joined([snapshot.as_of_us for snapshot in snapshots])
    abstained_because = bundle.novelty.reasons_to_abstain(matrix.values, stages)
    decided = _decided_of(snapshots)
    status = np.zeros(len(stages), dtype=np.int8) if decided is None else _STATUS[decided.state]
    abstained = _abstained(abstained_because)
    if abstained is not None:
        abstained &= status == SCORED
        status[abstained] = ABSTAINED

    figures = _figures(bundle, matrix, as_of_us, abstained)
    of_rows = _explained(bundle, matrix, status, reasons, wording)
    warnings = _warnings(bundle, snapshots, matrix.values)
    _add_warnings(warnings, bundle, as_of_us, stages, abstained_because)
    scores = Scores(
        lead_ids=[snapshot.history.lead_ids[i] for snapshot in snapshots for i in snapshot.lead.tolist()],
        status=status,
        stage=stages,
        as_of_us=as_of_us,
        probability=figures.probability,
        probability_low=figures.probability_low,
        probability_high=figures.probability_high,
        horizon_days=bundle.config.horizon_days,
        score=figures.rank,
        grade=grades(figures.rank, bundle.config.grades),
        expected_amount=figures.amount,
        expected_amount_low=figures.amount_low,
        expected_amount_high=figures.amount_high,
        currency=bundle.config.currency,
        expected_close_day=_days(figures.closes_us, bundle.config.zone),
        baseline_probability=bundle.stage_table.probability(stages),
        reasons=of_rows.reasons,
        warnings=warnings,
        model_version=bundle.version,
    )
    if decided is not None and (decided.state != OPEN).any():
        scores = _with_decided(scores, decided, bundle.config)
    return ScoredRows(scores, matrix, of_rows.parts)


def matrix_of_parts(bundle: Bundle, parts: Sequence[Part]) -> FeatureMatrix:
    """The features of the rows of all parts, one after the other."""
    values = empty_values(sum(len(part.snapshot) for part in parts), bundle.vocabulary)
    at = 0
    for snapshot, prepared, walks in parts:
        if len(snapshot):
            ready = PreparedHistory(snapshot.history, bundle.vocabulary) if prepared is None else prepared
            ready.write(values[at : at + len(snapshot)], snapshot, walks)
            at += len(snapshot)
    return matrix_of(values, bundle.vocabulary)


def _decided_of(snapshots: Sequence[Snapshot]) -> _Decided | None:
    """The latest visible outcome of each lead of all snapshots; None if no history has any."""
    if not any(len(snapshot.history.decisions.state) for snapshot in snapshots):
        return None
    each = [_decided(snapshot) for snapshot in snapshots]
    return _Decided(*(_joined([getattr(one, field.name) for one in each]) for field in fields(_Decided)))


def _joined(arrays: Sequence[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _warnings(bundle: Bundle, snapshots: Sequence[Snapshot], values: Floats) -> list[list[Warning]]:
    """What is unusual in the values of each row (n, k) of all snapshots."""
    if len(snapshots) > 1 and bundle.novelty.are_usual(values):
        warnings: list[list[Warning]] = [[] for _ in values]
    else:
        warnings, at = [], 0
        for snapshot in snapshots:
            warnings += bundle.novelty.warnings(values[at : at + len(snapshot)], snapshot)
            at += len(snapshot)
    at = 0
    for snapshot in snapshots:
        for row, warning in bundle.values.unreadable(values[at : at + len(snapshot)], snapshot):
            warnings[at + row].append(warning)
        at += len(snapshot)
    return warnings


@dataclass(frozen=True)
class OpenLeads:
    """Probability (n,) of n snapshots of leads that are open, with their features and stages (n,)."""

    probability: Floats
    matrix: FeatureMatrix
    stages: Sequence[str | None]


def open_leads(bundle: Bundle, snapshot: Snapshot) -> OpenLeads:
    """The probabilities that `score` gives open leads, to the last bit, without all that surrounds them."""
    matrix = matrix_of_parts(bundle, [Part(snapshot)])
    stages = current_stages(snapshot)
    return OpenLeads(probability_of(bundle, matrix.values, stages), matrix, stages)


def probability_of(bundle: Bundle, values: Floats, stages: Sequence[str | None]) -> Floats:
    """The probabilities (n,) of open leads in these stages (n,) with these feature values (n, k)."""
    logit = _log_odds(bundle, values)
    if logit is None:
        return np.full(len(values), bundle.base_rate)
    abstained = _abstained(bundle.novelty.reasons_to_abstain(values, stages))
    return _unless_abstained(sigmoid(logit), bundle.base_rate, abstained)


def _figures(bundle: Bundle, matrix: FeatureMatrix, as_of_us: Ints, abstained: Mask | None) -> Figures:
    """The figures of n open leads; abstained (n,) get the base rate."""
    figures = bundle.figures.of(matrix.values, as_of_us)
    if abstained is None and bundle.conversion is not None:
        return figures
    probability, low, high = _open_probability(bundle, matrix.values, abstained)
    return figures._replace(
        probability=probability,
        probability_low=low,
        probability_high=high,
        rank=midrank(bundle.reference, probability),
    )


def _open_probability(bundle: Bundle, values: Floats, abstained: Mask | None) -> Estimate:
    """Probability of a win within the horizon for values (n, k), as if every lead were open; abstained (n,) rows get
    the base rate.
    """
    base = (bundle.base_rate, *bundle.abstained_interval)
    logit = _log_odds(bundle, values)
    if logit is None:
        return Estimate(*(np.full(len(values), rate) for rate in base))
    scored = (sigmoid(logit), *bundle.log_odds_error.interval(logit))
    return Estimate(
        *(_unless_abstained(figures, rate, abstained) for figures, rate in zip(scored, base, strict=True))
    )


def _log_odds(bundle: Bundle, values: Floats) -> Floats | None:
    """Calibrated log-odds (n,) of open leads with feature values (n, k); None without a conversion model."""
    if bundle.conversion is None:
        return None
    return bundle.calibration.logit(bundle.conversion.margin(values))


def _abstained(because: Sequence[str]) -> Mask | None:
    """(n,) True for rows with a reason to abstain; None if no row has one."""
    return np.array([bool(text) for text in because], dtype=np.bool_) if any(because) else None


def _unless_abstained(figures: Floats, base: float, abstained: Mask | None) -> Floats:
    """The figures (n,), with the base rate's for abstained (n,) rows."""
    return figures if abstained is None else np.where(abstained, base, figures)


def _with_decided(scores: Scores, decided: _Decided, config: FunnelConfig) -> Scores:
    """The scores with those of won, lost and gone leads replaced by what happened."""
    won, closed = decided.state == WON, decided.state != OPEN
    certain = np.where(won, 1.0, 0.0)
    closed_day = _days(decided.closed_us, config.zone)
    closed_day[decided.state == GONE] = NO_DAY
    rank = np.where(closed, 100 * certain, scores.score)

    def amount(expected: Floats) -> Floats:
        return np.where(won, decided.amount, np.where(closed, np.nan, expected))

    return replace(
        scores,
        probability=np.where(closed, certain, scores.probability),
        probability_low=np.where(closed, certain, scores.probability_low),
        probability_high=np.where(closed, certain, scores.probability_high),
        score=rank,
        grade=grades(rank, config.grades),
        expected_amount=amount(scores.expected_amount),
        expected_amount_low=amount(scores.expected_amount_low),
        expected_amount_high=amount(scores.expected_amount_high),
        expected_close_day=np.where(closed, closed_day, scores.expected_close_day),
    )


def grades(rank: Floats, shares: Mapping[str, float]) -> list[str]:
    """The letter of each rank (n,); shares: letter -> share of leads, the best ranks get the first letter."""
    letters, cuts = _cuts(tuple(shares.items()))
    # The number of cuts above a rank is the position of its letter.
    return [letters[sum(map(value.__lt__, cuts))] for value in rank.tolist()]


@lru_cache(maxsize=16)
def _cuts(shares: tuple[tuple[str, float], ...]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The letters, and the least rank of each but the last."""
    cuts = np.round(100 * (1 - np.cumsum([share for _, share in shares])), 9)[:-1]
    return tuple(letter for letter, _ in shares), tuple(cuts.tolist())


def _decided(snapshot: Snapshot) -> _Decided:
    """The latest visible outcome of each lead."""
    outcomes, n = snapshot.history.decisions, len(snapshot)
    if not len(outcomes.state):
        return _Decided(np.full(n, OPEN, dtype=np.int8), np.full(n, np.nan), np.full(n, -1, dtype=np.int64))
    row = state_rows(outcomes, snapshot.lead, snapshot.as_of_us)
    at = np.maximum(row, 0)
    # A lead without an outcome reads row 0, which the conditions below discard.
    state = np.where(row >= 0, outcomes.state[at], OPEN).astype(np.int8)
    amount = np.where(state == WON, outcomes.amount[at], np.nan)
    closed_us = np.where(state == OPEN, -1, outcomes.time_us[at])
    return _Decided(state, amount, closed_us)


def _days(instants_us: Ints, zone: ZoneInfo) -> Days:
    """The dates of instants in a time zone."""
    return local_days(instants_us, zone).view("M8[D]")


def _explained(
    bundle: Bundle, matrix: FeatureMatrix, status: Flags, most: int | None, wording: Wording
) -> Explained:
    """The reasons of the rows with status (n,) SCORED, at most `most` each; [] and parts of 0 for the others."""
    reasons: Reasons = [[] for _ in range(len(status))]
    scored = np.flatnonzero(status == SCORED)
    if bundle.conversion is None or most == 0 or not len(scored):
        return Explained(reasons, None)
    if len(scored) == len(status):
        return explained(bundle.conversion, bundle.calibration, matrix, wording, most)
    part = replace(matrix, values=np.ascontiguousarray(matrix.values[scored]))
    of_scored = explained(bundle.conversion, bundle.calibration, part, wording, most)
    for i, row_reasons in zip(scored.tolist(), of_scored.reasons, strict=True):
        reasons[i] = row_reasons
    if of_scored.parts is None:
        return Explained(reasons, None)
    parts = np.zeros(matrix.values.shape)
    parts[scored] = of_scored.parts
    return Explained(reasons, parts)


def _add_warnings(
    warnings: list[list[Warning]],
    bundle: Bundle,
    as_of_us: Ints,
    stages: Sequence[str | None],
    abstained_because: Sequence[str],
) -> None:
    """Adds to the rows' warnings those of unknown stages, missing scores and scores within the training data."""
    known = set(bundle.config.stages)
    for i, stage in enumerate(stages):
        if stage is not None and known and stage not in known:
            detail = "the model does not know this stage; it counts as one after the last"
            warnings[i].append(Warning("unknown_stage", stage, detail))
        if abstained_because[i]:
            warnings[i].append(Warning("insufficient_data", "", abstained_because[i]))
    for i in np.flatnonzero(as_of_us < bundle.trained_through_us).tolist():
        detail = "as_of is before the end of the model's training data"
        warnings[i].append(Warning("scored_in_sample", "", detail))
