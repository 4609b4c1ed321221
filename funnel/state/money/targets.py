"""Configured targets beside the actual values: gap, whether met, and since which month missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funnel.records import Record, ratio

LOWER_IS_BETTER = ("cycle_time_days", "response_time_hours")
SUMS = ("revenue_per_month",)  # of a whole month; a part of a month cannot miss them
ROUNDING = 1e-9  # relative: a share of three fifths that was added up must meet 0.6
STAGE_CONVERSION = "stage_conversion"
MONTHLY_KEYS = {
    "win_rate": "win_rate",
    "cycle_time_days": "cycle_time_days",
    "revenue_per_month": "revenue",
    "response_time_hours": "response_hours",
}


@dataclass(frozen=True)
class _Target:
    """A configured target; `stage` of a stage conversion only."""

    measure: str
    value: float
    stage: str | None = None

    def is_met(self, actual: float) -> bool:
        slack = ROUNDING * max(abs(self.value), 1.0)
        if self.measure in LOWER_IS_BETTER:
            return actual <= self.value + slack
        return actual >= self.value - slack

    def attained(self, actual: float) -> float | None:
        """The share of the target that is reached."""
        is_time = self.measure in LOWER_IS_BETTER
        return ratio(self.value, actual) if is_time else ratio(actual, self.value)

    def in_month(self, month: Mapping[str, Any]) -> float | None:
        """The measure in a record of months.month_records."""
        if self.stage is not None:
            return month[STAGE_CONVERSION].get(self.stage)  # type: ignore[no-any-return]
        return month[MONTHLY_KEYS[self.measure]]  # type: ignore[no-any-return]


def target_records(
    targets: Mapping[str, Any], block: Mapping[str, Any], whole_months: Sequence[bool]
) -> list[Record]:
    """One record a target: measure, stage, target, actual, gap (actual - target), attained, met, missed_since.

    attained: actual / target, of times target / actual, so that 1 and more is met; null for a divisor of 0.

    block: the figures of a group, with its months; whole_months (m,): the period contains the month whole. missed_since
    is the first month of the unbroken run of misses up to the last month with a value; null if that month met the
    target.
    """
    months = block["months"]
    whole = [month for month, is_whole in zip(months, whole_months, strict=True) if is_whole]
    records = []
    for measure, value in targets.items():
        if measure != STAGE_CONVERSION:
            judged = whole if measure in SUMS else months
            records.append(_record(_Target(measure, value), _actual(measure, block), judged))
    rates = {stage["stage"]: stage["conversion"]["onward"]["rate"] for stage in block["stages"]}
    for stage, value in targets.get(STAGE_CONVERSION, {}).items():
        records.append(_record(_Target(STAGE_CONVERSION, value, stage), rates.get(stage), months))
    return records


def _actual(measure: str, block: Mapping[str, Any]) -> float | None:
    response = block["activity"]["response_hours"]
    values: dict[str, float | None] = {
        "win_rate": block["deals"]["win_rate"],
        "cycle_time_days": block["cycle_time_days"]["calendar"]["median"],
        "revenue_per_month": block["deals"]["revenue_per_month"],
        "response_time_hours": response["median"] if response else None,
    }
    return values[measure]


def _record(target: _Target, actual: float | None, months: Sequence[Mapping[str, Any]]) -> Record:
    return {
        "measure": target.measure,
        "stage": target.stage,
        "target": target.value,
        "actual": actual,
        "gap": None if actual is None else actual - target.value,
        "attained": None if actual is None else target.attained(actual),
        "met": None if actual is None else target.is_met(actual),
        "missed_since": _missed_since(target, months),
    }


def _missed_since(target: _Target, months: Sequence[Mapping[str, Any]]) -> str | None:
    since = None
    for month in reversed(months):
        value = target.in_month(month)
        if value is None:
            continue
        if target.is_met(value):
            break
        since = month["month"]
    return since
