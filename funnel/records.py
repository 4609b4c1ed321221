"""JSON-ready values: missing numbers are null, never NaN or infinity."""

import math
from typing import Any, TypeAlias

import numpy as np

from history.base.arrays import Floats

Record: TypeAlias = dict[str, Any]

QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}


def finite(value: float) -> float | None:
    """The value as a JSON number; None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def ratio(part: float, whole: float) -> float | None:
    """part / whole; None if whole is zero."""
    return part / whole if whole else None


def quartiles(values: Floats) -> Record:
    """Count, mean and quartiles of known values (n,)."""
    if not len(values):
        return {"n": 0, "mean": None, **dict.fromkeys(QUARTILES)}
    quantiles = np.quantile(values, tuple(QUARTILES.values())).tolist()
    return {"n": len(values), "mean": float(values.mean()), **dict(zip(QUARTILES, quantiles, strict=True))}
