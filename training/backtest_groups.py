"""The figures of a backtest by group: stage, source, owner, age, sensitive attributes, any column."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from features.event_log import Ints
from training.backtest_grouping import NO_VALUE, REST, named, selected
from training.backtest_metrics import Judged, drawn, interval, point
from training.backtest_rows import Replayed

SHOWN = (
    "leads", "wins", "wins_expected", "wins_error", "auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "revenue",
    "revenue_expected", "revenue_error", "gini", "amount_coverage", "abstained",
)  # fmt: skip


def groups_of(replays: Sequence[Replayed], name: str, counts: Ints) -> list[dict[str, Any]]:
    """Figures of each group over all origins, the largest first: MOST_GROUPS of them, what is left as one."""
    values = named([value for r in replays for value in r.groups[name]])
    chosen = np.concatenate([selected(r.judged.probability) for r in replays])
    columns = (np.concatenate([getattr(r.judged, c) for r in replays]) for c in vars(replays[0].judged))
    judged = Judged(*columns)
    names = np.array(values, dtype=object)
    found = []
    for value in _order(values):
        rows = np.flatnonzero(names == value)
        part = judged.take(rows)
        figures, draws = point(part), drawn(part, counts)
        found.append(
            {
                "value": value,
                "selection_rate": float(chosen[rows].mean()),
                "metrics": {k: figures[k] for k in SHOWN},
                "intervals": {k: interval(draws[k]) for k in SHOWN},
            }
        )
    return found


def _order(values: Sequence[str]) -> list[str]:
    count = Counter(values)
    return sorted(count, key=lambda value: (value in (REST, NO_VALUE), -count[value], value))
