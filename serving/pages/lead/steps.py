"""The next step of a lead in the reader's language; in English the words of the API."""

from dataclasses import dataclass
from typing import Any

from funnel.state.attention.next_step import WEEKDAYS, NextStep, in_units
from serving.pages.words.catalogue import Translator
from serving.pages.words.names import kind_noun

_NEAR = {0: "today", 1: "yesterday", -1: "tomorrow"}


@dataclass(frozen=True)
class StepWords:
    """What to do next, and why."""

    action: str
    fact: str | None


def step_words(step: NextStep | None, translate: Translator, now_us: int) -> StepWords | None:
    """The sentences of a step; None without one."""
    if step is None:
        return None
    values = {name: _written(name, value, translate, now_us) for name, value in step.values.items()}
    fact = None if step.fact is None else translate("steps.fact_" + step.fact, **values)
    return StepWords(translate("steps." + step.action, **values), fact)


def _written(name: str, value: Any, translate: Translator, now_us: int) -> Any:
    if name == "kind":
        return kind_noun(value, translate)
    if name == "day":
        return _day(value, translate, now_us)
    if name == "by":
        is_today = translate.formats.days_between(value, now_us) == 0
        day = _day(value, translate, now_us)
        return day if is_today else translate("steps.by", day=day)
    if name == "days":
        return translate("steps.day", n=value)
    if name == "limit":
        number, unit = in_units(value)
        return translate("steps." + unit, n=number)
    return value


def _day(instant_us: int, translate: Translator, now_us: int) -> str:
    """today, a weekday within six days, else the date."""
    formats = translate.formats
    days = formats.days_between(instant_us, now_us)
    if days in _NEAR:
        return translate("frame." + _NEAR[days])
    if abs(days) < len(WEEKDAYS):
        return formats.weekday_name(instant_us)
    same_year = formats.year(instant_us) == formats.year(now_us)
    return (formats.short_day if same_year else formats.day)(instant_us)
