"""What the model has not seen: notes on a lead's unusual values, and doubt where a score would be a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from features.entries import text_at
from features.feature import Feature
from features.parsing import canonical
from features.vocabulary import Vocabulary
from history.arrays import Floats, Ints, Mask
from history.compiled import F64, F64_2D, I64, OUT, compiled
from history.snapshot import Snapshot
from history.warnings import Warning

FLAGS = types.Array(types.boolean, 1, "C", readonly=True)
OUT_FLAGS = types.boolean[:, ::1]

MOSTLY = (
    0.8  # share of the usual attributes whose absence is doubt; that of numbers that must lie within reach
)
SLACK = 1.0  # a number is out of reach this many training ranges beyond the range
FEWEST_USUAL = 3


@dataclass(frozen=True)
class Familiarity:
    """What training rows looked like: smallest and largest value (k,) of each number, and which attribute
    columns were usual.
    """

    low: Floats
    high: Floats
    usual: Mask
    stages: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "low": [None if np.isnan(v) else float(v) for v in self.low],
            "high": [None if np.isnan(v) else float(v) for v in self.high],
            "usual": self.usual.tolist(),
            "stages": list(self.stages),
        }

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "Familiarity":
        number = [
            np.array([np.nan if v is None else v for v in d[name]], dtype=np.float64)
            for name in ("low", "high")
        ]
        return cls(number[0], number[1], np.array(d["usual"], dtype=np.bool_), tuple(d["stages"]))


def learn_familiarity(
    values: Floats, features: Sequence[Feature], stages: Sequence[str | None]
) -> Familiarity:
    """Ranges of training rows (n, k) and the attribute columns that at least MOSTLY of them fill."""
    category = np.array([f.kind == "category" for f in features], dtype=np.bool_)
    filled = np.where(category[None, :], values != 0, ~np.isnan(values))
    seen = filled.any(axis=0) & ~category
    low, high = np.full(len(features), np.nan), np.full(len(features), np.nan)
    low[seen], high[seen] = np.nanmin(values[:, seen], axis=0), np.nanmax(values[:, seen], axis=0)
    usual = np.array([is_value(f) for f in features], dtype=np.bool_) & (filled.mean(axis=0) >= MOSTLY)
    return Familiarity(low, high, usual, tuple(sorted({s for s in stages if s is not None})))


def is_value(feature: Feature) -> bool:
    """Whether the column is an attribute's own value, not something known about it."""
    return feature.block == "attributes" and feature.unit in (
        "number",
        "boolean",
        "category",
        "relative_days",
    )


@dataclass(frozen=True, eq=False)
class Watch:
    """A familiarity made ready for the columns of one model: positions of usual attributes,
    of numbers and categories.
    """

    usual: Ints
    usual_is_category: Mask
    numbers: Ints
    low: Floats
    high: Floats
    watched_numbers: Ints
    watched_low: Floats
    watched_high: Floats
    categories: Ints
    subjects: tuple[str, ...]
    seen: Mapping[str, frozenset[str]]
    stages: frozenset[str]

    def doubts(self, values: Floats, stages: Sequence[str | None]) -> list[str]:
        """Why the score of each row (n, k) would be a guess; empty where it would not."""
        found = [""] * len(values)
        missing, strange = self._shares(values)
        for i in np.flatnonzero(missing >= MOSTLY).tolist() if len(self.usual) >= FEWEST_USUAL else ():
            found[i] = f"{missing[i]:.0%} of the attributes that leads usually have are missing"
        for i in np.flatnonzero(strange > 1 - MOSTLY).tolist():
            found[i] = f"{strange[i]:.0%} of its numbers lie far outside of what training saw"
        for i, stage in enumerate(stages if self.stages else ()):
            if stage is not None and stage not in self.stages:
                found[i] = f"no training lead stood in stage {stage!r}"
        return found

    def _shares(self, values: Floats) -> tuple[Floats, Floats]:
        """Of each row (n, k) the share of usual attributes that are missing, and of numbers out of reach."""
        out = np.empty((2, len(values)))
        _shares(values, self.usual, self.usual_is_category, self.numbers, self.low, self.high, out)
        return out[0], out[1]

    def notes(self, values: Floats, snapshot: Snapshot) -> list[list[Warning]]:
        """What is worth saying of each row: categories that training never met, numbers outside of its range."""
        found: list[list[Warning]] = [[] for _ in range(len(values))]
        outside, rare = self._unusual(values)
        for i, j in zip(*(places.tolist() for places in np.nonzero(outside)), strict=True):
            low, high = self.watched_low[j], self.watched_high[j]
            column = self.watched_numbers[j]
            value = f"{values[i, column]:g}"
            detail = f"{value} lies outside of {low:g} to {high:g}, the range of the training leads"
            found[i].append(Warning("out_of_range", self.subjects[column], detail))
        for j in np.flatnonzero(rare.any(axis=0)).tolist():
            subject = self.subjects[self.categories[j]]
            rows = np.flatnonzero(rare[:, j])
            shown = snapshot if len(rows) == len(snapshot) else snapshot.take(rows)
            for i, text in zip(rows.tolist(), _texts(shown, subject), strict=True):
                if text is not None and text not in self.seen[subject]:
                    found[i].append(
                        Warning("unseen_category", subject, f"no training lead had {subject} = {text!r}")
                    )
        return found

    def _unusual(self, values: Floats) -> tuple[Mask, Mask]:
        """Which watched numbers of each row lie outside of their range, which categories have no code of their own."""
        outside = np.empty((len(values), len(self.watched_numbers)), dtype=np.bool_)
        rare = np.empty((len(values), len(self.categories)), dtype=np.bool_)
        _unusual(
            values, self.watched_numbers, self.watched_low, self.watched_high, self.categories, outside, rare
        )
        return outside, rare


