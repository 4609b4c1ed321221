"""Figures of a backtest: by date, over all dates, against the baselines, by group; JSON-ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.base.arrays import Floats, Ints
from history.base.warnings import json_of
from history.history import History
from history.lead_sample import sample_warnings
from history.text.times import format_time
from training.backtest.groups import metrics_by_group
from training.backtest.origin import Replay
from training.evaluation.bootstrap import (
    bootstrap_metrics,
    draw_counts,
    interval,
    metric_intervals,
    point_metrics,
)
from training.evaluation.evaluate import calibration_table
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.weighted_metrics import ranking_metrics

COMPARED = ("auc", "log_loss")  # with each baseline
PIT_BINS = 10  # of the histogram of probability integral transforms


@dataclass(frozen=True)
class Skipped:
    """A date that could not be replayed, and why."""

    as_of_us: int
    reason: str

    def to_dict(self) -> dict[str, str]:
        return {"as_of": format_time(self.as_of_us), "reason": self.reason}


def summarize(
    history: History, replays: Sequence[Replay], skipped: Sequence[Skipped], seed: int
) -> dict[str, Any]:
    """All figures of one or more replays; seed: of the bootstrap samples.

    overall: means over the dates, each date counting alike. pooled: metrics of all rows together.
    """
    counts = draw_counts(len(history), seed)
    dates = [DateMetrics.of(replay, counts) for replay in replays]
    rows = EvaluatedRows.concatenate([replay.rows for replay in replays])
    pooled, pooled_draws = point_metrics(rows), bootstrap_metrics(rows, counts)
    return {
        "warnings": json_of(sample_warnings(history.sample)),
        "as_of": format_time(history.as_of_us),
        "horizon_days": history.config.horizon_days,
        "currency": history.config.currency,
        "origins": [_date_record(replay, date) for replay, date in zip(replays, dates, strict=True)],
        "skipped": [date.to_dict() for date in skipped],
        "overall": overall(dates),
        "pooled": {"metrics": pooled, "intervals": metric_intervals(pooled, pooled_draws, pooled)},
        "by": {column: metrics_by_group(replays, column, counts) for column in replays[0].groups},
        "calibration": calibration_table(rows.won, rows.probability),
        "close_time": close_time_pit(np.concatenate([replay.close_time_quantile for replay in replays])),
    }


@dataclass(frozen=True)
class DateMetrics:
    """Metrics of one date and their bootstrap draws (d,), of the model and of each baseline on the same rows.

    Model and baselines share their draws, so that differences are paired.
    """

    metrics: Mapping[str, float]
    draws: Mapping[str, Floats]
    baselines: Mapping[str, Mapping[str, float]]
    baseline_draws: Mapping[str, Mapping[str, Floats]]

    @classmethod
    def of(cls, replay: Replay, counts: Ints) -> "DateMetrics":
        """counts (d, leads): see `draw_counts`."""
        rows = replay.rows
        weight = counts[:, rows.lead].astype(np.float64)
        baselines = {name: rows.with_probability(p) for name, p in replay.baselines.items()}
        return cls(
            metrics=point_metrics(rows),
            draws=bootstrap_metrics(rows, counts),
            baselines={name: point_metrics(baseline) for name, baseline in baselines.items()},
            baseline_draws={name: ranking_metrics(baseline, weight) for name, baseline in baselines.items()},
        )


def overall(dates: Sequence[DateMetrics]) -> dict[str, Any]:
    """Means over the dates of every metric, and of the absolute errors of totals, which otherwise cancel out."""
    names = list(dates[0].metrics)
    metrics = {name: _mean_number([date.metrics[name] for date in dates]) for name in names}
    draws = {name: _mean([date.draws[name] for date in dates]) for name in names}
    for name in ("wins_error", "revenue_error"):
        metrics[f"{name}_abs"] = _mean_number([abs(date.metrics[name]) for date in dates])
        draws[f"{name}_abs"] = _mean([np.abs(date.draws[name]) for date in dates])

    compared = [name for name in names if name != "abstained"]  # a baseline never abstains
    baselines = {}
    for baseline in dates[0].baselines:
        baselines[baseline] = {
            name: _mean_number([date.baselines[baseline][name] for date in dates]) for name in compared
        }
    return {
        "metrics": metrics,
        "intervals": metric_intervals(metrics, draws, metrics),
        "baselines": baselines,
        "differences": _differences(dates),
    }


def _date_record(replay: Replay, date: DateMetrics) -> dict[str, Any]:
    return {
        "as_of": format_time(replay.origin_us),
        "signal": replay.trained.signal,
        "n_leads": replay.trained.n_leads,
        "n_snapshots": replay.trained.n_snapshots,
        "metrics": dict(date.metrics),
        "intervals": metric_intervals(date.metrics, date.draws, date.draws),
        "baselines": {name: dict(metrics) for name, metrics in date.baselines.items()},
        "differences": _differences([date]),
    }


def _differences(dates: Sequence[DateMetrics]) -> dict[str, dict[str, Any]]:
    """Model minus each baseline: mean over the dates, with the interval of the paired bootstrap."""
    return {
        baseline: {metric: _difference(dates, baseline, metric) for metric in COMPARED}
        for baseline in dates[0].baselines
    }


def _difference(dates: Sequence[DateMetrics], baseline: str, metric: str) -> dict[str, Any]:
    gaps = [date.metrics[metric] - date.baselines[baseline][metric] for date in dates]
    drawn_gaps = [date.draws[metric] - date.baseline_draws[baseline][metric] for date in dates]
    return {"difference": _mean_number(gaps), "interval": interval(_mean(drawn_gaps))}


def _mean_number(values: Sequence[float]) -> float:
    """Mean over the dates of a metric; dates without a value are left out, NaN if none has one."""
    return float(_mean([np.asarray(value) for value in values]))


def _mean(values: Sequence[Floats]) -> Floats:
    """Element-wise mean over the dates of arrays of one shape; entries that are not finite are left out."""
    stacked = np.array(values, dtype=np.float64)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    unknown = np.full(total.shape, np.nan)
    mean: Floats = np.divide(total, count, out=unknown, where=count > 0)
    return mean


def close_time_pit(quantile: Floats) -> dict[str, Any]:
    """Histogram of won leads by the quantile of their close time (n,), NaN left out: flat if the times are right."""
    known = quantile[~np.isnan(quantile)]
    tenth = np.minimum((known * PIT_BINS).astype(int), PIT_BINS - 1)
    return {"wins": len(known), "pit": np.bincount(tenth, minlength=PIT_BINS).tolist()}
