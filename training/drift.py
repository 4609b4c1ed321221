"""Drift: whether the leads to score look like those a model learned from, by PSI and missing rates of each feature.

The population stability index (Lewis 1994) with its sampling distribution (Yurdakul & Naranjo 2020): without drift,
PSI / (1/n + 1/m) follows a chi-square distribution with one degree of freedom less than the number of bins. An alarm
needs both a large PSI and one that exceeds chance, at a significance level shared by all features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import chi2, norm

from features.by_parts import matrix_on
from features.feature import Feature
from history.base.arrays import Floats
from history.base.engine import Engine
from history.base.warnings import Warning
from history.history import History
from history.snapshot import open_leads
from models.bundle import Bundle

BINS = 10
MAX_LEVELS = 20  # of a category; all others share one bin
ALARM_PSI, WARNING_PSI = 0.25, 0.10  # the usual thresholds of credit scoring (Siddiqi 2006)
MIN_ALARM_LEADS, MIN_WARNING_LEADS = 200, 500  # leads to score
FALSE_ALARM_RATE = 0.01  # probability of any alarm over all features of a comparison without drift
MISSING_JUMP = 0.10  # change of a missing rate
# Features of the day differ from one day to the next, and so does the week into which an attribute's date falls.
CALENDAR_BLOCK, WEEK_UNIT = "calendar", "week"
ALARM, WARNING = "alarm", "warning"


# ---- the reference


def learn_reference(
    values: Floats, features: Sequence[Feature], *, leads: int | None = None
) -> dict[str, Any]:
    """The reference of `drift`, JSON-ready: each feature's bins and the shares of `values` (n, k) in them.

    leads: number of distinct leads among the n rows, which are the independent observations; n by default. Features
    that move with the calendar, or with the rate of all past leads, are left out.
    """
    learned = {}
    if len(values):
        for j, feature in enumerate(features):
            if not _moves_with_time(feature):
                learned[feature.name] = _learn_bins(values[:, j], feature)
    return {"leads": len(values) if leads is None else int(leads), "features": learned}


def _moves_with_time(feature: Feature) -> bool:
    return feature.block == CALENDAR_BLOCK or feature.unit == WEEK_UNIT or feature.of_past_leads


def _learn_bins(column: Floats, feature: Feature) -> dict[str, Any]:
    cuts = _frequent_levels(column) if feature.kind == "category" else _deciles(column)
    counts = _bin_counts(column, cuts, feature.kind)
    return {"cuts": cuts.tolist(), "shares": (counts / counts.sum()).tolist()}


def _deciles(column: Floats) -> Floats:
    """Distinct inner cuts of at most BINS bins; a value that many rows share gets a bin of its own."""
    known = column[~np.isnan(column)]
    if not len(known):
        return np.zeros(0)
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    return np.asarray(cuts[cuts < known.max()])


def _frequent_levels(column: Floats) -> Floats:
    """The MAX_LEVELS most frequent codes of a category, in order; 0 stands for a missing value."""
    known = column[~np.isnan(column) & (column > 0)]
    codes, counts = np.unique(known, return_counts=True)
    return np.sort(codes[np.argsort(-counts, kind="stable")[:MAX_LEVELS]])


def _bin_counts(column: Floats, cuts: Floats, kind: str) -> Floats:
    """Rows in each bin (b,); the last bin holds missing values.

    Numbers: up to each cut, then above the last. Categories: each level, then all others.
    """
    missing, place = np.isnan(column), np.searchsorted(cuts, column, side="left")
    if kind == "category":
        missing |= column == 0
        place = np.where(np.isin(column, cuts), place, len(cuts))
    place = np.where(missing, len(cuts) + 1, place)
    return np.bincount(place, minlength=len(cuts) + 2).astype(np.float64)


# ---- the comparison


@dataclass(frozen=True)
class DriftCounts:
    """Leads to score, and of each feature with a reference how many of them lie in its bins (b,), by its name."""

    leads: int
    bins: Mapping[str, Floats]

    def and_then(self, other: "DriftCounts") -> "DriftCounts":
        """The leads of both."""
        bins = {name: counts + other.bins[name] for name, counts in self.bins.items()}
        return DriftCounts(self.leads + other.leads, bins)


def drift(reference: Mapping[str, Any], values: Floats, features: Sequence[Feature]) -> list[Warning]:
    """`drift_of` the leads to score by their features (n, k)."""
    return drift_of(reference, _counts(reference, values, features), features)


def _counts(reference: Mapping[str, Any], values: Floats, features: Sequence[Feature]) -> DriftCounts:
    learned = reference["features"]
    bins = {
        feature.name: _bin_counts(values[:, j], np.array(learned[feature.name]["cuts"]), feature.kind)
        for j, feature in enumerate(features)
        if feature.name in learned
    }
    return DriftCounts(len(values), bins)


def drift_of(reference: Mapping[str, Any], counts: DriftCounts, features: Sequence[Feature]) -> list[Warning]:
    """Warnings with evidence on the leads to score, the largest PSI first.

    One a subject, which is the attribute, kind, channel or stage of the feature with its largest PSI, or the
    feature's name. evidence.level is "alarm" (PSI above ALARM_PSI) or "warning" (PSI above WARNING_PSI, or a changed
    missing rate). Fewer than MIN_ALARM_LEADS leads give none; features without a reference are not compared.
    """
    learned = reference["features"]
    compared = [feature for feature in features if feature.name in learned]
    sizes = _Sizes(before=int(reference["leads"]), after=counts.leads, tests=len(compared))
    if sizes.after < MIN_ALARM_LEADS or sizes.before < 1:
        return []
    worst: dict[str, _Finding] = {}
    for feature in compared:
        finding = _compare(learned[feature.name], counts.bins[feature.name], feature, sizes)
        if finding is None:
            continue
        subject = finding.warning.subject
        previous = worst.get(subject, finding)
        # Rounded PSIs may tie: of equal ones the later feature counts.
        if finding.psi > previous.psi - 1e-12:
            worst[subject] = finding
    largest_first = sorted(worst.values(), key=lambda finding: (-finding.psi, finding.warning.subject))
    return [finding.warning for finding in largest_first]


def drift_warnings(bundle: Bundle, history: History, engine: Engine | None = None) -> list[Warning]:
    """Warnings on the leads open at history.as_of_us; none for a bundle without reference.

    engine: who computes their features, None for this process.
    """
    counts = drift_counts(bundle, history, engine)
    return [] if counts is None else warnings_of_drift(bundle, counts)


def drift_counts(bundle: Bundle, history: History, engine: Engine | None = None) -> DriftCounts | None:
    """What `drift_warnings` counts of a history's leads; None for a bundle without reference."""
    reference = bundle.card.get("reference")
    if not reference:
        return None
    matrix = matrix_on(engine, open_leads(history, history.as_of_us), bundle.vocabulary)
    return _counts(reference, matrix.values, matrix.features)


