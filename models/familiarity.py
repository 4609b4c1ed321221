"""What the model has not seen: notes on a lead's unusual values, and doubt where a score would be a guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from features.attributes import text_at
from features.feature import Feature
from features.matrix import FeatureMatrix
from features.readings import canonical
from features.snapshot import Snapshot
from features.vocabulary import Vocabulary
from models.scores import Note

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MOSTLY = 0.8  # share of the usual attributes that must be missing, or of numbers out of reach, to doubt
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


def doubts(familiarity: Familiarity, matrix: FeatureMatrix, stages: Sequence[str | None]) -> list[str]:
    """Why each row's score would be a guess; empty where it would not."""
    values = matrix.values
    found = [""] * len(values)
    if familiarity.usual.sum() >= FEWEST_USUAL:
        part = values[:, familiarity.usual]
        category = np.array(
            [f.kind == "category" for f, u in zip(matrix.features, familiarity.usual, strict=True) if u]
        )
        missing = np.where(category[None, :], part == 0, np.isnan(part)).mean(axis=1)
        for i in np.flatnonzero(missing >= MOSTLY).tolist():
            found[i] = f"{missing[i]:.0%} of the attributes that leads usually have are missing"
    reach = (familiarity.high - familiarity.low) * SLACK
    with np.errstate(invalid="ignore"):
        beyond = (values > familiarity.high + reach) | (values < familiarity.low - reach)
    strange = beyond.sum(axis=1) / max(1, int((~np.isnan(familiarity.low)).sum()))
    for i in np.flatnonzero(strange > 1 - MOSTLY).tolist():
        found[i] = f"{strange[i]:.0%} of its numbers lie far outside of what training saw"
    if familiarity.stages:
        known = set(familiarity.stages)
        for i, stage in enumerate(stages):
            if stage is not None and stage not in known:
                found[i] = f"no training lead stood in stage {stage!r}"
    return found


def notes(
    familiarity: Familiarity, matrix: FeatureMatrix, snapshot: Snapshot, vocabulary: Vocabulary
) -> list[list[Note]]:
    """What is worth saying of each row: categories that training never met, numbers outside of its range."""
    found: list[list[Note]] = [[] for _ in range(len(matrix.values))]
    for j, feature in enumerate(matrix.features):
        if not is_value(feature):
            continue
        column = matrix.values[:, j]
        if feature.kind == "category":
            rare = np.flatnonzero(column == 1)
            for i, text in zip(rare.tolist(), _texts(snapshot.take(rare), feature.subject), strict=True):
                if text is not None and text not in _seen(vocabulary)[feature.subject]:
                    detail = f"no training lead had {feature.subject} = {text!r}"
                    found[i].append(note("unseen_category", feature.subject, detail))
        elif feature.unit == "number":
            low, high = familiarity.low[j], familiarity.high[j]
            with np.errstate(invalid="ignore"):
                outside = np.flatnonzero((column < low) | (column > high))
            for i in outside.tolist():
                detail = f"{column[i]:g} lies outside of {low:g} to {high:g}, the range of the training leads"
                found[i].append(note("out_of_range", feature.subject, detail))
    return found


@lru_cache(maxsize=16)
def _seen(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    return {a.name: frozenset(a.seen) for a in vocabulary.attributes}


def _texts(snapshot: Snapshot, attribute: str) -> list[str | None]:
    """Canonical texts of an attribute, as valid at each row's instant."""
    if not len(snapshot):
        return []
    values = text_at(snapshot.history, attribute, snapshot.lead, snapshot.as_of_us)
    read = [canonical(text) for text in values.values]
    return [None if code < 0 else read[code] for code in values.codes.tolist()]


def note(code: str, subject: str, detail: str) -> Note:
    return {"code": code, "subject": subject, "detail": detail}
