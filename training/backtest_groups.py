"""The figures of a backtest by group: stage, source, owner, age, sensitive attributes, any column."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from features.event_log import Ints
from training.backtest_metrics import Judged, drawn, interval, point
from training.backtest_rows import NO_VALUE, Replayed
from training.evaluate import best_first

Floats = npt.NDArray[np.float64]

MOST_GROUPS = 20
REST = "(all others)"
BANDS = 4
FEW_NUMBERS = 8  # a number with more values than that is shown in bands
TOP = 0.2  # share of an origin's leads that count as selected
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


def selected(probability: Floats) -> Floats:
    """1 for the best TOP of the leads of one origin, 0 for the others (n,)."""
    out = np.zeros(len(probability))
    out[best_first(probability)[: max(1, round(len(probability) * TOP))]] = 1.0
    return out


def named(values: Sequence[str]) -> list[str]:
    """Group names: numbers of many values as bands of equal size, rare texts as REST."""
    numbers = _numbers(values)
    if numbers is not None:
        return _bands(numbers)
    kept = {value for value, _ in Counter(values).most_common(MOST_GROUPS)}
    return [value if value in kept else REST for value in values]


def _numbers(values: Sequence[str]) -> Floats | None:
    """The values as numbers, NaN for none; None where they are words or few."""
    texts = set(values) - {NO_VALUE}
    try:
        read = {text: float(text) for text in texts}
    except ValueError:
        return None
    if len(read) <= FEW_NUMBERS or not np.isfinite(list(read.values())).all():
        return None
    return np.array([read.get(value, np.nan) for value in values])


def _bands(numbers: Floats) -> list[str]:
    cuts = np.unique(np.nanquantile(numbers, np.linspace(0, 1, BANDS + 1)[1:-1]))
    texts = [f"{cut:g}" for cut in cuts]
    names = [
        f"up to {texts[0]}",
        *(f"{a} to {b}" for a, b in pairwise(texts)),
        f"over {texts[-1]}",
    ]
    return [NO_VALUE if np.isnan(x) else names[int(np.searchsorted(cuts, x, side="left"))] for x in numbers]


def _order(values: Sequence[str]) -> list[str]:
    count = Counter(values)
    return sorted(count, key=lambda value: (value in (REST, NO_VALUE), -count[value], value))
