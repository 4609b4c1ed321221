"""Which group a lead belongs to at an instant, and groups made readable: bands of numbers, rare values together."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from features.attributes import text_at
from history.arrays import Floats
from history.history import DAY_US
from history.snapshot import Snapshot, current_stages
from training.evaluation.metrics import best_first

AGES = (
    (0, "under 7 days"),
    (7, "7 to 30 days"),
    (30, "30 to 90 days"),
    (90, "90 to 180 days"),
    (180, "180 days or more"),
)
NO_VALUE = "(none)"
MOST_GROUPS = 20
REST = "(all others)"
BANDS = 4
FEW_NUMBERS = 8  # a number with more values than that is shown in bands
TOP = 0.2  # share of leads that count as selected


def group_of(snapshot: Snapshot, name: str) -> list[str]:
    """The group of each lead at its instant: its stage, its age in bands, or the text of an attribute valid then."""
    if name == "stage":
        return [stage or NO_VALUE for stage in current_stages(snapshot)]
    if name == "lead_age":
        days = (snapshot.as_of_us - snapshot.history.created_us[snapshot.lead]) / DAY_US
        return [
            AGES[int(i)][1] for i in np.searchsorted([start for start, _ in AGES], days, side="right") - 1
        ]
    column = text_at(snapshot.history, name, snapshot.lead, snapshot.as_of_us)
    return [NO_VALUE if code < 0 else column.values[code] for code in column.codes.tolist()]


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
