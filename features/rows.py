"""The rows of a feature matrix that one pass fills."""

from dataclasses import dataclass

from history.arrays import Floats, Ints


@dataclass(frozen=True)
class Rows:
    """Row i of out (n, k) describes lead[i], the index of a lead in the history, as known at as_of_us[i]."""

    out: Floats
    lead: Ints
    as_of_us: Ints
