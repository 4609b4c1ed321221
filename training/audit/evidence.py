"""Evidence against a column: its grade, a clause for people and its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.figures.intervals import Bounds, wilson_terms

STRONG, WEAK = 2, 1  # grades: strong evidence leaves the column out, weak evidence only warns
ANY_VALUE = "any value"
MIN_DECIDED = 60  # leads, for values to be tested at all
MIN_EACH = 20  # leads on either side of a comparison
Z_ONE_SIDED = 2.6  # normal quantile of 99.5 %


@dataclass(frozen=True)
class Evidence:
    """One finding about a column; clause: part of a sentence, numbers: for the audit's JSON."""

    grade: int
    clause: str
    numbers: dict[str, float] = field(default_factory=dict)


def wilson_bounds(hits: npt.ArrayLike, n: npt.ArrayLike, z: float = Z_ONE_SIDED) -> Bounds:
    """Wilson's bounds of the rates hits / n, element by element; (0, 1) if n is 0."""
    cases = np.maximum(np.asarray(n, dtype=np.float64), 1e-9)
    terms = wilson_terms(np.asarray(hits) / cases, cases, z)
    half_width = z * terms.root
    low = np.clip((terms.middle - half_width) / terms.divisor, 0, 1)
    high = np.clip((terms.middle + half_width) / terms.divisor, 0, 1)
    return Bounds(low, high)


def quoted(values: Sequence[str], at_most: int = 3) -> str:
    """The first values in quotes, and the number of the others."""
    if list(values) == [ANY_VALUE]:
        return ANY_VALUE
    rest = f" and {len(values) - at_most} more" if len(values) > at_most else ""
    return ", ".join(f"'{value[:60]}'" for value in values[:at_most]) + rest
