"""The model card of a version: its data, quality, fairness and limits, as JSON-ready values.

Training measures the content and stores it in the bundle; `card` adds what follows from the bundle itself.
`training.model_card_text` renders the card.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from history.base.warnings import Warning, json_of
from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle, base_probability
from training.capacity import Capacity
from training.drift import learn_reference
from training.evaluation.bootstrap import bootstrap_metrics, draw_counts, metric_intervals, point_metrics
from training.evaluation.evaluate import Evaluation
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.grouping import group_labels, group_of, selected
from training.evaluation.metrics import METRICS
from training.evaluation.out_of_fold import BY_DATE
from training.rows.dataset import GRID
from training.rows.training_set import TrainingSet

FAIRNESS = ("auc", "ece", "wins", "wins_expected")
FEW_IN_GROUP = 20  # won rows; fewer make a group's figures unreliable
REFERENCE_ROWS = 5000  # latest grid rows whose distributions drift is measured against
IMPORTANCE_ROWS = 1000  # training rows to average over, about so many
LIMITING_WARNINGS = (
    "sampled_leads",
    "outcomes_begin_late",
    "too_few_outcomes",
    "no_losses",
    "amount_not_predictable",
)
WEAK_LIMIT = (
    "The signal is weak: probabilities are shrunk towards the base rate by as much as the evidence is thin; their "
    "order is better than chance, but not by much."
)


# ---- measured at training, stored in the bundle


def training_content(
    bundle: Bundle,
    training_set: TrainingSet,
    evaluation: Evaluation | None,
    warnings: Sequence[Warning],
    capacity: Capacity,
) -> dict[str, Any]:
    """The card's content on data, parameters and quality; metrics without a value are None."""
    snapshot = training_set.rows.snapshot
    sample = snapshot.history.sample
    return {
        **({} if sample is None else {"sample": sample.to_dict()}),
        "trained_through": format_time(bundle.trained_through_us),
        "first_snapshot": format_time(int(snapshot.as_of_us.min())),
        "n_leads": len(np.unique(snapshot.lead)),
        "n_snapshots": len(snapshot),
        "parameters": capacity.parameters.to_dict(),
        "settings": capacity.to_list(),
        "rows_read": training_set.rows.share,
        **_quality(evaluation),
        "importance": _importance(bundle, training_set),
        "reference": _drift_reference(training_set),
        "warnings": json_of(warnings),
    }


