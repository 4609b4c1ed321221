"""The report of a training run: plots, the model card, the leakage audit and the evaluation, as files.

Figures are made without pyplot, so that a notebook's backend and open figures are left alone.
"""

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from history.base.arrays import Ints
from history.base.warnings import json_of
from history.config.config import to_dict
from models.figures.kernel import Z80
from training.evaluation.metrics import best_first
from training.holdout import Holdout
from training.model_card_text import card_text
from training.train import Trained

BEESWARM_ROWS = 2000
BEESWARM_FEATURES = 20
GROUPS = 10
DPI = 110


def write_report(trained: Trained, decision: list[str], folder: Path) -> None:
    """Writes plots/*.png, card.md, audit.json, evaluation.json and funnel.json into the run's folder."""
    plots = folder / "plots"
    plots.mkdir(parents=True)
    for name, figure in plots_of(trained.holdout).items():
        figure.savefig(plots / f"{name}.png", dpi=DPI)
    (folder / "card.md").write_text(card_text(trained.bundle), encoding="utf-8")
    documents = {
        "audit": {"audit": json_of(trained.audit), "warnings": json_of(trained.warnings)},
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


def plots_of(holdout: Holdout | None) -> dict[str, Figure]:
    """The plots of the evaluated rows by name; empty without any."""
    if holdout is None or not len(holdout.won):
        return {}
    plots = {"reliability": reliability(holdout), "lift_and_capture": lift_and_capture(holdout)}
    if np.isfinite(holdout.amount).any():
        plots["amount_by_decile"] = amount_by_decile(holdout)
    if holdout.contributions is not None and len(holdout.contributions):
        plots["contributions"] = beeswarm(holdout)
    return plots


def reliability(holdout: Holdout) -> Figure:
    """Win rate against mean probability in ten groups of equal size, with an 80 % binomial band each."""
    order = np.argsort(holdout.probability, kind="stable")
    groups = _groups(order)
    predicted = np.array([holdout.probability[rows].mean() for rows in groups])
    won = np.array([holdout.won[rows].mean() for rows in groups])
    sizes = np.array([len(rows) for rows in groups])
    band = Z80 * np.sqrt(predicted * (1 - predicted) / sizes)
    limit = float(max(predicted.max(), won.max()) * 1.1) or 1.0

    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    _diagonal(axes, limit)
    axes.fill_between(
        predicted, predicted - band, predicted + band, alpha=0.2, label="80 % of groups if calibrated"
    )
    axes.plot(predicted, won, marker="o", label="observed")
    axes.set(
        xlabel="mean probability", ylabel="share won", title=f"Reliability, {len(order):,} held-out rows"
    )
    axes.legend()
    return figure


def lift_and_capture(holdout: Holdout) -> Figure:
    """Share of wins captured, and lift over chance, against the share of rows worked, best first."""
    won = np.asarray(holdout.won, dtype=np.float64)[best_first(holdout.probability)]
    worked = np.arange(1, len(won) + 1) / len(won)
    captured = np.cumsum(won) / max(won.sum(), 1)
    worked_label = "share of leads worked, best first"

    figure = Figure(figsize=(11, 5), layout="constrained")
    capture, lift = figure.subplots(1, 2)
    capture.plot(worked, captured)
    _diagonal(capture, 1.0)
    capture.set(xlabel=worked_label, ylabel="share of wins captured", title="Capture")
    lift.plot(worked, captured / worked)
    lift.axhline(1, color="grey", linewidth=1)
    lift.set(xlabel=worked_label, ylabel="wins, as a multiple of chance", title="Lift")
    return figure


def amount_by_decile(holdout: Holdout) -> Figure:
    """Mean expected and mean actual amount of won rows, in ten groups of equal size by expected amount."""
    known = np.flatnonzero(np.isfinite(holdout.amount) & np.isfinite(holdout.expected_amount))
    groups = _groups(known[np.argsort(holdout.expected_amount[known], kind="stable")])
    place = np.arange(1, len(groups) + 1)

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.bar(place - 0.2, [holdout.expected_amount[rows].mean() for rows in groups], 0.4, label="expected")
    axes.bar(place + 0.2, [holdout.amount[rows].mean() for rows in groups], 0.4, label="actual")
    axes.set(xlabel="tenth of won rows by expected amount", ylabel="mean amount", title="Amount by decile")
    axes.legend()
    return figure


def beeswarm(holdout: Holdout) -> Figure:
    """Contributions to the log-odds by feature, coloured by the feature's value; the holdout has contributions."""
    import shap

    assert holdout.contributions is not None
    assert holdout.values is not None
    available = len(holdout.contributions)
    rows = np.linspace(0, available - 1, min(BEESWARM_ROWS, available)).astype(int)
    explanation = shap.Explanation(
        holdout.contributions[rows], data=holdout.values[rows], feature_names=list(holdout.names)
    )
    figure = Figure(figsize=(10, 8))
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
    figure.tight_layout()
    return figure


def _groups(order: Ints) -> list[Ints]:
    """Up to ten groups of equal size, in order, without empty ones."""
    return [rows for rows in np.array_split(order, GROUPS) if len(rows)]


def _diagonal(axes: Axes, limit: float) -> None:
    axes.plot([0, limit], [0, limit], color="grey", linewidth=1)
