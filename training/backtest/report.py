"""The report of a backtest: one self-contained HTML page, and the run that MLflow records."""

import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from funnel.figures import figure_divs, html_page, scrolled
from history.history import History
from training.backtest.backtest import Backtest
from training.backtest.plots import plots
from training.evaluation.metrics import METRICS
from training.registry.mlflow import Run
from training.run_record import fingerprint, sample_params

GROUP_METRICS = ("auc", "pr_auc", "log_loss", "ece", "wins_error", "revenue_error")
NO_NUMBER = "-"


def page(backtest: Backtest) -> str:
    """The report as HTML; it loads nothing from the network."""
    result = backtest.result
    origins = result["origins"]
    first, last = origins[0]["as_of"][:10], origins[-1]["as_of"][:10]
    title = f"Backtest of {len(origins)} dates, {first} to {last}"
    sections = [
        f"<h1>{title}</h1>",
        f"<p>At each date the model was trained on what was known then, and scored the leads open then. Outcomes of "
        f"the {result['horizon_days']} days after each date are known as of {result['as_of'][:10]}. "
        "Brackets hold 90 % intervals of a bootstrap by lead.</p>",
        *(_warning(warning["detail"]) for warning in result["warnings"]),
        "<h2>Model and baselines</h2>",
        "<small>Means over the dates; all models were fitted and evaluated on the same rows. A difference whose "
        "bracket holds 0 may be chance.</small>",
        _overall_table(result["overall"]),
        "<h2>By date</h2>",
        _date_table(origins),
        *(_skipped(date) for date in result["skipped"]),
        *figure_divs(_titled(plots(backtest))),
        *(f"<h2>By {html.escape(name)}</h2>{_group_table(groups)}" for name, groups in result["by"].items()),
    ]
    return html_page(title, "".join(sections))


def _titled(figures: Mapping[str, go.Figure]) -> Iterator[tuple[str, go.Figure]]:
    """Plots by the name of their place in the page, each with its title."""
    for number, (title, figure) in enumerate(figures.items()):
        yield f"plot{number}", figure.update_layout(title=title)


def _warning(detail: str) -> str:
    return f"<p>{html.escape(detail[:1].upper() + detail[1:])}.</p>"


def _skipped(date: Mapping[str, str]) -> str:
    return f"<p>{html.escape(date['as_of'][:10])} skipped: {html.escape(date['reason'])}</p>"


def _overall_table(overall: Mapping[str, Any]) -> str:
    header = ("", *METRICS, "AUC: model minus baseline", "log loss: model minus baseline")
    rows = [["model", *(_metric(overall, name) for name in METRICS), "", ""]]
    for name, metrics in overall["baselines"].items():
        values = [_number(metrics.get(metric)) for metric in METRICS]
        differences = overall["differences"][name]
        rows.append(
            [
                name.replace("_", " "),
                *values,
                _difference(differences["auc"]),
                _difference(differences["log_loss"]),
            ]
        )
    return _table(header, rows)


def _date_table(origins: Sequence[Mapping[str, Any]]) -> str:
    header = (
        "as of",
        "leads",
        "wins",
        "expected wins",
        *METRICS,
        "amounts inside their 80 % interval",
        "abstained",
        "signal",
    )
    rows = []
    for origin in origins:
        values = [_metric(origin, name) for name in METRICS]
        coverage, abstained = _metric(origin, "amount_coverage"), _number(origin["metrics"]["abstained"])
        rows.append(
            [origin["as_of"][:10], *_totals(origin), *values, coverage, abstained, str(origin["signal"])]
        )
    return _table(header, rows)


def _group_table(groups: Sequence[Mapping[str, Any]]) -> str:
    header = ("", "leads", "wins", "expected wins", *GROUP_METRICS, "share in the best 20 %")
    rows = []
    for group in groups:
        values = [_metric(group, name) for name in GROUP_METRICS]
        rows.append([group["value"], *_totals(group), *values, _number(group["selection_rate"])])
    return _table(header, rows)


def _totals(record: Mapping[str, Any]) -> list[str]:
    """Leads, wins and expected wins of a date or group."""
    metrics = record["metrics"]
    return [f"{metrics['leads']:.0f}", f"{metrics['wins']:.0f}", f"{metrics['wins_expected']:.1f}"]


def _metric(record: Mapping[str, Any], name: str) -> str:
    return _number(record["metrics"].get(name)) + _bracket(record["intervals"].get(name))


def _difference(difference: Mapping[str, Any]) -> str:
    return _number(difference["difference"]) + _bracket(difference["interval"])


def _number(value: float | None) -> str:
    is_nan = value != value
    return NO_NUMBER if value is None or is_nan else f"{value:.3g}"


def _bracket(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f" [{ends[0]:.3g}, {ends[1]:.3g}]"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(_table_row(row) for row in rows)
    table = f'<table class="figures"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return scrolled(table)


def _table_row(row: Iterable[str]) -> str:
    cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
    return f"<tr>{cells}</tr>"


# ---- MLflow


def describe_run(backtest: Backtest, history: History, folder: Path) -> Run:
    """The MLflow run: overall metrics, the main ones of baselines and dates; writes page and JSON into `folder`."""
    result = backtest.result
    (folder / "backtest.html").write_text(page(backtest), encoding="utf-8")
    (folder / "backtest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    return Run(
        params={
            "origins": len(result["origins"]),
            "trials": backtest.train.trials,
            "seed": backtest.train.seed,
            "as_of": result["as_of"],
            "horizon_days": result["horizon_days"],
            "data_sha256": fingerprint(history),
            **sample_params(history),
        },
        metrics=_run_metrics(result),
        tags={"kind": "backtest", "funnel": history.config.name, "mlflow.source.name": "leadcast backtest"},
        folder=folder,
    )


def _run_metrics(result: Mapping[str, Any]) -> dict[str, float]:
    metrics = dict(result["overall"]["metrics"])
    for baseline, values in result["overall"]["baselines"].items():
        metrics |= {f"{baseline}/{name}": values[name] for name in METRICS}
    for origin in result["origins"]:
        date = origin["as_of"][:10]
        metrics |= {f"{date}/{name}": origin["metrics"][name] for name in METRICS}
    return metrics
