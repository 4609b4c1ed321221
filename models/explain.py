"""Reasons: the additive parts of a lead's margin, as signed percentage points of its probability."""

from typing import Any

import numpy as np

from features.catalogue import Feature
from features.matrix import FeatureMatrix
from features.vocabulary import Vocabulary
from features.wording import readable, sentence_with
from history.arrays import Floats
from models.additive import AdditiveModel
from models.calibration import Calibration

BLOCK = 4096  # leads whose parts are in memory at once
NEAR = 1e-6  # nearer to the base, the chord is as good as the tangent and its slope would divide by about 0


def points(parts: Floats, base: float, calibration: Calibration) -> Floats:
    """Percentage points (n, k) of the additive parts (n, k) of n margins around the margin `base`.

    A row sums to 100 * (probability - probability at the base). The calibrated probability is a curve over the margin:
    each part gets its share of the chord from the base to the lead's margin, so it keeps its sign and the sum is exact.
    """
    distance = parts.sum(axis=1)
    near = np.abs(distance) < NEAR
    reach = np.where(near, NEAR, distance)
    probability = calibration.probability(np.append(base + reach, base))
    return np.asarray(100 * parts * ((probability[:-1] - probability[-1]) / reach)[:, None])


def reasons(
    model: AdditiveModel,
    calibration: Calibration,
    matrix: FeatureMatrix,
    vocabulary: Vocabulary,
    most: int | None,
) -> list[list[dict[str, Any]]]:
    """The reasons of each row of the matrix, largest first, at most `most` (None: all that are not zero)."""
    by_row: list[list[dict[str, Any]]] = []
    for start in range(0, len(matrix.values), BLOCK):
        values = matrix.values[start : start + BLOCK]
        parts, base = model.contributions(values)
        for row, row_values in zip(points(parts, base, calibration), values, strict=True):
            by_row.append(_largest(row, row_values, matrix.features, vocabulary, most))
    return by_row


def _largest(
    row: Floats, values: Floats, features: tuple[Feature, ...], vocabulary: Vocabulary, most: int | None
) -> list[dict[str, Any]]:
    """The reasons of one row of points (k,), largest first; equal ones in column order."""
    order = np.argsort(-np.abs(row), kind="stable")[:most]
    largest = [j for j in order.tolist() if row[j] != 0]
    return [_reason(features[j], float(values[j]), float(row[j]), vocabulary) for j in largest]


def _reason(feature: Feature, value: float, points: float, vocabulary: Vocabulary) -> dict[str, Any]:
    """One reason in the contract's words."""
    words = readable(feature, value, vocabulary)
    return {
        "feature": feature.name,
        "label": sentence_with(feature, value, words, points > 0),
        "value": words,
        "direction": "up" if points > 0 else "down",
        "points": points,
    }
