"""What a training run keeps for people: figures, the leakage audit and the numbers that MLflow lists."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from history.config import to_dict
from history.history import Factor, History
from history.times import format_time
from training.evaluation.metrics import best_first
from training.holdout import Holdout
from training.model_card_text import card_text
from training.registry.mlflow import Run
from training.train import Trained

mpl.use("Agg")

BEESWARM_ROWS = 2000
BEESWARM_FEATURES = 20
LONGEST_PARAMETER = 500


def write_report(trained: Trained, decision: list[str], folder: Path) -> None:
    """Writes plots/*.png, card.md, audit.json, evaluation.json and funnel.json into the run's folder."""
    plots = folder / "plots"
    plots.mkdir(parents=True)
    for name, figure in figures(trained.holdout).items():
        figure.savefig(plots / f"{name}.png", dpi=110)
    (folder / "card.md").write_text(card_text(trained.bundle), encoding="utf-8")
    documents = {
        "audit": {"audit": trained.audit, "warnings": trained.warnings},
        "evaluation": {
            "signal": trained.signal,
            "decision": decision,
            "metrics": trained.metrics,
            "baselines": trained.baselines,
        },
        "funnel": to_dict(trained.bundle.config),
    }
    for name, content in documents.items():
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def describe_run(trained: Trained, history: History, folder: Path) -> Run:
    """The numbers and words of a run: parameters, data fingerprint, row counts, metrics, baselines' metrics."""
    rows = {f"rows_{table}": report.rows for table, report in history.reports.items()}
    metrics = dict(trained.metrics)
    for baseline, values in trained.baselines.items():
        metrics |= {f"{baseline}/{name}": value for name, value in values.items()}
    params = {
        **trained.params,
        **rows,
        "as_of": format_time(history.as_of_us),
        "data_sha256": fingerprint(history),
        "n_leads": trained.n_leads,
        "n_snapshots": trained.n_snapshots,
        "horizon_days": trained.bundle.config.horizon_days,
    }
    return Run(
        params={name: str(value)[:LONGEST_PARAMETER] for name, value in params.items()},
        metrics=metrics,
        tags={
            "signal": trained.signal,
            "funnel": trained.bundle.config.name,
            "mlflow.source.name": "leadcast train",
        },
        folder=folder,
    )


def fingerprint(history: History) -> str:
    """sha256 of the rows visible at T that training reads (costs are not among them) and of how they were read."""
    seen = hashlib.sha256()
    seen.update(json.dumps(to_dict(history.config), sort_keys=True, ensure_ascii=False).encode())
    for part in (
        "as_of_us",
        "lead_ids",
        "created_us",
        "attributes",
        "interactions",
        "stages",
        "outcomes",
        "changes",
    ):
        seen.update(f"\0{part}\0".encode())
        _absorb(seen, getattr(history, part))
    if history.lead_known_us is not None:
        _absorb(seen, history.lead_known_us)
    return seen.hexdigest()


def _absorb(seen: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        seen.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Factor):
        compact = value.compact()
        _absorb(seen, compact.codes)
        _absorb(seen, list(compact.values))
    elif is_dataclass(value):
        for field in fields(value):
            _absorb(seen, getattr(value, field.name))
    elif isinstance(value, dict):
        for name in sorted(value):
            seen.update(f"\0{name}\0".encode())
            _absorb(seen, value[name])
    else:
        texts = value if isinstance(value, int) or value is None else list(value)
        seen.update(json.dumps(texts, ensure_ascii=False).encode())


def figures(holdout: Holdout | None) -> dict[str, Figure]:
    """The pictures of the rows that the evaluation held out, by name; none where nothing was held out."""
    if holdout is None or not len(holdout.won):
        return {}
    drawn = {"reliability": reliability(holdout), "lift_and_capture": lift_and_capture(holdout)}
    if np.isfinite(holdout.amount).any():
        drawn["amount_by_decile"] = amount_by_decile(holdout)
    if holdout.contributions is not None and holdout.values is not None and len(holdout.contributions):
        drawn["contributions"] = beeswarm(holdout)
    return drawn


def reliability(holdout: Holdout) -> Figure:
    """Win rate against mean probability in ten groups of equal size, each with its 80 % binomial band."""
    order = np.argsort(holdout.probability, kind="stable")
    groups = [g for g in np.array_split(order, 10) if len(g)]
    said = np.array([holdout.probability[g].mean() for g in groups])
    won = np.array([holdout.won[g].mean() for g in groups])
    band = 1.2816 * np.sqrt(said * (1 - said) / np.array([len(g) for g in groups]))
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    limit = float(max(said.max(), won.max()) * 1.1) or 1.0
    axes.plot([0, limit], [0, limit], color="grey", linewidth=1)
    axes.fill_between(said, said - band, said + band, alpha=0.2, label="80 % of groups if calibrated")
    axes.plot(said, won, marker="o", label="observed")
    axes.set(
        xlabel="mean probability", ylabel="share won", title=f"Reliability, {len(order):,} held-out rows"
    )
    axes.legend()
    return figure


def lift_and_capture(holdout: Holdout) -> Figure:
    """Share of wins found, and lift over chance, against the share of rows worked, best first."""
    won = np.asarray(holdout.won, dtype=np.float64)[best_first(holdout.probability)]
    worked = np.arange(1, len(won) + 1) / len(won)
    found = np.cumsum(won) / max(won.sum(), 1)
    figure = Figure(figsize=(11, 5), layout="constrained")
    capture, lift = figure.subplots(1, 2)
    capture.plot(worked, found)
    capture.plot([0, 1], [0, 1], color="grey", linewidth=1)
    capture.set(xlabel="share of leads worked, best first", ylabel="share of wins found", title="Capture")
    lift.plot(worked, found / worked)
    lift.axhline(1, color="grey", linewidth=1)
    lift.set(
        xlabel="share of leads worked, best first", ylabel="times as many wins as by chance", title="Lift"
    )
    return figure


def amount_by_decile(holdout: Holdout) -> Figure:
    """Mean expected and mean actual amount of won rows, in ten groups by expected amount."""
    known = np.flatnonzero(np.isfinite(holdout.amount) & np.isfinite(holdout.expected_amount))
    order = known[np.argsort(holdout.expected_amount[known], kind="stable")]
    groups = [g for g in np.array_split(order, 10) if len(g)]
    at = np.arange(1, len(groups) + 1)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.bar(at - 0.2, [holdout.expected_amount[g].mean() for g in groups], 0.4, label="expected")
    axes.bar(at + 0.2, [holdout.amount[g].mean() for g in groups], 0.4, label="actual")
    axes.set(xlabel="tenth of won rows by expected amount", ylabel="mean amount", title="Amount by decile")
    axes.legend()
    return figure


def beeswarm(holdout: Holdout) -> Figure:
    """Contributions to the log-odds by feature, coloured by the feature's value."""
    import matplotlib.pyplot as plt
    import shap

    assert holdout.contributions is not None
    assert holdout.values is not None
    rows = np.linspace(
        0, len(holdout.contributions) - 1, min(BEESWARM_ROWS, len(holdout.contributions))
    ).astype(int)
    explanation = shap.Explanation(
        holdout.contributions[rows], data=holdout.values[rows], feature_names=list(holdout.names)
    )
    figure: Figure = plt.figure()
    try:
        axes = figure.add_subplot()
        shap.plots.beeswarm(
            explanation,
            max_display=BEESWARM_FEATURES,
            group_remaining_features=False,
            ax=axes,
            plot_size=None,
            show=False,
        )
        axes.set_xlabel("contribution to the log-odds of a win")
        figure.set_size_inches(10, 8)
        figure.tight_layout()
    finally:
        plt.close(figure)
    return figure
