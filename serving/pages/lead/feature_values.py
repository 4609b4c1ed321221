"""Values of features in the reader's language: 3.5 days, no interactions, Monday. In English the words of the API."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from features.feature import Feature
from features.vocabulary import Vocabulary
from features.wording import COUNTED, is_missing
from serving.pages.words.catalogue import Translator
from serving.pages.words.names import channel_name, kind_name

RARE_CODE, FIRST_CODE = 1, 2  # of categories
MINUTES_A_DAY, HOURS_A_DAY = 1_440, 24
# A length of time is in minutes, in hours or in days, as in features/wording.py.
MOST_MINUTES, MOST_HOURS, LEAST_WHOLE_DAYS = 119.5, 47.5, 9.95

Words = Callable[[Translator, float], str]


def value_words(feature: Feature, value: float, vocabulary: Vocabulary, translate: Translator) -> str:
    """The value as people write it; what is missing says so."""
    if is_missing(feature, value):
        return translate("values.missing")
    if feature.kind == "category":
        return _category(feature, int(value), vocabulary, translate)
    if feature.unit in COUNTED:
        return counted(feature.unit, value, translate)
    if feature.unit == "position":
        return _position(int(value), vocabulary, translate)
    return _UNITS.get(feature.unit, _plain)(translate, value)


def counted(unit: str, value: float, translate: Translator) -> str:
    """no interactions, 1 interaction, 3.5 interactions."""
    key = unit.replace(" ", "_")
    if value == 0:
        return translate("values.no_" + key)
    return translate("values.count_" + key, n=value, number=translate.formats.plain(value))


def duration(translate: Translator, days: float, case: str = "") -> str:
    """less than a minute, 40 minutes, 5 hours, 3.5 days; case: "_dative" after a German preposition that takes it."""
    size, formats = abs(days), translate.formats
    minutes, hours = size * MINUTES_A_DAY, size * HOURS_A_DAY
    if minutes < 1:
        return translate("values.moment" + case)
    if minutes < MOST_MINUTES:
        return translate("values.minutes", n=round(minutes), number=formats.whole(round(minutes)))
    if hours < MOST_HOURS:
        return translate("values.hours", n=round(hours), number=formats.whole(round(hours)))
    number = formats.whole(size) if size >= LEAST_WHOLE_DAYS else formats.plain(round(size, 1))
    return translate("values.days" + case, number=number)


def _category(feature: Feature, code: int, vocabulary: Vocabulary, translate: Translator) -> str:
    """The category's name; of an attribute in quotation marks."""
    if feature.unit == "stage":
        if code == RARE_CODE:
            return translate("values.unknown_stage")
        return translate("values.stage", name=vocabulary.stages[code - FIRST_CODE])
    if feature.unit in ("kind", "channel"):
        if code == RARE_CODE:
            return translate("values.other_" + feature.unit)
        known = vocabulary.interactions
        if feature.unit == "kind":
            return kind_name(known.kinds[code - FIRST_CODE], translate)
        return channel_name(known.channels[code - FIRST_CODE], translate)
    if code == RARE_CODE:
        return translate("values.rare")
    levels = next(each.levels for each in vocabulary.attributes if each.name == feature.subject)
    return translate("values.quoted", value=levels[code - FIRST_CODE])


def _position(position: int, vocabulary: Vocabulary, translate: Translator) -> str:
    stages = vocabulary.stages
    if position > len(stages):
        return translate("values.unknown_stage")
    return translate("values.position", position=position, stages=len(stages), name=stages[position - 1])


def _plain(translate: Translator, value: float) -> str:
    return translate.formats.plain(value)


def _trend(translate: Translator, value: float) -> str:
    if value == 0:
        return translate("values.as_many")
    key = "values.more" if value > 0 else "values.fewer"
    return translate(key, n=abs(value), number=translate.formats.plain(abs(value)))


def _relative(translate: Translator, days: float) -> str:
    """A time before or after the present."""
    if abs(days) * MINUTES_A_DAY < 1:
        return translate("values.now")
    return translate(
        "values.ahead" if days > 0 else "values.ago", duration=duration(translate, days, "_dative")
    )


def _around(translate: Translator, days: float) -> str:
    """A time before or after creation, which the phrase names."""
    if abs(days) * MINUTES_A_DAY < 1:
        return translate("values.at")
    return translate("values.after" if days > 0 else "values.before", duration=duration(translate, days))


def _calendar_days(translate: Translator, days: float) -> str:
    if days == 0:
        return translate("values.under_a_day")
    return translate("values.calendar_days", n=days, number=translate.formats.plain(days))


def _boolean(translate: Translator, truth: float) -> str:
    return translate("values.quoted", value=translate("values.yes" if truth else "values.no"))


def _hour(translate: Translator, hour: float) -> str:
    return translate("values.hour", start=f"{int(hour):02d}:00", end=f"{(int(hour) + 1) % 24:02d}:00")


_UNITS: Final[Mapping[str, Words]] = {
    "days": partial(duration, case="_dative"),
    "hours": lambda translate, hours: duration(translate, hours / 24, "_dative"),
    "calendar days": _calendar_days,
    "relative_days": _relative,
    "signed_days": _around,
    "share": lambda translate, share: translate(
        "values.share", number=translate.formats.plain(round(100 * share, 1))
    ),
    "times": lambda translate, times: translate(
        "values.times", number=translate.formats.plain(round(times, 1))
    ),
    "touches": lambda translate, touches: counted("interactions", round(touches, 1), translate),
    "trend": _trend,
    "boolean": _boolean,
    "pick": lambda translate, has: translate("values.with" if has else "values.without"),
    "weekday": lambda translate, day: translate.formats.day_name(int(day)),
    "month": lambda translate, month: translate.formats.month_name(int(month)),
    "hour": _hour,
    "week": lambda translate, week: translate("values.week", number=translate.formats.whole(week)),
}
