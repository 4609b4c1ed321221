"""Whether the leads to score look like those that a model learned from: PSI and missing rates, feature by feature.

PSI as in Lewis 1994 and its sampling distribution after Yurdakul & Naranjo 2020: without drift, PSI / (1/n + 1/m) is
chi-square with one degree of freedom less than there are bins. An alarm needs both a large PSI and one that chance does
not make, at a level shared by all features.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import chi2, norm

from features.feature import Feature
from history.arrays import Floats

BINS = 10
MOST_LEVELS = 20  # of a category; the others are one bin
ALARM, WARN = 0.25, 0.10
LEAST_ALARM, LEAST_WARN = 200, 500  # leads to score
FALSE_ALARM = 0.01  # chance of any alarm over all features of one comparison without drift
MISSING_JUMP = 0.10
CALENDAR = "calendar"  # features of the day itself differ from day to day
WEEK = "week"  # and so does the week of the year into which an attribute's date falls


def learn_reference(
    values: Floats, features: Sequence[Feature], *, leads: int | None = None
) -> dict[str, Any]:
    """What `drift` compares with, as JSON: each feature's bins and the shares of `values` (n, k) in them.

    leads: how many independent leads the n rows come from, where a lead has several; n without it.
    """
    n = len(values) if leads is None else leads
    learned = {}
    for j, feature in enumerate(features if len(values) else ()):
        if feature.block == CALENDAR or feature.unit == WEEK or feature.of_past_leads:
            continue
        column = values[:, j]
        cuts = _levels(column) if feature.kind == "category" else _deciles(column)
        counts = _counts(column, cuts, feature.kind)
        learned[feature.name] = {"cuts": cuts.tolist(), "shares": (counts / counts.sum()).tolist()}
    return {"leads": int(n), "features": learned}


def drift(reference: Mapping[str, Any], values: Floats, features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Findings {code, subject, detail, evidence} on `values` (n, k) of the leads to score, one a subject.

    The subject is the attribute, kind, channel or stage of the feature with the largest PSI, else that's name.
    evidence.level is alarm (PSI above ALARM) or warning (above WARN, or a missing rate that moved). Fewer than
    LEAST_ALARM leads, or features that the reference lacks, give none.
    """
    known = reference["features"]
    chosen = [(j, f) for j, f in enumerate(features) if f.name in known]
    n, m = len(values), int(reference["leads"])
    if n < LEAST_ALARM or m < 1:
        return []
    worst: dict[str, dict[str, Any]] = {}
    for j, feature in chosen:
        found = _compare(known[feature.name], values[:, j], feature, (m, len(chosen)))
        if found and found["evidence"]["psi"] > worst.get(found["subject"], found)["evidence"]["psi"] - 1e-12:
            worst[found["subject"]] = found
    return sorted(worst.values(), key=lambda f: (-f["evidence"]["psi"], f["subject"]))


def _compare(
    learned: Mapping[str, Any], column: Floats, feature: Feature, sizes: tuple[int, int]
) -> dict[str, Any] | None:
    m, tests = sizes
    before = np.array(learned["shares"]) * m
    after = _counts(column, np.array(learned["cuts"]), feature.kind).astype(np.float64)
    n = len(column)
    psi = population_stability(before, after)
    freedom: int = max(int(np.count_nonzero((before > 0) | (after > 0))) - 1, 1)
    noise = _chi_square(FALSE_ALARM / tests, freedom) * (1 / n + 1 / m)
    was, now = before[-1] / m, after[-1] / n
    shifted = _level(psi, noise, n)
    level = shifted or _missing_level(was, now, (n, m), tests)
    if level is None:
        return None
    gone = f"{was:.0%} were missing, {now:.0%} are" if abs(now - was) >= 0.01 else ""
    why = "; ".join(part for part in (_compared(psi, noise) if shifted else "", gone) if part)
    return {
        "code": "drift",
        "subject": feature.subject or feature.name,
        "detail": f"{feature.name} differs between training and scoring: {why}; find out what changed in the data, "
        "and train again once leads of the new kind are decided",
        "evidence": {
            "level": level,
            "feature": feature.name,
            "psi": round(psi, 4),
            "by_chance": round(noise, 4),
            "missing_before": round(float(was), 4),
            "missing_now": round(float(now), 4),
        },
    }


def _compared(psi: float, noise: float) -> str:
    """The PSI beside what chance makes, with as many digits as tell them apart."""
    digits = 2
    while digits < 15 and f"{psi:.{digits}f}" == f"{noise:.{digits}f}":
        digits += 1
    return f"PSI {psi:.{digits}f}, where chance makes at most {noise:.{digits}f}"


@lru_cache(maxsize=1024)
def _chi_square(chance: float, freedom: int) -> float:
    """What a chi-square variable exceeds with this chance."""
    return float(chi2.isf(chance, freedom))


def _level(psi: float, noise: float, n: int) -> str | None:
    if psi <= noise:
        return None
    if psi > ALARM:
        return "alarm"
    return "warning" if psi > WARN and n >= LEAST_WARN else None


def _missing_level(was: float, now: float, sizes: tuple[int, int], tests: int) -> str | None:
    """A warning for a missing rate that moved by MISSING_JUMP and by more than chance does."""
    n, m = sizes
    pooled = (was * m + now * n) / (m + n)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    far = abs(now - was) >= MISSING_JUMP and abs(now - was) > norm.isf(FALSE_ALARM / (2 * tests)) * error
    return "warning" if far else None


def population_stability(before: Floats, after: Floats) -> float:
    """PSI of two vectors of counts over the same bins, half a lead added to each bin that either fills."""
    used = (before > 0) | (after > 0)
    p, q = before[used] + 0.5, after[used] + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())


def _deciles(column: Floats) -> Floats:
    """Inner cuts of at most BINS bins, distinct; a value that many rows share is a bin of its own below its cut."""
    known = column[~np.isnan(column)]
    if not len(known):
        return np.zeros(0)
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    return np.asarray(cuts[cuts < known.max()])


def _levels(column: Floats) -> Floats:
    known = column[~np.isnan(column) & (column > 0)]
    codes, counts = np.unique(known, return_counts=True)
    return np.sort(codes[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])


def _counts(column: Floats, cuts: Floats, kind: str) -> Floats:
    """Rows in each bin: numbers up to each cut and above the last; a category's levels and all others; missing last."""
    missing = np.isnan(column) | ((column == 0) if kind == "category" else False)
    place = np.searchsorted(cuts, column, side="left")
    if kind == "category":
        place = np.where(np.isin(column, cuts), place, len(cuts))
    counts = np.bincount(np.where(missing, len(cuts) + 1, place), minlength=len(cuts) + 2)
    return counts.astype(np.float64)