def warnings_of_drift(bundle: Bundle, counts: DriftCounts) -> list[Warning]:
    """The warnings of `drift_warnings` on leads that are counted."""
    findings = drift_of(bundle.card["reference"], counts, bundle.features)
    return [replace(finding, evidence=None) for finding in findings]


@dataclass(frozen=True)
class _Sizes:
    """Leads of the reference and to score, and the number of features compared."""

    before: int
    after: int
    tests: int

    @property
    def psi_scale(self) -> float:
        """1/n + 1/m, the scale of a PSI that chance alone makes."""
        return 1 / self.after + 1 / self.before


@dataclass(frozen=True)
class _MissingRates:
    """Shares of missing values in the reference and among the leads to score."""

    before: float
    after: float


@dataclass(frozen=True)
class _Finding:
    """A drift warning and its rounded PSI."""

    psi: float
    warning: Warning


def _compare(learned: Mapping[str, Any], after: Floats, feature: Feature, sizes: _Sizes) -> _Finding | None:
    before = np.array(learned["shares"]) * sizes.before
    psi = population_stability(before, after)
    filled_bins = int(np.count_nonzero((before > 0) | (after > 0)))
    quantile = _chi_square_quantile(FALSE_ALARM_RATE / sizes.tests, max(filled_bins - 1, 1))
    by_chance = quantile * sizes.psi_scale
    missing = _MissingRates(float(before[-1] / sizes.before), float(after[-1] / sizes.after))

    shift_level = _psi_level(psi, by_chance, sizes.after)
    level = shift_level or _missing_level(missing, sizes)
    if level is None:
        return None
    clauses = [_psi_text(psi, by_chance)] if shift_level else []
    if abs(missing.after - missing.before) >= 0.01:
        clauses.append(f"{missing.before:.0%} were missing, {missing.after:.0%} are")
    detail = (
        f"{feature.name} differs between training and scoring: {'; '.join(clauses)}; find the change in the "
        "data, and train again once leads of the new kind are decided"
    )
    evidence = {
        "level": level,
        "feature": feature.name,
        "psi": round(psi, 4),
        "by_chance": round(by_chance, 4),
        "missing_before": round(missing.before, 4),
        "missing_now": round(missing.after, 4),
    }
    return _Finding(round(psi, 4), Warning("drift", feature.subject or feature.name, detail, evidence))


def _psi_text(psi: float, by_chance: float) -> str:
    """The PSI and its bound, with enough digits to differ."""
    digits = 2
    while digits < 15 and f"{psi:.{digits}f}" == f"{by_chance:.{digits}f}":
        digits += 1
    return f"PSI {psi:.{digits}f}, above the {by_chance:.{digits}f} that chance explains"


@lru_cache(maxsize=1024)
def _chi_square_quantile(tail: float, freedom: int) -> float:
    """The value that a chi-square variable exceeds with probability `tail`."""
    return float(chi2.isf(tail, freedom))


def _psi_level(psi: float, by_chance: float, leads: int) -> str | None:
    if psi <= by_chance:
        return None
    if psi > ALARM_PSI:
        return ALARM
    return WARNING if psi > WARNING_PSI and leads >= MIN_WARNING_LEADS else None


def _missing_level(missing: _MissingRates, sizes: _Sizes) -> str | None:
    """A warning if the missing rate moved by MISSING_JUMP and by more than chance explains (two-proportion z-test)."""
    difference = abs(missing.after - missing.before)
    pooled = (missing.before * sizes.before + missing.after * sizes.after) / (sizes.before + sizes.after)
    standard_error = np.sqrt(pooled * (1 - pooled) * sizes.psi_scale)
    bound = norm.isf(FALSE_ALARM_RATE / (2 * sizes.tests)) * standard_error
    return WARNING if difference >= MISSING_JUMP and difference > bound else None


def population_stability(before: Floats, after: Floats) -> float:
    """PSI of two vectors of counts (b,) over the same bins, with half a lead added to each bin that either fills."""
    filled = (before > 0) | (after > 0)
    p, q = before[filled] + 0.5, after[filled] + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())