@compiled(types.void(F64_2D, I64, FLAGS, I64, F64, F64, OUT))
def _shares(
    values: Floats, usual: Ints, is_category: Mask, numbers: Ints, low: Floats, high: Floats, out: Floats
) -> None:  # fmt: skip
    for i in range(len(values)):
        missing = strange = 0
        for j in range(len(usual)):
            x = values[i, usual[j]]
            missing += (x == 0.0) if is_category[j] else np.isnan(x)
        for j in range(len(numbers)):
            x = values[i, numbers[j]]
            strange += x > high[j] or x < low[j]
        out[0, i] = missing / max(1, len(usual))
        out[1, i] = strange / max(1, len(numbers))


@compiled(types.void(F64_2D, I64, F64, F64, I64, OUT_FLAGS, OUT_FLAGS))
def _unusual(
    values: Floats, watched: Ints, low: Floats, high: Floats, categories: Ints, outside: Mask, rare: Mask
) -> None:
    for i in range(len(values)):
        for j in range(len(watched)):
            x = values[i, watched[j]]
            outside[i, j] = x < low[j] or x > high[j]
        for j in range(len(categories)):
            rare[i, j] = values[i, categories[j]] == 1.0


def watch_of(familiarity: Familiarity, features: Sequence[Feature], vocabulary: Vocabulary) -> Watch:
    """The watch over a model's columns; a number that never differed in training moves no score: no doubt either."""
    numbers = np.flatnonzero(familiarity.high > familiarity.low)
    reach = (familiarity.high - familiarity.low)[numbers] * SLACK
    category = np.array([f.kind == "category" for f in features], dtype=np.bool_)
    value = np.array([is_value(f) for f in features], dtype=np.bool_)
    plain = np.array([f.unit == "number" for f in features], dtype=np.bool_)
    watched = np.flatnonzero(value & plain & ~np.isnan(familiarity.low))
    usual = np.flatnonzero(familiarity.usual)
    return Watch(
        usual=usual,
        usual_is_category=category[usual],
        numbers=numbers,
        low=familiarity.low[numbers] - reach,
        high=familiarity.high[numbers] + reach,
        watched_numbers=watched,
        watched_low=familiarity.low[watched],
        watched_high=familiarity.high[watched],
        categories=np.flatnonzero(value & category),
        subjects=tuple(f.subject for f in features),
        seen={a.name: frozenset(a.seen) for a in vocabulary.attributes},
        stages=frozenset(familiarity.stages),
    )


def _texts(snapshot: Snapshot, attribute: str) -> list[str | None]:
    """Canonical texts of an attribute, as valid at each row's instant."""
    if not len(snapshot):
        return []
    values = text_at(snapshot.history, attribute, snapshot.lead, snapshot.as_of_us)
    read = [canonical(text) for text in values.values]
    return [None if code < 0 else read[code] for code in values.codes.tolist()]
