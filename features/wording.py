"""Feature values and reasons in words: "3.5 days", "Profile fit of 64 raises the chance"."""

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
_RARE_CODE: Final = 1  # of a category without a code of its own
_FIRST_CODE: Final = 2  # of the first category with one

# A quantity reads best in minutes below two hours and in hours below two days; from ten days on, in whole days.
_MINUTES_A_DAY, _HOURS_A_DAY = 1_440, 24
_MOST_MINUTES, _MOST_HOURS, _LEAST_WHOLE_DAYS = 119.5, 47.5, 9.95
_LARGEST_EXACT = 1e15  # integers up to here are exact as float64

_MEASURES: Final = frozenset(
    {"days", "hours", "relative_days", "signed_days", "share", "times", "touches", "number", "amount"}
)

# Units of attributes whose phrase is their name and then the value: "industry retail", "planned close in 3 days".
_NAMED_UNITS: Final = ("category", "boolean", "relative_days")
# Labels of features whose phrase does not read without its value, by their wording; {name} and {pick} are its terms.
_LABELS: Final = {
    "lead_age_days": "Age of the lead",
    "stage": "Stage",
    "stage_position": "Place of the stage in the funnel",
    "furthest_position": "Furthest stage reached",
    "activity_trend": "Interactions of the last 7 days against a usual week",
    "as_of_weekday": "Day of the week",
    "as_of_month": "Month",
    "days_in_stage": "Days in the current stage",
    "days_since_move": "Days since the last stage move",
    "funnel_share": "Share of the funnel's stages visited",
    "stage_pace": "Stay in the stage against a usual one",
    "days_to_first_stage": "Days from creation to the first stage",
    "days_in_previous_stage": "Days in the previous stage",
    "days_to_stage": "Days from creation to the current stage",
    "days_at_stage": "Days in stage {name} in all",
    "days_since_first_interaction": "Days since the first interaction",
    "activity_decay_7d": "Recent activity, halved every 7 days",
    "activity_decay_30d": "Activity, halved every 30 days",
    "median_gap_days": "Usual gap between interactions",
    "unanswered_hours": "Time that a message waits for our reply",
    "value_sum_30d": "Interaction value in the last 30 days",
    "last_kind": "Kind of the last interaction",
    "last_channel": "Channel of the last interaction",
    "attribute_days_after_creation": "Days from creation to {name}",
    "attribute_weekday": "Weekday of {name}",
    "attribute_week": "Week of {name} in the year",
    "attribute_share": "How common the {name} is",
    "attribute_win_rate": "Win rate of past leads with the same {name}",
    "attribute_combination": "Match of {first} and {second}, against what each alone suggests",
    "attribute_days_since_change": "Days since the last change of {name}",
    "attribute_has": '{name} with "{pick}"',
    "created_weekday": "Weekday of creation",
    "created_hour": "Hour of creation",
    "days_to_month_end": "Days to the end of the month",
    "days_to_quarter_end": "Days to the end of the quarter",
}
_AGO: Final = " {value} ago"
# Units that are counted: singular and plural.
COUNTED: Final = {
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
    "picks": ("pick", "picks"),
}


def readable(feature: Feature, value: float, vocabulary: Vocabulary) -> str:
    """The value as people write it: 3.5 days, no interactions, Monday, a category's name; "missing" if it is."""
    if is_missing(feature, value):
        return "missing"
    if feature.kind == "category":
        return _category(feature, int(value), vocabulary)
    if feature.unit in COUNTED:
        return _count(value, *COUNTED[feature.unit])
    if feature.unit == "position":
        return _position(int(value), vocabulary.stages)
    return _UNITS.get(feature.unit, plain)(value)


def sentence(feature: Feature, value: float, up: bool, vocabulary: Vocabulary) -> str:
    """The reason in words: "Profile fit of 64 raises the chance", with `lowers` unless `up`."""
    return sentence_with(feature, value, readable(feature, value, vocabulary), up)


def sentence_with(feature: Feature, value: float, words: str, up: bool) -> str:
    """The same, if the value is already at hand in words, as `readable` gives them."""
    missing = is_missing(feature, value)
    subject = feature.missing.format() if missing else subject_of(feature, words)
    verb = "raise" if up else "lower"
    if missing or not _is_plural(feature, value):
        verb += "s"
    return f"{subject[0].upper()}{subject[1:]} {verb} the chance"


def follows_from_words(feature: Feature) -> bool:
    """True for measures, whose sentence is the same for all values that read alike: counts may be singular, and a
    category may be called "missing"."""
    return feature.unit in _MEASURES and feature.kind != "category"


def subject_of(feature: Feature, words: str) -> str:
    """The feature's noun phrase with a value in words: "Profile fit of 64"."""
    if feature.unit == "category" and words == RARE:
        words = f"with {RARE}"
    elif feature.unit in ("category", "boolean"):
        words = f'"{words}"'
    return feature.phrase.format(value=words)


