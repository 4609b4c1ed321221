"""The forecast basis: replayed forecasts beside what happened, from which later forecasts learn their errors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats

SERIES = ("open_wins", "new_wins", "open_revenue", "new_revenue", "wins", "revenue")


@dataclass(frozen=True)
class ForecastBasis:
    """Forecasts at m replayed instants for k spans of days; each matrix (m, k) is cumulated from the instant on.

    open_ and new_: expected of leads open at the instant and of leads yet to come; only the model's parameters and
    level come from later data. wins and revenue: the actual ones, NaN if the span was not over at training. recent_wins
    and recent_revenue (m,): means per day of the RECENT_DAYS before the instant.
    """

    as_of_us: npt.NDArray[np.int64]
    days: Floats
    open_wins: Floats
    new_wins: Floats
    open_revenue: Floats
    new_revenue: Floats
    wins: Floats
    revenue: Floats
    recent_wins: Floats
    recent_revenue: Floats

    def __len__(self) -> int:
        return len(self.as_of_us)

    def to_dict(self) -> dict[str, Any]:
        plain = {name: _nullable(getattr(self, name)) for name in (*SERIES, "recent_wins", "recent_revenue")}
        return {"as_of_us": self.as_of_us.tolist(), "days": self.days.tolist(), **plain}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "ForecastBasis":
        m, k = len(d["as_of_us"]), len(d["days"])
        plain = {name: np.array(d[name], dtype=np.float64).reshape(m, k) for name in SERIES}
        return cls(
            as_of_us=np.array(d["as_of_us"], dtype=np.int64),
            days=np.array(d["days"], dtype=np.float64),
            recent_wins=np.array(d["recent_wins"], dtype=np.float64),
            recent_revenue=np.array(d["recent_revenue"], dtype=np.float64),
            **plain,
        )


def _nullable(values: Floats) -> Any:
    """Nested lists with None for NaN, to four decimals: cents need no more."""
    if values.ndim > 1:
        return [_nullable(row) for row in values]
    # NaN is the only number that differs from itself.
    return [None if v != v else round(v, 4) for v in values.tolist()]
