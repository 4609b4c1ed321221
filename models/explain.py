"""Reasons: the additive parts of a lead's margin, as signed percentage points of its probability."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from features.catalogue import Feature
from features.matrix import FeatureMatrix
from features.vocabulary import Vocabulary
from features.wording import readable, sentence_with
from history.base.arrays import Floats
from models.additive import AdditiveModel
from models.calibration import Calibration
from models.evidence import Evidence

BLOCK = 4096  # leads whose parts are in memory at once
NEAR = 1e-6  # nearer to the base, the chord is as good as the tangent and its slope would divide by about 0


@dataclass(frozen=True)
class Wording:
    """What a reason says: names from the vocabulary, and evidence, None for reasons without it.

    has_numbers: each reason has the number behind its words too (`number`, NaN if missing), for other languages.
    """

    vocabulary: Vocabulary
    evidence: Evidence | None = None
    has_numbers: bool = False


def points(parts: Floats, base: float, calibration: Calibration) -> Floats:
    """Percentage points (n, k) of the additive parts (n, k) of n margins around the margin `base`.

    A row sums to 100 * (probability - probability at the base). The calibrated probability is a curve over the margin:
    each part gets its share of the chord from the base to the lead's margin, so it keeps its sign and the sum is exact.
    """
    distance = parts.sum(axis=1)
    near = np.abs(distance) < NEAR
    reach = np.where(near, NEAR, distance)
    margins = np.full(len(parts) + 1, base)
    margins[:-1] += reach
    probability = calibration.probability(margins)
    return np.asarray(100 * parts * ((probability[:-1] - probability[-1]) / reach)[:, None])


def reasons(
    model: AdditiveModel,
    calibration: Calibration,
    matrix: FeatureMatrix,
    wording: Wording,
    most: int | None,
) -> list[list[dict[str, Any]]]:
    """The reasons of each row of the matrix, largest first, at most `most` (None: all that are not zero)."""
    by_row: list[list[dict[str, Any]]] = []
    for start in range(0, len(matrix.values), BLOCK):
        values = matrix.values[start : start + BLOCK]
        parts, base = model.contributions(values)
        for row, row_values in zip(points(parts, base, calibration), values, strict=True):
            by_row.append(_largest(row, row_values, matrix.features, wording, most))
    return by_row


def _largest(
    row: Floats, values: Floats, features: tuple[Feature, ...], wording: Wording, most: int | None
) -> list[dict[str, Any]]:
    """The reasons of one row of points (k,), largest first; equal ones in column order."""
    order = np.argsort(-np.abs(row), kind="stable")[:most]
    largest = [j for j in order.tolist() if row[j] != 0]
    return [_reason(features[j], float(values[j]), float(row[j]), wording) for j in largest]


def _reason(feature: Feature, value: float, points: float, wording: Wording) -> dict[str, Any]:
    """One reason in the contract's words."""
    words = readable(feature, value, wording.vocabulary)
    reason: dict[str, Any] = {
        "feature": feature.name,
        "label": sentence_with(feature, value, words, points > 0),
        "value": words,
        "direction": "up" if points > 0 else "down",
        "points": points,
    }
    if wording.has_numbers:
        reason["number"] = value
    evidence = None if wording.evidence is None else wording.evidence.of(feature, value)
    if evidence is not None:
        reason["evidence"] = evidence
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
