"""The figures of a backtest by name."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BacktestResult:
    """Figures of a backtest; the fields are the keys of `leadcast backtest --json` but `run_id`.

    origins: a record for each date with its metrics, intervals, baselines and differences. skipped: dates that could
    not be replayed. overall: means over the dates. pooled: all rows together. by: figures by group of each column.
    calibration: the reliability table. close_time: how often wins fell into each tenth of their predicted times.
    warnings: of a history that is a sample of its folder's leads.
    """

    as_of: str
    horizon_days: int
    currency: str | None
    origins: list[dict[str, Any]]
    skipped: list[dict[str, str]]
    overall: dict[str, Any]
    pooled: dict[str, Any]
    by: dict[str, list[dict[str, Any]]]
    calibration: list[dict[str, Any]]
    close_time: dict[str, Any]
    warnings: list[dict[str, Any]]
