"""Reasons: the additive parts of a lead's margin, as signed percentage points of its probability."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from features.catalogue import Feature
from features.matrix import FeatureMatrix
from features.vocabulary import Vocabulary
from features.wording import follows_from_words, readable, sentence_with
from history.base.arrays import Floats
from models.figures.additive import AdditiveModel
from models.figures.calibration import Calibration
from models.figures.kernel import largest, point_rows
from models.reasons.evidence import Evidence

BLOCK = 4096  # leads whose parts are in memory at once
MOST_KEPT = 8192  # reasons in words of one wording


class _Told(NamedTuple):
    """What a reason says beside its points."""

    label: str
    words: str
    evidence: dict[str, Any] | None


@dataclass(frozen=True)
class Wording:
    """What a reason says: names from the vocabulary, and evidence, None for reasons without it.

    has_numbers: each reason has the number behind its words too (`number`, NaN if missing), for other languages.
    `kept` holds what was said of single values, since leads repeat their categories and counts; `sentences` those of
    values in words, since times repeat "3.5 days".
    """

    vocabulary: Vocabulary
    evidence: Evidence | None = None
    has_numbers: bool = False
    kept: dict[tuple[str, float | None, bool], _Told] = field(default_factory=dict, compare=False, repr=False)
    sentences: dict[tuple[str, str, bool], str] = field(default_factory=dict, compare=False, repr=False)

    def told(self, feature: Feature, value: float, up: bool) -> _Told:
        """What a reason says of a feature's value that raises the chance, or lowers it."""
        key = feature.name, (None if value != value else value), up
        told = self.kept.get(key)
        if told is None:
            words = readable(feature, value, self.vocabulary)
            evidence = None if self.evidence is None else self.evidence.of(feature, value)
            told = _Told(self._sentence(feature, value, words, up), words, evidence)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = told
        return told

    def _sentence(self, feature: Feature, value: float, words: str, up: bool) -> str:
        if not follows_from_words(feature):
            return sentence_with(feature, value, words, up)
        key = feature.name, words, up
        sentence = self.sentences.get(key)
        if sentence is None:
            if len(self.sentences) >= MOST_KEPT:
                self.sentences.clear()
            sentence = self.sentences[key] = sentence_with(feature, value, words, up)
        return sentence


def points(parts: Floats, base: float, calibration: Calibration) -> Floats:
    """Percentage points (n, k) of the additive parts (n, k) of n margins around the margin `base`.

    A row sums to 100 * (probability - probability at the base). The calibrated probability is a curve over the margin:
    each part gets its share of the chord from the base to the lead's margin, so it keeps its sign and the sum is exact.
    """
    out = np.empty(parts.shape)
    point_rows(np.ascontiguousarray(parts), base, calibration.knots, calibration.logits, out)
    return out


class Explained(NamedTuple):
    """The reasons of n rows, and the parts (n, k) of their margins; None for more than BLOCK rows, too many to keep."""

    reasons: list[list[dict[str, Any]]]
    parts: Floats | None


def explained(
    model: AdditiveModel,
    calibration: Calibration,
    matrix: FeatureMatrix,
    wording: Wording,
    most: int | None,
) -> Explained:
    """The reasons of each row of the matrix, largest first, at most `most` (None: all that are not zero)."""
    by_row: list[list[dict[str, Any]]] = []
    kept = None
    for start in range(0, len(matrix.values), BLOCK):
        values = matrix.values[start : start + BLOCK]
        parts, base = model.contributions(values)
        for row, row_values in zip(points(parts, base, calibration), values, strict=True):
            by_row.append(_largest(row, row_values, matrix.features, wording, most))
        kept = parts if len(matrix.values) <= BLOCK else None
    return Explained(by_row, kept)


def _largest(
    row: Floats, values: Floats, features: tuple[Feature, ...], wording: Wording, most: int | None
) -> list[dict[str, Any]]:
    """The reasons of one row of points (k,), largest first; equal ones in column order."""
    order = np.empty(len(row) if most is None else min(most, len(row)), dtype=np.int64)
    largest(row, order)
    found = []
    for j in order.tolist():
        worth = float(row[j])
        if worth != 0:
            found.append(_reason(features[j], float(values[j]), worth, wording))
    return found


def _reason(feature: Feature, value: float, points: float, wording: Wording) -> dict[str, Any]:
    """One reason in the contract's words."""
    told = wording.told(feature, value, points > 0)
    reason: dict[str, Any] = {
        "feature": feature.name,
        "label": told.label,
        "value": told.words,
        "direction": "up" if points > 0 else "down",
        "points": points,
    }
    if wording.has_numbers:
        reason["number"] = value
    if told.evidence is not None:
        reason["evidence"] = told.evidence
    return reason


class Instant(NamedTuple):
    """Feature values (k,) of one lead, before or after a change."""

    values: Floats
    features: tuple[Feature, ...]


def differences(
    model: AdditiveModel, calibration: Calibration, before: Floats, after: Instant, wording: Wording
) -> list[dict[str, Any]]:
    """The reasons that moved between two states of a lead, (k,) each, largest first.

    Their points add up to 100 * (probability after - probability before). A feature moves by the difference of its
    part of the log-odds; the probability's chord between the two states turns that into points, as in `points`.
    """
    parts, base = model.contributions(np.vstack([before, after.values]))
    moved = points((parts[1] - parts[0])[None, :], base + float(parts[0].sum()), calibration)
    return _largest(moved[0], after.values, after.features, wording, None)
