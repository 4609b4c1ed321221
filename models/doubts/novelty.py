"""Novelty: warnings about values unlike the training leads', and leads too unlike them for a score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from features.attributes.entries import written_at
from features.feature import Feature
from features.vocabulary import Vocabulary
from history.base.arrays import Floats, Ints, Mask
from history.base.compiled import F64, F64_2D, FLAGS, I64, OUT, compiled
from history.base.warnings import Warning
from history.snapshot import Snapshot
from history.text.folding import trimmed

OUT_FLAGS = types.boolean[:, ::1]

USUAL_SHARE = 0.8  # share of training rows that fill a usual attribute
MOST_MISSING = 0.8  # from this share of missing usual attributes on, a lead is not scored
MOST_OUTSIDE = (
    1 - 0.8
)  # above this share of numbers far outside, a lead is not scored (in floating point not 0.2)
SLACK = 1.0  # a number is far outside if it lies this many training ranges beyond the range
FEWEST_USUAL = 3  # usual attributes, for their absence to count
# Above this share of leads with a value of their own in training, a new value is nothing unusual.
MOST_SINGLE = 0.1
_RARE_CODE = 1.0  # of a category without a code of its own
_VALUE_UNITS = ("number", "boolean", "category", "relative_days", "picks")


@dataclass(frozen=True)
class TrainingRanges:
    """The smallest and largest value (k,) of each number in training (NaN without), usual columns (k,), and stages."""

    low: Floats
    high: Floats
    usual: Mask
    stages: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "low": [None if np.isnan(value) else float(value) for value in self.low],
            "high": [None if np.isnan(value) else float(value) for value in self.high],
            "usual": self.usual.tolist(),
            "stages": list(self.stages),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "TrainingRanges":
        """The inverse of to_dict."""
        return cls(
            low=_floats(content["low"]),
            high=_floats(content["high"]),
            usual=np.array(content["usual"], dtype=np.bool_),
            stages=tuple(content["stages"]),
        )


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def learn_training_ranges(
    values: Floats, features: Sequence[Feature], stages: Sequence[str | None]
) -> TrainingRanges:
    """The ranges of training rows (n, k), the attribute columns usually filled, and the rows' stages (n,)."""
    is_category = np.array([feature.kind == "category" for feature in features], dtype=np.bool_)
    is_filled = np.where(is_category[None, :], values != 0, ~np.isnan(values))
    numbers = is_filled.any(axis=0) & ~is_category
    low, high = np.full(len(features), np.nan), np.full(len(features), np.nan)
    low[numbers] = np.nanmin(values[:, numbers], axis=0)
    high[numbers] = np.nanmax(values[:, numbers], axis=0)
    is_usual = _are_values(features) & (is_filled.mean(axis=0) >= USUAL_SHARE)
    return TrainingRanges(low, high, is_usual, tuple(sorted({s for s in stages if s is not None})))


def _are_values(features: Sequence[Feature]) -> Mask:
    """(k,) True for an attribute's own value, False for figures derived from it."""
    is_value = [f.block == "attributes" and f.unit in _VALUE_UNITS for f in features]
    return np.array(is_value, dtype=np.bool_)


@dataclass(frozen=True)
class NumberRanges:
    """Positions of columns (m,) in the matrix, with the lowest and highest value (m,) of each."""

    column: Ints
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class NoveltyCheck:
    """The training ranges, ready for the columns of one model.

    usual (u,): columns of usual attributes, usual_is_category (u,) their kind; far: columns that a score may use, with
    the bounds beyond which a value is far outside; trained: attribute numbers with their training ranges; categories
    (c,): columns of attribute categories whose values recur; subjects (k,): by column; seen: categories in training of
    each attribute whose values recur; keys: text -> category, of each attribute.
    """

    usual: Ints
    usual_is_category: Mask
    far: NumberRanges
    trained: NumberRanges
    categories: Ints
    subjects: tuple[str, ...]
    seen: Mapping[str, frozenset[str]]
    keys: Mapping[str, Callable[[str], str]]
    stages: frozenset[str]

    def reasons_to_abstain(self, values: Floats, stages: Sequence[str | None]) -> list[str]:
        """A sentence (n,) for each row (n, k) whose score would be a guess, "" for the others."""
        reasons = [""] * len(values)
        shares = np.empty((2, len(values)))
        far = self.far
        if _shares(values, self.usual, self.usual_is_category, far.column, far.low, far.high, shares):
            missing, outside = shares
            if len(self.usual) >= FEWEST_USUAL:
                for i in np.flatnonzero(missing >= MOST_MISSING).tolist():
                    reasons[i] = f"{missing[i]:.0%} of the usual attributes are missing"
            for i in np.flatnonzero(outside > MOST_OUTSIDE).tolist():
                reasons[i] = (
                    f"{outside[i]:.0%} of the numbers lie far outside the range of the training leads"
                )
        if self.stages:
            for i, stage in enumerate(stages):
                if stage is not None and stage not in self.stages:
                    reasons[i] = f"no training lead was in stage {stage!r}"
        return reasons

    def warnings(self, values: Floats, snapshot: Snapshot) -> list[list[Warning]]:
        """Of each row: numbers outside of the training range, and categories that no training lead had."""
        warnings: list[list[Warning]] = [[] for _ in range(len(values))]
        unusual = self._unusual(values)
        if unusual is None:
            return warnings
        outside, rare = unusual
        for i, j in zip(*(places.tolist() for places in np.nonzero(outside)), strict=True):
            warnings[i].append(self._out_of_range(values[i], j))
        for j in np.flatnonzero(rare.any(axis=0)).tolist():
            subject, rows = self.subjects[self.categories[j]], np.flatnonzero(rare[:, j])
            rare_rows = snapshot if len(rows) == len(snapshot) else snapshot.take(rows)
            for i, text in zip(rows.tolist(), _texts(rare_rows, subject), strict=True):
                if text is not None and self.keys[subject](text) not in self.seen[subject]:
                    detail = f"no training lead had {subject} = {text!r}"
                    warnings[i].append(Warning("unseen_category", subject, detail))
        return warnings

    def are_usual(self, values: Floats) -> bool:
        """True if no row (n, k) has a warning."""
        return self._unusual(values) is None

    def _out_of_range(self, row: Floats, j: int) -> Warning:
        """The warning for the row's (k,) value of trained number j."""
        column = self.trained.column[j]
        low, high = self.trained.low[j], self.trained.high[j]
        detail = f"{row[column]:g} lies outside {low:g} to {high:g}, the range of the training leads"
        return Warning("out_of_range", self.subjects[column], detail)

    def _unusual(self, values: Floats) -> tuple[Mask, Mask] | None:
        """Of each row (n, k): trained numbers (n, m) outside their range, and categories (n, c) without a code.

        None if no row has any.
        """
        trained = self.trained
        outside = np.empty((len(values), len(trained.column)), dtype=np.bool_)
        rare = np.empty((len(values), len(self.categories)), dtype=np.bool_)
        if _unusual(values, trained.column, trained.low, trained.high, self.categories, outside, rare):
            return outside, rare
        return None


