"""The result of a backtest as text for people, on stderr."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.shown.output import echo, echo_table

WITH_INTERVAL = ("auc", "log_loss", "ece")
ORIGIN_HEADER = (
    *("as of", "leads", "wins", "expected", *WITH_INTERVAL),
    *("lift_10", "revenue_error", "gini", "abstained", "signal"),
)
GROUP_HEADER = ("leads", "wins", "expected", *WITH_INTERVAL, "revenue_error")
FORECAST_METRICS = ("cells", "mae", "bias", "pinball", "coverage", "interval_score")


def echo_scores(result: Mapping[str, Any]) -> None:
    """Prints the backtest of the scores: date by date, over all dates, against the baselines, by group."""
    from training.evaluation.metrics import METRICS

    _echo_skipped(result)
    echo("\nby date, 90 % intervals in brackets:")
    echo_table(ORIGIN_HEADER, [_origin_cells(origin) for origin in result["origins"]])

    overall = result["overall"]
    echo("\nmeans over the dates, all on the same rows:")
    models = [("model", overall["metrics"]), *overall["baselines"].items()]
    echo_table(("", *METRICS), [(name, *_values(metrics, METRICS)) for name, metrics in models])

    echo("\nmodel minus baseline:")
    differences = [
        (name, _difference(metrics["auc"]), _difference(metrics["log_loss"]))
        for name, metrics in overall["differences"].items()
    ]
    echo_table(("", "auc", "log_loss"), differences)
    for column, groups in result["by"].items():
        echo(f"\nby {column}:")
        echo_table((column, *GROUP_HEADER), [_group_cells(group) for group in groups])


def echo_forecast(result: Mapping[str, Any], period: str) -> None:
    """Prints the backtest of the forecast: wins and revenue beside the baselines, and by period ahead."""
    _echo_skipped(result)
    echo(f"{len(result['origins'])} past dates, {period}s:")
    for measure in ("wins", "revenue"):
        if measure not in result:
            continue
        methods = result[measure]
        echo(f"\n{measure}, all periods:")
        rows = [(name, *_values(metrics, FORECAST_METRICS)) for name, metrics in methods.items()]
        echo_table(("", *FORECAST_METRICS), rows)
        echo(f"\n{measure}, forecast by period ahead:")
        steps = [(step["step"], *_values(step, FORECAST_METRICS)) for step in methods["forecast"]["by_step"]]
        echo_table(("step", *FORECAST_METRICS), steps)


def _echo_skipped(result: Mapping[str, Any]) -> None:
    for date in result["skipped"]:
        echo(f"{date['as_of'][:10]} left out: {date['reason']}")


def _values(metrics: Mapping[str, Any], names: Sequence[str]) -> list[object]:
    return [metrics.get(name) for name in names]


def _origin_cells(origin: Mapping[str, Any]) -> tuple[object, ...]:
    metrics = origin["metrics"]
    return (
        origin["as_of"][:10],
        *_counts(metrics),
        *_with_intervals(origin),
        *_values(metrics, ("lift_10", "revenue_error", "gini", "abstained")),
        origin["signal"],
    )


def _group_cells(group: Mapping[str, Any]) -> tuple[object, ...]:
    metrics = group["metrics"]
    return (group["value"], *_counts(metrics), *_with_intervals(group), metrics["revenue_error"])


def _counts(metrics: Mapping[str, Any]) -> tuple[object, ...]:
    return int(metrics["leads"]), int(metrics["wins"]), metrics["wins_expected"]


def _with_intervals(record: Mapping[str, Any]) -> list[str]:
    """Metrics as `0.812 [0.790, 0.834]`; a dash for NaN."""
    cells = []
    for name in WITH_INTERVAL:
        value = record["metrics"][name]
        interval = _interval(record["intervals"][name], ".3f")
        cells.append("-" if value != value else f"{value:.3f}{interval}")
    return cells


def _difference(record: Mapping[str, Any]) -> str:
    value = record["difference"]
    return "-" if value != value else f"{value:+.4f}{_interval(record['interval'], '+.4f')}"


def _interval(ends: Sequence[float] | None, style: str) -> str:
    return "" if ends is None else f" [{ends[0]:{style}}, {ends[1]:{style}}]"