def _quality(evaluation: Evaluation | None) -> dict[str, Any]:
    if evaluation is None:
        return {
            "metrics": {},
            "intervals": {},
            "baselines": {},
            "judged_by": "nothing",
            "evidence": "too few wins to evaluate",
            "calibration": [],
        }
    return {
        "metrics": _finite(evaluation.metrics),
        "intervals": evaluation.intervals,
        "baselines": {name: _finite(metrics) for name, metrics in evaluation.baselines.items()},
        "judged_by": evaluation.method,
        "evidence": evaluation.evidence,
        "calibration": evaluation.calibration,
    }


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _importance(bundle: Bundle, training_set: TrainingSet) -> list[dict[str, Any]]:
    """Mean absolute contribution of each feature to the log-odds over a sample of training rows, largest first."""
    if bundle.conversion is None:
        return []
    step = max(1, len(training_set.values) // IMPORTANCE_ROWS)
    sample = np.ascontiguousarray(training_set.values[::step])
    size = np.abs(bundle.conversion.contributions(sample)[0]).mean(axis=0)
    largest_first = np.argsort(-size, kind="stable")
    return [
        {"feature": training_set.features[j].name, "mean_abs_log_odds": float(size[j])}
        for j in largest_first
        if size[j] > 0
    ]


def _drift_reference(training_set: TrainingSet) -> dict[str, Any]:
    """Distributions of the latest grid rows in the columns that the fit could use."""
    rows, values = training_set.rows, training_set.values
    grid_rows = np.flatnonzero(rows.origin == GRID)
    latest_first = np.argsort(-rows.snapshot.as_of_us[grid_rows], kind="stable")
    latest = grid_rows[latest_first][:REFERENCE_ROWS]
    leads = len(np.unique(rows.snapshot.lead[latest]))
    used = np.flatnonzero(~np.isnan(values).all(axis=0)).tolist()
    features = [training_set.features[j] for j in used]
    return learn_reference(values[latest][:, used], features, leads=leads)


def evaluation_content(evaluation: Evaluation, evaluated: Snapshot, seed: int) -> dict[str, Any]:
    """The card's `intervals` (90 %, bootstrap by lead) of the metrics, and `fairness` by sensitive attribute.

    evaluated: the snapshots of the evaluation's rows, in their order.
    """
    rows = _evaluated_rows(evaluation)
    draws = bootstrap_metrics(rows, draw_counts(int(rows.lead.max()) + 1, seed))
    intervals = metric_intervals(evaluation.metrics, draws, METRICS)
    history = evaluated.history
    sensitive = [name for name in history.config.sensitive if name in history.attributes]
    return {
        "intervals": {**evaluation.intervals, **intervals},
        "fairness": {name: fairness(rows, group_of(evaluated, name)) for name in sensitive},
    }


def _evaluated_rows(evaluation: Evaluation) -> EvaluatedRows:
    n = len(evaluation.won)
    no_interval = np.full(n, np.nan)
    return EvaluatedRows(
        won=evaluation.won,
        probability=evaluation.probability,
        amount=evaluation.amount,
        expected_amount=evaluation.expected_amount,
        amount_low=no_interval,
        amount_high=no_interval,
        abstained=np.zeros(n, dtype=np.bool_),
        lead=np.unique(evaluation.lead, return_inverse=True)[1],
    )


def fairness(rows: EvaluatedRows, values: Sequence[str]) -> list[dict[str, Any]]:
    """Size, share among the best 20 %, ranking and calibration of each group of a sensitive attribute.

    values (n,): the attribute's text for each row; numbers with many values are grouped in bands.
    """
    groups = np.array(group_labels(values), dtype=object)
    chosen = selected(rows.probability)
    records = []
    for group in sorted(set(groups.tolist())):
        members = np.flatnonzero(groups == group)
        in_group = rows.take(members)
        metrics = point_metrics(in_group)
        records.append(
            {
                "group": group,
                "rows": len(members),
                "leads": len(np.unique(in_group.lead)),
                "selection_rate": float(chosen[members].mean()),
                "win_rate": float(in_group.won.mean()),
                "mean_probability": float(in_group.probability.mean()),
                **{name: _number(metrics[name]) for name in FAIRNESS},
            }
        )
    return records


# ---- the card


def card(bundle: Bundle) -> dict[str, Any]:
    """The whole card, JSON-ready."""
    content, config = bundle.card, bundle.config
    return {
        "model_version": bundle.version,
        "signal": bundle.signal,
        "funnel": config.name,
        "horizon_days": config.horizon_days,
        "currency": config.currency,
        "data": {
            name: content.get(name)
            for name in ("first_snapshot", "trained_through", "n_leads", "n_snapshots")
        },
        "sample": content.get("sample"),
        "base_rate": bundle.base_rate,
        "base_probability": base_probability(bundle),
        "judged_by": content.get("judged_by"),
        "evidence": content.get("evidence"),
        "metrics": content.get("metrics", {}),
        "intervals": content.get("intervals", {}),
        "baselines": content.get("baselines", {}),
        "calibration": content.get("calibration", []),
        "features": _features(bundle),
        "combinations": [list(names) for names in bundle.vocabulary.combinations.names],
        "unused_clocks": content.get("unused_clocks", []),
        "left_out": sorted(config.ignore),
        "identity": {**dict.fromkeys(config.identity, "configured"), **bundle.vocabulary.identity},
        "sensitive": list(config.sensitive),
        "fairness": content.get("fairness", {}),
        "parameters": content.get("parameters", {}),
        "settings": content.get("settings", []),
        "rows_read": content.get("rows_read", 1.0),
        "warnings": content.get("warnings", []),
        "limits": limits(bundle),
    }


def _features(bundle: Bundle) -> list[dict[str, Any]]:
    """Importance records of the bundle's features, with their units."""
    units = {feature.name: feature.unit for feature in bundle.features}
    return [
        {**record, "unit": units[record["feature"]]}
        for record in bundle.card.get("importance", [])
        if record["feature"] in units
    ]


def limits(bundle: Bundle) -> list[str]:
    """Limits of the version, one sentence each."""
    content, config = bundle.card, bundle.config
    lines = [
        f"A probability is the chance of a win within {config.horizon_days} days of the date of the score, not later.",
        f"It learned from outcomes up to {content.get('trained_through', 'its training')}; after a change of the "
        "market, the team or the way of working it is wrong until it is trained again.",
        "A reason shows how the model reached a score, not the effect of changing the lead.",
        "A lead with too little history, or unlike those in training, gets the base rate and the status "
        "insufficient_data.",
    ]
    if bundle.signal == "none":
        lines.append(
            "No usable signal was found: every open lead gets the base rate, so their order has no meaning."
        )
    if bundle.signal == "weak":
        lines.append(WEAK_LIMIT)
    if content.get("judged_by") != BY_DATE:
        lines.append(
            "The history is too short for an evaluation at past dates: the one on held-out leads is optimistic."
        )
    lines += [
        f"{warning['detail'][:1].upper()}{warning['detail'][1:]}."
        for warning in content.get("warnings", [])
        if warning["code"] in LIMITING_WARNINGS
    ]
    lines += _better_baselines(bundle)
    if bundle.amount is None:
        lines.append("No won lead has an amount: there is no expected revenue.")
    if config.sensitive:
        names = ", ".join(config.sensitive)
        lines.append(f"{names}: never a feature, but other features may be correlated with it; see fairness.")
    return lines + _small_groups(content.get("fairness", {}))


def _better_baselines(bundle: Bundle) -> list[str]:
    own = bundle.card.get("metrics", {}).get("log_loss")
    if own is None:
        return []
    better = []
    for name, metrics in bundle.card.get("baselines", {}).items():
        loss = metrics.get("log_loss")
        if loss and loss < own:
            better.append(name.replace("_", " "))
    if not better:
        return []
    return [f"In its evaluation it had a worse log loss than: {', '.join(better)}."]


def _small_groups(fairness_by_attribute: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    small = []
    for name, groups in fairness_by_attribute.items():
        small += [f"{name} {group['group']}" for group in groups if group["wins"] < FEW_IN_GROUP]
    if not small:
        return []
    return [
        f"Fairness figures are unreliable for groups with fewer than {FEW_IN_GROUP} evaluated wins: {', '.join(small)}."
    ]
