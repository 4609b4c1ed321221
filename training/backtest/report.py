"""A backtest for people: one HTML page with its tables and pictures inlined, and the run that MLflow keeps."""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from history.history import History
from training.backtest.backtest import Backtest, BacktestOptions
from training.backtest.figures import figures, inlined, library
from training.evaluation.metrics import METRICS
from training.registry.mlflow import Run
from training.report import fingerprint

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1c2530; background: #fff }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums;
  display: block; overflow-x: auto }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #d8dee6 }
th:first-child, td:first-child { text-align: left }
small { color: #5a6675 }
"""


def page(found: Backtest) -> str:
    """The whole page as text; it needs no network to be read."""
    result = found.result
    origins, skipped = result["origins"], result["skipped"]
    title = f"Backtest of {len(origins)} dates, {origins[0]['as_of'][:10]} to {origins[-1]['as_of'][:10]}"
    parts = [
        f"<h1>{title}</h1>",
        "<p>At each date the model was trained on what was known then and scored the leads open at it. What happened "
        f"in the {result['horizon_days']} days after is known as of {result['as_of'][:10]}. "
        "Brackets hold 90 % intervals of a bootstrap by lead.</p>",
        "<h2>Beside the baselines</h2>",
        "<small>Means over the dates; all were fitted and judged on the same rows.</small>",
        _compared(result["overall"]),
        "<h2>Date by date</h2>",
        _by_date(origins),
        *(f"<p>{html.escape(s['as_of'][:10])} left out: {html.escape(s['reason'])}</p>" for s in skipped),
        *(f"<h2>{html.escape(name)}</h2>{inlined(figure)}" for name, figure in figures(found).items()),
        *(f"<h2>By {html.escape(name)}</h2>{_groups(rows)}" for name, rows in result["by"].items()),
    ]
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style><script>{library()}</script>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _compared(overall: Mapping[str, Any]) -> str:
    header = ("", *METRICS, "AUC of the model minus this one's", "log loss")
    rows = [["model", *(_figure(overall, name) for name in METRICS), "", ""]]
    for name, metrics in overall["baselines"].items():
        gap = overall["differences"][name]
        gaps = [_number(gap[k]["difference"]) + _bracket(gap[k]["interval"]) for k in ("auc", "log_loss")]
        rows.append([name.replace("_", " "), *(_number(metrics.get(c)) for c in METRICS), *gaps])
    return _table(header, rows)


def _by_date(origins: Sequence[Mapping[str, Any]]) -> str:
    header = ("as of", "leads", "wins", "expected", *METRICS, "in 80 % of amounts", "abstained", "signal")
    rows = []
    for o in origins:
        m = o["metrics"]
        counts = [f"{m['leads']:.0f}", f"{m['wins']:.0f}", f"{m['wins_expected']:.1f}"]
        more = [_figure(o, "amount_coverage"), _number(m["abstained"]), o["signal"]]
        rows.append([o["as_of"][:10], *counts, *(_figure(o, name) for name in METRICS), *more])
    return _table(header, rows)


def _groups(groups: Sequence[Mapping[str, Any]]) -> str:
    shown = ("auc", "pr_auc", "log_loss", "ece", "wins_error", "revenue_error")
    header = ("", "leads", "wins", "expected", *shown, "in the best 20 %")
    rows = []
    for g in groups:
        m = g["metrics"]
        counts = [f"{m['leads']:.0f}", f"{m['wins']:.0f}", f"{m['wins_expected']:.1f}"]
        rows.append(
            [g["value"], *counts, *(_figure(g, name) for name in shown), _number(g["selection_rate"])]
        )
    return _table(header, rows)


def _figure(part: Mapping[str, Any], name: str) -> str:
    return _number(part["metrics"].get(name)) + _bracket(part["intervals"].get(name))


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3g}"


def _bracket(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f" [{ends[0]:.3g}, {ends[1]:.3g}]"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


# ---- MLflow


def describe_run(found: Backtest, history: History, options: BacktestOptions, folder: Path) -> Run:
    """The run of a backtest, page and JSON written into `folder`: overall figures, the main ones of every date."""
    result, overall = found.result, found.result["overall"]
    (folder / "backtest.html").write_text(page(found), encoding="utf-8")
    (folder / "backtest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    metrics = dict(overall["metrics"])
    for name, figures_of in overall["baselines"].items():
        metrics |= {f"{name}/{k}": figures_of[k] for k in METRICS}
    for origin in result["origins"]:
        metrics |= {f"{origin['as_of'][:10]}/{k}": origin["metrics"][k] for k in METRICS}
    return Run(
        params={
            "origins": len(result["origins"]),
            "trials": options.train.trials,
            "seed": options.train.seed,
            "as_of": result["as_of"],
            "horizon_days": result["horizon_days"],
            "data_sha256": fingerprint(history),
        },
        metrics=metrics,
        tags={"kind": "backtest", "funnel": history.config.name, "mlflow.source.name": "leadcast backtest"},
        folder=folder,
    )
