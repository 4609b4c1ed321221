"""Groups of leads at an instant, with readable labels: numbers in bands, rare values together."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from features.attributes.entries import text_at
from history.base.arrays import Floats
from history.snapshot import Snapshot, current_stages
from history.text.times import DAY_US
from training.evaluation.metrics import best_first

AGE_STARTS = (0, 7, 30, 90, 180)  # days
AGE_LABELS = ("under 7 days", "7 to 30 days", "30 to 90 days", "90 to 180 days", "180 days or more")
NO_VALUE = "(none)"
REST = "(all others)"
MAX_GROUPS = 20
BANDS = 4
FEW_NUMBERS = 8  # a number with more distinct values is shown in bands
TOP = 0.2  # share of leads that count as selected


def group_of(snapshot: Snapshot, name: str) -> list[str]:
    """The group of each of n leads at its instant: its stage, age band, or the value of an attribute valid then."""
    if name == "stage":
        return [stage or NO_VALUE for stage in current_stages(snapshot)]
    if name == "lead_age":
        days = (snapshot.as_of_us - snapshot.history.created_us[snapshot.lead]) / DAY_US
        bands = np.searchsorted(AGE_STARTS, days, side="right") - 1
        return [AGE_LABELS[band] for band in bands.tolist()]
    column = text_at(snapshot.history, name, snapshot.lead, snapshot.as_of_us)
    return [NO_VALUE if code < 0 else column.values[code] for code in column.codes.tolist()]


def selected(probability: Floats) -> Floats:
    """1 for the best TOP of n leads scored at one instant (at least one lead), else 0; shape (n,)."""
    out = np.zeros(len(probability))
    size = max(1, round(len(probability) * TOP))
    out[best_first(probability)[:size]] = 1.0
    return out


def group_labels(values: Sequence[str]) -> list[str]:
    """A label for each of n values: its band if the values are many distinct numbers, REST if it is rare."""
    numbers = _as_numbers(values)
    if numbers is not None:
        return _band_labels(numbers)
    frequent = {value for value, _ in Counter(values).most_common(MAX_GROUPS)}
    return [value if value in frequent else REST for value in values]


def _as_numbers(values: Sequence[str]) -> Floats | None:
    """The values as numbers (n,), NaN for NO_VALUE; None if one is not a finite number or few are distinct."""
    texts = set(values) - {NO_VALUE}
    try:
        parsed = {text: float(text) for text in texts}
    except ValueError:
        return None
    if len(parsed) <= FEW_NUMBERS or not np.isfinite(list(parsed.values())).all():
        return None
    return np.array([parsed.get(value, np.nan) for value in values])


def _band_labels(numbers: Floats) -> list[str]:
    """Labels of BANDS bands of about equal size; NO_VALUE for NaN."""
    cuts = np.unique(np.nanquantile(numbers, np.linspace(0, 1, BANDS + 1)[1:-1]))
    texts = [f"{cut:g}" for cut in cuts]
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    labels = [f"up to {texts[0]}", *between, f"over {texts[-1]}"]
    bands = np.searchsorted(cuts, numbers, side="left").tolist()
    return [
        NO_VALUE if np.isnan(number) else labels[band] for number, band in zip(numbers, bands, strict=True)
    ]