@compiled(types.boolean(F64_2D, I64, FLAGS, I64, F64, F64, OUT))
def _shares(
    values: Floats, usual: Ints, is_category: Mask, numbers: Ints, low: Floats, high: Floats, out: Floats
) -> bool:  # fmt: skip
    """Writes the shares of missing usual columns and of numbers beyond low or high into the two rows of out (2, n).

    True if one of them may be too large for a score.
    """
    is_any = False
    for i in range(len(values)):
        missing = outside = 0
        for j in range(len(usual)):
            x = values[i, usual[j]]
            missing += (x == 0.0) if is_category[j] else np.isnan(x)
        for j in range(len(numbers)):
            x = values[i, numbers[j]]
            outside += x > high[j] or x < low[j]
        out[0, i] = missing / max(1, len(usual))
        out[1, i] = outside / max(1, len(numbers))
        is_any |= out[0, i] >= MOST_MISSING or out[1, i] > MOST_OUTSIDE
    return is_any


@compiled(types.boolean(F64_2D, I64, F64, F64, I64, OUT_FLAGS, OUT_FLAGS))
def _unusual(
    values: Floats, numbers: Ints, low: Floats, high: Floats, categories: Ints, outside: Mask, rare: Mask
) -> bool:
    """Marks numbers beyond low or high in outside (n, m), and categories without a code in rare (n, c).

    True if it marks any.
    """
    is_any = False
    for i in range(len(values)):
        for j in range(len(numbers)):
            x = values[i, numbers[j]]
            outside[i, j] = x < low[j] or x > high[j]
            is_any |= outside[i, j]
        for j in range(len(categories)):
            rare[i, j] = values[i, categories[j]] == _RARE_CODE
            is_any |= rare[i, j]
    return is_any


def novelty_check(
    ranges: TrainingRanges, features: Sequence[Feature], vocabulary: Vocabulary
) -> NoveltyCheck:
    """The check of a model's columns; columns constant in training are skipped: they cannot change a score."""
    is_category = np.array([feature.kind == "category" for feature in features], dtype=np.bool_)
    is_plain = np.array([feature.unit == "number" for feature in features], dtype=np.bool_)
    is_value = _are_values(features)
    varying = np.flatnonzero(ranges.high > ranges.low)
    slack = (ranges.high - ranges.low)[varying] * SLACK
    trained = np.flatnonzero(is_value & is_plain & ~np.isnan(ranges.low))
    usual = np.flatnonzero(ranges.usual)
    seen = {
        attribute.name: frozenset(attribute.seen)
        for attribute in vocabulary.attributes
        if attribute.single_share <= MOST_SINGLE
    }
    recurs = np.array([feature.subject in seen for feature in features], dtype=np.bool_)
    return NoveltyCheck(
        usual=usual,
        usual_is_category=is_category[usual],
        far=NumberRanges(varying, ranges.low[varying] - slack, ranges.high[varying] + slack),
        trained=NumberRanges(trained, ranges.low[trained], ranges.high[trained]),
        categories=np.flatnonzero(is_value & is_category & recurs),
        subjects=tuple(feature.subject for feature in features),
        seen=seen,
        keys={attribute.name: attribute.key_of for attribute in vocabulary.attributes},
        stages=frozenset(ranges.stages),
    )


def _texts(snapshot: Snapshot, attribute: str) -> list[str | None]:
    """Texts (n,) of an attribute, as valid at each row's instant; None for missing.

    Each is the lead's own spelling: what a score says of a lead must not depend on the other leads.
    """
    if not len(snapshot):
        return []
    values = written_at(snapshot.history, attribute, snapshot.lead, snapshot.as_of_us)
    return [None if code < 0 else trimmed(values.values[code]) for code in values.codes.tolist()]
