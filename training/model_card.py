"""The model card of a version: what it was made from, how good it is and for whom, what it cannot do, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from history.snapshot import Snapshot
from models.bundle import Bundle, base_probability
from training.evaluation.bootstrap import Judged, drawn, draws_of, interval, point
from training.evaluation.evaluate import Judgement
from training.evaluation.grouping import group_of, named, selected
from training.evaluation.metrics import METRICS

FAIRNESS = ("auc", "ece", "wins", "wins_expected")
SHOWN_FEATURES = 20
FEW_IN_GROUP = 20  # judged wins below which a group's figures say little


# ---- measured at training, kept in the bundle


def judged_parts(judgement: Judgement, judged_rows: Snapshot, seed: int) -> dict[str, Any]:
    """What a card adds of the judged rows: `intervals` (90 %, bootstrap by lead) of the metrics, and `fairness`.

    judged_rows are the snapshots that judgement's rows stand for, in their order.
    """
    judged = _judged(judgement)
    draws = drawn(judged, draws_of(int(judged.lead.max()) + 1, seed))
    intervals = {name: interval(draws[name]) for name in METRICS}
    sensitive = [c for c in judged_rows.history.config.sensitive if c in judged_rows.history.attributes]
    return {
        "intervals": {**judgement.intervals, **intervals},
        "fairness": {name: fairness(judged, group_of(judged_rows, name)) for name in sensitive},
    }


def _judged(judgement: Judgement) -> Judged:
    n = len(judgement.won)
    nothing = np.full(n, np.nan)
    lead = np.unique(judgement.lead, return_inverse=True)[1]
    columns = (judgement.won, judgement.probability, judgement.amount, judgement.expected_amount)
    return Judged(*columns, nothing, nothing, np.zeros(n, dtype=np.bool_), lead)


def fairness(judged: Judged, values: Sequence[str]) -> list[dict[str, Any]]:
    """For each group of a sensitive attribute: rows, share among the best 20 %, how well ranked and calibrated.

    values (n,) are the texts of the attribute; numbers of many values are read in bands.
    """
    groups = np.array(named(values), dtype=object)
    chosen = selected(judged.probability)
    found = []
    for group in sorted(set(groups.tolist())):
        rows = np.flatnonzero(groups == group)
        part = judged.take(rows)
        figures = point(part)
        found.append(
            {
                "group": group,
                "rows": len(rows),
                "leads": len(np.unique(part.lead)),
                "selection_rate": float(chosen[rows].mean()),
                "win_rate": float(part.won.mean()),
                "mean_probability": float(part.probability.mean()),
                **{name: _number(figures[name]) for name in FAIRNESS},
            }
        )
    return found


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


# ---- shown


def card(bundle: Bundle) -> dict[str, Any]:
    """Everything the card says, JSON-ready."""
    kept = bundle.card
    units = {f.name: f.unit for f in bundle.features}
    return {
        "model_version": bundle.version,
        "signal": bundle.signal,
        "funnel": bundle.config.name,
        "horizon_days": bundle.config.horizon_days,
        "currency": bundle.config.currency,
        "data": {k: kept.get(k) for k in ("first_snapshot", "trained_through", "n_leads", "n_snapshots")},
        "base_rate": bundle.base_rate,
        "base_probability": base_probability(bundle),
        "judged_by": kept.get("judged_by"),
        "evidence": kept.get("evidence"),
        "metrics": kept.get("metrics", {}),
        "intervals": kept.get("intervals", {}),
        "baselines": kept.get("baselines", {}),
        "calibration": kept.get("calibration", []),
        "features": [
            {**f, "unit": units.get(f["feature"], "")}
            for f in kept.get("importance", [])
            if f["feature"] in units
        ],
        "unused_clocks": kept.get("unused_clocks", []),
        "left_out": sorted(bundle.config.ignore),
        "sensitive": list(bundle.config.sensitive),
        "fairness": kept.get("fairness", {}),
        "parameters": kept.get("parameters", {}),
        "warnings": kept.get("warnings", []),
        "limits": limits(bundle),
    }


def limits(bundle: Bundle) -> list[str]:
    """What the version cannot do, in plain words."""
    kept, days = bundle.card, bundle.config.horizon_days
    found = [
        f"A probability is the chance of a win within {days} days of the day of the score; not of later ones.",
        f"It learned from what happened up to {kept.get('trained_through', 'its training')}; when the market, the team "
        "or the way of working changes, it is wrong until it is trained again.",
        "A reason says what the model leaned on, not what would happen if somebody changed it.",
        "A lead of too little history, or unlike any in training, gets the base rate and the status insufficient_data.",
    ]
    if bundle.signal == "none":
        found.append(
            "No usable signal was found: every open lead gets the base rate, and its order among others means nothing."
        )
    if kept.get("judged_by") != "replay":
        found.append(
            "History was too short to replay a past training: leads held out together judge it, which flatters a model."
        )
    found += [
        f"{w['detail'][:1].upper()}{w['detail'][1:]}." for w in kept.get("warnings", []) if w["code"] in SAID
    ]
    found += _beaten_by(bundle)
    if bundle.amount is None:
        found.append("No won lead carries an amount: there is no expected revenue.")
    if bundle.config.sensitive:
        names = ", ".join(bundle.config.sensitive)
        found.append(f"{names}: never a feature, but other features may stand for it; see fairness.")
    small = [
        f"{name} {g['group']}"
        for name, groups in kept.get("fairness", {}).items()
        for g in groups
        if g["wins"] < FEW_IN_GROUP
    ]
    if small:
        found.append(
            f"Fewer than {FEW_IN_GROUP} judged wins, so that figures of fairness say little: {', '.join(small)}."
        )
    return found


SAID = ("too_few_outcomes", "no_losses", "amount_not_predictable")


def _beaten_by(bundle: Bundle) -> list[str]:
    own = bundle.card.get("metrics", {}).get("log_loss")
    rivals = bundle.card.get("baselines", {})
    better = [
        name.replace("_", " ")
        for name, m in rivals.items()
        if own is not None and (m.get("log_loss") or own) < own
    ]
    return [f"In its own replay it had a worse log loss than: {', '.join(better)}."] if better else []


def card_text(bundle: Bundle) -> str:
    """The card as Markdown."""
    c = card(bundle)
    data = c["data"]
    parts = [
        f"# Model card: version {c['model_version'] or '(not registered)'} of {c['funnel']}",
        f"Trained on {_text(data['n_snapshots'])} snapshots of {_text(data['n_leads'])} leads, "
        f"from {_text(data['first_snapshot'])} through {_text(data['trained_through'])}. "
        f"Predicts a win within {c['horizon_days']} days. Signal: {c['signal']}. Base rate {c['base_rate']:.3f}.",
        f"Judged by {c['judged_by']}: {c['evidence']}.",
        "## How good it is",
        "Brackets hold 90 % intervals of a bootstrap by lead; baselines were fitted and judged on the same rows.",
        _metrics(c),
        "## Calibration",
        _table(
            ("rows", "mean probability", "share won"),
            [(r["n"], r["probability"], r["won"]) for r in c["calibration"]],
        ),
        "## What it leans on",
        _table(
            ("feature", "unit", "mean share of log-odds"),
            [(f["feature"], f["unit"], f["mean_abs_log_odds"]) for f in c["features"][:SHOWN_FEATURES]],
        ),
        _left_out(c),
        "## Fairness",
        _fairness(c),
        "## Known limits",
        "\n".join(f"- {line}" for line in c["limits"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metrics(c: Mapping[str, Any]) -> str:
    if not c["metrics"]:
        return "Nothing could be judged."
    ends = c["intervals"]
    own = [_text(c["metrics"].get(name)) + _bracket(ends.get(name)) for name in METRICS]
    rows = [
        ("model", *own),
        *((k.replace("_", " "), *(m.get(n) for n in METRICS)) for k, m in c["baselines"].items()),
    ]
    return _table(("", *METRICS), rows)


def _left_out(c: Mapping[str, Any]) -> str:
    lines = []
    if c["left_out"]:
        lines.append(f"Left out, ignored or suspected of knowing the outcome: {', '.join(c['left_out'])}.")
    if c["unused_clocks"]:
        lines.append(
            f"Blanked, since they tell the date rather than the lead: {', '.join(c['unused_clocks'])}."
        )
    return "\n".join(lines)


def _fairness(c: Mapping[str, Any]) -> str:
    if not c["sensitive"]:
        return "No sensitive attribute is declared (`sensitive` under `[attributes]` in funnel.toml)."
    if not c["fairness"]:
        return f"Declared sensitive: {', '.join(c['sensitive'])}. No rows could be judged by group."
    names = ("group", "leads", "wins", "selection_rate", "win_rate", "mean_probability", "auc", "ece")
    header = ("", "leads", "won rows", "in the best 20 %", "share won", "mean probability", "auc", "ece")
    tables = [
        f"{name}:\n\n" + _table(header, [[g[n] for n in names] for g in groups])
        for name, groups in c["fairness"].items()
    ]
    return "\n\n".join(tables)


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return "None."
    lines = [header, ["---"] * len(header), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|").replace("\n", " ")


def _bracket(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f" [{ends[0]:.4g}, {ends[1]:.4g}]"
