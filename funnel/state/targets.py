"""The configured targets beside the actuals: gap, whether met, and since which month it is missed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from funnel.state.period import Record

LOWER_IS_BETTER = ("cycle_time_days", "response_time_hours")
SUMS = ("revenue_per_month",)  # of a whole month; a part of one says nothing
ROUNDING = 1e-9  # a share of three fifths that was added up is no less than 0.6
MONTHLY = {
    "win_rate": "win_rate",
    "cycle_time_days": "cycle_time_days",
    "revenue_per_month": "revenue",
    "response_time_hours": "response_hours",
}


def target_records(
    targets: Mapping[str, Any], block: Mapping[str, Any], whole: Sequence[bool]
) -> list[Record]:
    """One record a target: measure, stage, target, actual, gap (actual - target), met, missed_since.

    block is a group's figures with its months, whole (m,) which of these the period does not cut. missed_since is the
    first month of the unbroken run of months, up to the last one that has a value, in which the measure missed its
    target; null where the last such month met it.
    """
    months = block["months"]
    uncut = [month for month, is_whole in zip(months, whole, strict=True) if is_whole]
    records = []
    for measure, target in targets.items():
        if measure != "stage_conversion":
            monthly = _reader(MONTHLY[measure])
            judged = uncut if measure in SUMS else months
            records.append(_record((measure, None, target), _actual(measure, block), judged, monthly))
    actual = {stage["stage"]: stage["conversion"]["onward"]["rate"] for stage in block["stages"]}
    for stage, target in targets.get("stage_conversion", {}).items():
        named = ("stage_conversion", stage, target)
        records.append(_record(named, actual.get(stage), months, _stage_reader(stage)))
    return records


def _actual(measure: str, block: Mapping[str, Any]) -> float | None:
    response = block["activity"]["response_hours"]
    found: dict[str, float | None] = {
        "win_rate": block["deals"]["win_rate"],
        "cycle_time_days": block["cycle_time_days"]["calendar"]["median"],
        "revenue_per_month": block["deals"]["revenue_per_month"],
        "response_time_hours": response["median"] if response else None,
    }
    return found[measure]


Reader = Callable[[Mapping[str, Any]], float | None]


def _reader(key: str) -> Reader:
    return lambda month: month[key]


def _stage_reader(stage: str) -> Reader:
    return lambda month: month["stage_conversion"].get(stage)


def _record(
    named: tuple[str, str | None, float],
    actual: float | None,
    months: Sequence[Mapping[str, Any]],
    read: Reader,
) -> Record:
    measure, stage, target = named
    since = None
    for month in reversed(months):
        value = read(month)
        if value is None:
            continue
        if _met(measure, value, target):
            break
        since = month["month"]
    met = None if actual is None else _met(measure, actual, target)
    return {
        "measure": measure,
        "stage": stage,
        "target": target,
        "actual": actual,
        "gap": None if actual is None else actual - target,
        "met": met,
        "missed_since": since,
    }


def _met(measure: str, value: float, target: float) -> bool:
    slack = ROUNDING * max(abs(target), 1.0)
    return value <= target + slack if measure in LOWER_IS_BETTER else value >= target - slack
