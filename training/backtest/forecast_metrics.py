"""Metrics of forecasts at past dates, by measure (wins, revenue), method and step; JSON-ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from history.base.arrays import Floats
from history.text.times import format_time

LEVELS = (0.1, 0.5, 0.9)  # of the quantiles
OUTSIDE = 0.2  # of an 80 % interval
BASELINES = ("stage_pipeline", "stage_pipeline_and_new", "last_periods", "year_before")
METHODS = ("forecast", *BASELINES)


class Estimate(NamedTuple):
    """An expected value with its quantiles; NaN if the method gives none."""

    expected: float
    p10: float = np.nan
    p50: float = np.nan
    p90: float = np.nan


NO_ESTIMATE = Estimate(np.nan)


@dataclass(frozen=True)
class Cell:
    """One measure in one period of a forecast: the actual value, and the estimate of each method.

    step: 1 for the first period after the origin. measure: "wins" or "revenue".
    """

    origin_us: int
    step: int
    measure: str
    actual: float
    estimates: Mapping[str, Estimate]


def summarize_cells(cells: Sequence[Cell]) -> dict[str, Any]:
    """Metrics by measure and method over all steps and of each step, and the cells as records."""
    result: dict[str, Any] = {"origins": sorted({format_time(cell.origin_us) for cell in cells})}
    for measure in dict.fromkeys(cell.measure for cell in cells):
        of_measure = [cell for cell in cells if cell.measure == measure]
        by_method = {}
        for method in METHODS:
            metrics = method_metrics(of_measure, method)
            by_method[method] = {**metrics, "by_step": _by_step(of_measure, method)}
        result[measure] = by_method
    result["cells"] = [_cell_record(cell) for cell in cells]
    return result


def _by_step(cells: Sequence[Cell], method: str) -> list[dict[str, Any]]:
    records = []
    for step in sorted({cell.step for cell in cells}):
        of_step = [cell for cell in cells if cell.step == step]
        records.append({"step": step, **method_metrics(of_step, method)})
    return records


def method_metrics(cells: Sequence[Cell], method: str) -> dict[str, Any]:
    """Metrics of one method over the cells that it estimates; only {"cells": 0} without any.

    mae: mean absolute error. bias: expected over actual total, less 1; None if the actual total is 0. The others
    need quantiles and are None without: pinball: mean loss over LEVELS (Koenker and Bassett 1978); coverage: share of
    actual values inside the 80 % interval; interval_score: of that interval (Gneiting and Raftery 2007); width: mean.
    """
    estimated = [cell for cell in cells if np.isfinite(cell.estimates[method].expected)]
    if not estimated:
        return {"cells": 0}
    actual = np.array([cell.actual for cell in estimated])
    estimates = np.array([cell.estimates[method] for cell in estimated])
    expected, quantiles = estimates[:, 0], estimates[:, 1:]
    metrics: dict[str, Any] = {
        "cells": len(estimated),
        "mae": float(np.abs(expected - actual).mean()),
        "bias": float(expected.sum() / actual.sum() - 1) if actual.sum() > 0 else None,
        "pinball": None,
        "coverage": None,
        "interval_score": None,
        "width": None,
    }
    if np.isfinite(estimates).all():
        metrics |= _interval_metrics(actual, quantiles)
    return metrics


def _interval_metrics(actual: Floats, quantiles: Floats) -> dict[str, float]:
    """Metrics of quantiles (n, 3) at LEVELS."""
    levels = np.array(LEVELS)
    error = actual[:, None] - quantiles
    pinball = np.maximum(levels * error, (levels - 1) * error)
    low, high = quantiles[:, 0], quantiles[:, 2]
    inside = (actual >= low) & (actual <= high)
    width = high - low
    missed_by = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    interval_score = width + 2 / OUTSIDE * missed_by
    return {
        "pinball": float(pinball.mean()),
        "coverage": float(inside.mean()),
        "interval_score": float(interval_score.mean()),
        "width": float(width.mean()),
    }


def _cell_record(cell: Cell) -> dict[str, Any]:
    estimates = {method: _finite(estimate) for method, estimate in cell.estimates.items()}
    return {
        "as_of": format_time(cell.origin_us),
        "step": cell.step,
        "what": cell.measure,
        "came": cell.actual,
        **estimates,
    }


def _finite(estimate: Estimate) -> list[float | None] | None:
    """[expected, p10, p50, p90] with None for NaN; None if there is no estimate."""
    if not np.isfinite(estimate.expected):
        return None
    return [value if np.isfinite(value) else None for value in estimate]
