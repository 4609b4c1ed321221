"""Metrics of a backtest by group of leads: stage, source, owner, age, sensitive attributes and chosen columns."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.history import History
from training.backtest.origin import Replay
from training.evaluation.bootstrap import bootstrap_metrics, metric_intervals, point_metrics
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.grouping import NO_VALUE, REST, group_labels, selected

DEFAULT_COLUMNS = ("stage", "source", "owner", "lead_age")
GROUP_METRICS = (
    "leads", "wins", "wins_expected", "wins_error", "auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "revenue",
    "revenue_expected", "revenue_error", "gini", "amount_coverage", "abstained",
)  # fmt: skip


def grouping_columns(history: History, by: Sequence[str]) -> tuple[str, ...]:
    """The columns to report by: DEFAULT_COLUMNS and sensitive attributes that the data have, then those in `by`.

    Raises InvalidInput, one message a name, if `by` names an unknown column.
    """
    known = {"lead_age", *history.attributes}
    if len(history.stages.time_us):
        known.add("stage")
    unknown = [name for name in by if name not in known]
    if unknown:
        available = ", ".join(sorted(known))
        raise InvalidInput(f"--by {name}: unknown column; choose one of: {available}" for name in unknown)
    wanted = dict.fromkeys((*DEFAULT_COLUMNS, *history.config.sensitive, *by))
    return tuple(name for name in wanted if name in known)


def metrics_by_group(replays: Sequence[Replay], column: str, counts: Ints) -> list[dict[str, Any]]:
    """Metrics and intervals of each group over all dates, the largest group first, REST and NO_VALUE last.

    selection_rate: share of the group among the best fifth of leads at its date. counts: see `draw_counts`.
    """
    labels = group_labels([value for replay in replays for value in replay.groups[column]])
    rows = EvaluatedRows.concatenate([replay.rows for replay in replays])
    is_selected = np.concatenate([selected(replay.rows.probability) for replay in replays])
    label_of_row = np.array(labels, dtype=object)
    groups = []
    for label in _largest_first(labels):
        members = np.flatnonzero(label_of_row == label)
        in_group = rows.take(members)
        metrics, draws = point_metrics(in_group), bootstrap_metrics(in_group, counts)
        groups.append(
            {
                "value": label,
                "selection_rate": float(is_selected[members].mean()),
                "metrics": {name: metrics[name] for name in GROUP_METRICS},
                "intervals": metric_intervals(metrics, draws, GROUP_METRICS),
            }
        )
    return groups


def _largest_first(labels: Sequence[str]) -> list[str]:
    size = Counter(labels)
    return sorted(size, key=lambda label: (label in (REST, NO_VALUE), -size[label], label))
