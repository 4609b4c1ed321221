"""Reasons in words: the value of a feature, and the sentence that tells which way it moved the probability."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from features.feature import Feature
from features.vocabulary import Vocabulary

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
RARE: Final = "a rare or new value"
UNKNOWN_STAGE: Final = "a stage unknown to the model"

# Units that are counted: singular and plural.
_COUNTED: Final = {
    "interactions": ("interaction", "interactions"),
    "moves": ("move", "moves"),
    "moves back": ("move back", "moves back"),
    "jumps": ("jump", "jumps"),
    "stages": ("stage", "stages"),
    "kinds": ("kind", "kinds"),
    "channels": ("channel", "channels"),
    "active days": ("active day", "active days"),
    "leads": ("past lead", "past leads"),
    "changes": ("change", "changes"),
    "returns": ("return", "returns"),
}


def readable(feature: Feature, value: float, vocabulary: Vocabulary) -> str:
    """The value in words: "3.5 days", "no interactions", "Monday", the name of a category, or "missing"."""
    if is_missing(feature, value):
        return "missing"
    if feature.kind == "category":
        return _category(feature, int(value), vocabulary)
    if feature.unit in _COUNTED:
        return _count(value, *_COUNTED[feature.unit])
    if feature.unit == "position":
        return _position(int(value), vocabulary.stages)
    return _UNITS.get(feature.unit, plain)(value)


def sentence(feature: Feature, value: float, up: bool, vocabulary: Vocabulary) -> str:
    """The reason in words: "Profile fit of 64 raises the chance", with `lowers` unless `up`."""
    subject = _subject(feature, value, vocabulary)
    verb = "raise" if up else "lower"
    if not _is_plural(feature, value):
        verb += "s"
    return f"{subject[0].upper()}{subject[1:]} {verb} the chance"


def _subject(feature: Feature, value: float, vocabulary: Vocabulary) -> str:
    if is_missing(feature, value):
        return feature.missing.format()
    words = readable(feature, value, vocabulary)
    if feature.unit == "category":
        words = f"with {RARE}" if words == RARE else f'"{words}"'
    elif feature.unit == "boolean":
        words = f'"{words}"'
    return feature.phrase.format(value=words)


def _is_plural(feature: Feature, value: float) -> bool:
    """True if the sentence begins with a count other than one: "3 calls in the last 7 days raise the chance"."""
    is_count = feature.unit in _COUNTED or feature.unit == "trend"
    begins_with_value = feature.phrase.startswith("{value}")
    return is_count and begins_with_value and not is_missing(feature, value) and abs(value) != 1


def is_missing(feature: Feature, value: float) -> bool:
    return value == 0 if feature.kind == "category" else math.isnan(value)


def plain(value: float) -> str:
    """A number in about six digits: 1,234, 12.35, 0.00123."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if 1 <= abs(value) < 1e15 else f"{value:.3g}"


def duration(days: float) -> str:
    """A length of time in a fitting unit: "less than a minute", "40 minutes", "5 hours", "3.5 days", "120 days"."""
    size = abs(days)
    if size * 1_440 < 1:
        return "less than a minute"
    if size * 1_440 < 119.5:
        return _count(round(size * 1_440), "minute", "minutes")
    if size * 24 < 47.5:
        return _count(round(size * 24), "hour", "hours")
    return f"{size:,.0f} days" if size >= 9.95 else f"{size:.1f}".removesuffix(".0") + " days"


def _count(value: float, one: str, many: str) -> str:
    if value == 0:
        return f"no {many}"
    return f"1 {one}" if value == 1 else f"{plain(value)} {many}"


def _category(feature: Feature, code: int, vocabulary: Vocabulary) -> str:
    if feature.unit == "stage":
        return UNKNOWN_STAGE if code == 1 else f"stage {vocabulary.stages[code - 2]}"
    if feature.unit == "kind":
        return "other" if code == 1 else vocabulary.interactions.kinds[code - 2]
    if feature.unit == "channel":
        return "other" if code == 1 else vocabulary.interactions.channels[code - 2]
    return RARE if code == 1 else _levels(vocabulary)[feature.subject][code - 2]


@lru_cache(maxsize=16)
def _levels(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    return {attribute.name: attribute.levels for attribute in vocabulary.attributes}


def _position(position: int, stages: Sequence[str]) -> str:
    if position > len(stages):
        return UNKNOWN_STAGE
    return f"stage {position} of {len(stages)} ({stages[position - 1]})"


def _trend(value: float) -> str:
    if value == 0:
        return "no more interactions"
    size = _count(abs(value), "interaction", "interactions").split(" ")
    return f"{size[0]} {'more' if value > 0 else 'fewer'} {size[1]}"


def _relative(days: float) -> str:
    if abs(days) * 1_440 < 1:
        return "now"
    return f"{duration(days)} {'ahead' if days > 0 else 'ago'}"


def _around(days: float) -> str:
    if abs(days) * 1_440 < 1:
        return "at"
    return f"{duration(days)} {'after' if days > 0 else 'before'}"


_UNITS: Final[dict[str, Callable[[float], str]]] = {
    "days": duration,
    "hours": lambda hours: duration(hours / 24),
    "calendar days": lambda days: _count(days, "day", "days").replace("no days", "less than a day"),
    "relative_days": _relative,
    "signed_days": _around,
    "share": lambda share: f"{plain(round(100 * share, 1))} %",
    "times": lambda times: f"{plain(round(times, 1))} times",
    "touches": lambda touches: _count(round(touches, 1), "interaction", "interactions"),
    "trend": _trend,
    "boolean": lambda truth: "yes" if truth else "no",
    "weekday": lambda day: WEEKDAYS[int(day)],
    "month": lambda month: MONTHS[int(month) - 1],
    "hour": lambda hour: f"{int(hour):02d}:00 and {(int(hour) + 1) % 24:02d}:00",
    "week": lambda week: f"week {int(week)} of the year",
    "number": plain,
    "amount": plain,
}
