"""Reasons: the additive parts of a lead's margin, as signed percentage points of its probability."""

from typing import Any

import numpy as np

from features.catalogue import Feature
from features.matrix import FeatureMatrix
from features.vocabulary import Vocabulary
from features.wording import readable, sentence
from history.arrays import Floats
from models.additive import AdditiveModel
from models.calibration import Calibration

BLOCK = 4096  # leads whose parts are held at once
NEAR = 1e-6  # margins nearer to the base than this get the curve's slope instead of the chord's


def points(parts: Floats, base: float, calibration: Calibration) -> Floats:
    """Percentage points (n, k) of parts (n, k) around the margin `base`; a row's sum is 100 * (probability -
    base probability).

    Calibrated probability is a curve over the margin. Each part gets its share of the chord from the base to
    the lead's own margin, so signs are those of the parts and nothing is left over.
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
    """For each row of the matrix its largest reasons first, at most `most` (None: all that are not zero)."""
    found: list[list[dict[str, Any]]] = []
    for start in range(0, len(matrix.values), BLOCK):
        values = matrix.values[start : start + BLOCK]
        parts, base = model.contributions(values)
        found.extend(
            _largest(row, value, matrix.features, vocabulary, most)
            for row, value in zip(points(parts, base, calibration), values, strict=True)
        )
    return found


def _largest(
    row: Floats, values: Floats, features: tuple[Feature, ...], vocabulary: Vocabulary, most: int | None
) -> list[dict[str, Any]]:
    order = np.argsort(-np.abs(row), kind="stable")[: len(row) if most is None else most]
    return [
        _reason(features[j], float(values[j]), float(row[j]), vocabulary)
        for j in order.tolist()
        if row[j] != 0
    ]


def _reason(feature: Feature, value: float, worth: float, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "feature": feature.name,
        "label": sentence(feature, value, worth > 0, vocabulary),
        "value": readable(feature, value, vocabulary),
        "direction": "up" if worth > 0 else "down",
        "points": worth,
    }