def label_of(feature: Feature) -> str:
    """The feature's name for people: "Profile fit", "Days since the last interaction"."""
    phrase = feature.phrase
    if feature.wording in _LABELS:
        words = _LABELS[feature.wording].format(**dict(feature.terms))
        return words[0].upper() + words[1:]
    if phrase.endswith(_AGO):
        return f"Days since {phrase.removesuffix(_AGO).format()}"
    if feature.unit in COUNTED:
        words = phrase.format(value=COUNTED[feature.unit][1])
    elif phrase.endswith(" of {value}"):
        words = phrase.removesuffix(" of {value}").format()
    elif feature.subject and feature.unit in _NAMED_UNITS and phrase.endswith(" {value}"):
        words = phrase.removesuffix(" {value}").format()
    else:
        words = phrase.format(value="…")
    words = words.removeprefix("a ").removeprefix("an ")
    return words[0].upper() + words[1:]


def _is_plural(feature: Feature, value: float) -> bool:
    """True if the sentence begins with a count other than one: "3 calls in the last 7 days raise the chance"."""
    is_count = feature.unit in COUNTED or feature.unit == "trend"
    return is_count and abs(value) != 1 and feature.phrase.startswith("{value}")


def is_missing(feature: Feature, value: float) -> bool:
    """True for NaN, and for category code 0."""
    return value == 0 if feature.kind == "category" else math.isnan(value)


def plain(value: float) -> str:
    """A number in at most six or so digits: 1,234, 12.35, 0.00123."""
    if abs(value) >= _LARGEST_EXACT:
        return f"{value:.3g}"
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def duration(days: float) -> str:
    """A length of time in the unit that suits it: less than a minute, 40 minutes, 5 hours, 3.5 days, 120 days."""
    size = abs(days)
    minutes, hours = size * _MINUTES_A_DAY, size * _HOURS_A_DAY
    if minutes < 1:
        return "less than a minute"
    if minutes < _MOST_MINUTES:
        return _count(round(minutes), "minute", "minutes")
    if hours < _MOST_HOURS:
        return _count(round(hours), "hour", "hours")
    if size >= _LEAST_WHOLE_DAYS:
        return f"{size:,.0f} days"
    return f"{size:.1f}".removesuffix(".0") + " days"


def _count(value: float, one: str, many: str) -> str:
    if value == 0:
        return f"no {many}"
    return f"1 {one}" if value == 1 else f"{plain(value)} {many}"


def _category(feature: Feature, code: int, vocabulary: Vocabulary) -> str:
    if feature.unit == "stage":
        return UNKNOWN_STAGE if code == _RARE_CODE else f"stage {vocabulary.stages[code - _FIRST_CODE]}"
    if feature.unit == "kind":
        return "other" if code == _RARE_CODE else vocabulary.interactions.kinds[code - _FIRST_CODE]
    if feature.unit == "channel":
        return "other" if code == _RARE_CODE else vocabulary.interactions.channels[code - _FIRST_CODE]
    return RARE if code == _RARE_CODE else _levels(vocabulary)[feature.subject][code - _FIRST_CODE]


@lru_cache(maxsize=16)
def _levels(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The categories of each attribute, in the order of their codes."""
    return {attribute.name: attribute.levels for attribute in vocabulary.attributes}


def _position(position: int, stages: Sequence[str]) -> str:
    if position > len(stages):
        return UNKNOWN_STAGE
    return f"stage {position} of {len(stages)} ({stages[position - 1]})"


def _trend(value: float) -> str:
    if value == 0:
        return "no more interactions"
    amount, noun = _count(abs(value), "interaction", "interactions").split(" ")
    return f"{amount} {'more' if value > 0 else 'fewer'} {noun}"


def _relative(days: float) -> str:
    """A time before or after as_of."""
    if abs(days) * _MINUTES_A_DAY < 1:
        return "now"
    return f"{duration(days)} {'ahead' if days > 0 else 'ago'}"


def _around(days: float) -> str:
    """A time before or after creation, which the phrase names."""
    if abs(days) * _MINUTES_A_DAY < 1:
        return "at"
    return f"{duration(days)} {'after' if days > 0 else 'before'}"


def _calendar_days(days: float) -> str:
    return "less than a day" if days == 0 else _count(days, "day", "days")


_UNITS: Final[dict[str, Callable[[float], str]]] = {
    "days": duration,
    "hours": lambda hours: duration(hours / 24),
    "calendar days": _calendar_days,
    "relative_days": _relative,
    "signed_days": _around,
    "share": lambda share: f"{plain(round(100 * share, 1))} %",
    "times": lambda times: f"{plain(round(times, 1))} times",
    "touches": lambda touches: _count(round(touches, 1), "interaction", "interactions"),
    "trend": _trend,
    "boolean": lambda truth: "yes" if truth else "no",
    "pick": lambda has: "with" if has else "without",
    "weekday": lambda day: WEEKDAYS[int(day)],
    "month": lambda month: MONTHS[int(month) - 1],
    "hour": lambda hour: f"{int(hour):02d}:00 and {(int(hour) + 1) % 24:02d}:00",
    "week": lambda week: f"week {int(week)} of the year",
    "number": plain,
    "amount": plain,
}
