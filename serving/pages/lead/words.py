"""Entries of a timeline as people say them: "Call, from us, 13 minutes", "Moved to Negotiation"."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import is_date
from serving.pages.words.names import DIRECTED, channel_name, column_words, kind_words, plain

TIMED: Final = ("call", "meeting", "demo")  # kinds whose value is minutes in every import

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """An entry in words, with a short label beside it, and the entry itself."""

    text: str
    tag: str | None
    entry: Entry


@dataclass(frozen=True)
class Day:
    """The entries of one day, newest first; moment is one of its instants."""

    moment: str
    entries: Sequence[Said]


def days_of(entries: Sequence[Entry], translate: Translator, currency: str | None) -> list[Day]:
    """The entries, newest first, by calendar day of the funnel's zone."""
    formats = translate.formats
    by_day = groupby(entries, key=lambda entry: formats.day(entry["occurred_at"]))
    return [
        Day(same[0]["occurred_at"], [said(entry, translate, currency) for entry in same])
        for same in (list(of_day) for _, of_day in by_day)
    ]


def said(entry: Entry, translate: Translator, currency: str | None) -> Said:
    """One entry in words."""
    text, tag = _WORDS[entry["type"]](entry["data"], translate, currency)
    return Said(text, tag, entry)


Words = tuple[str, str | None]


def _interaction(data: Mapping[str, Any], translate: Translator, _currency: str | None) -> Words:
    parts = [plain(kind_words(data["kind"], translate))]
    if data["kind"] in DIRECTED:
        pass
    elif data.get("direction") == "inbound":
        parts.append(translate("lead.from_lead"))
    elif data.get("direction") == "outbound":
        parts.append(translate("lead.from_us"))
    if data.get("value") is not None:
        parts.append(_value(data["kind"], data["value"], translate))
    channel = data.get("channel")
    return ", ".join(parts), channel and channel_name(channel, translate)


def _value(kind: str, value: float, translate: Translator) -> str:
    if kind in TIMED:
        return translate("lead.minutes", n=round(value))
    return translate("lead.with_value", value=translate.formats.number(value))


def _stage(data: Mapping[str, Any], translate: Translator, _currency: str | None) -> Words:
    return translate("lead.moved_to", stage=plain(data["stage"])), translate("lead.stage_tag")


def _outcome(data: Mapping[str, Any], translate: Translator, currency: str | None) -> Words:
    parts = [translate(f"lead.outcome_{data['outcome']}")]
    if data.get("amount") is not None:
        parts.append(translate.formats.money(data["amount"], currency))
    if data.get("reason"):
        parts.append(str(data["reason"]))
    return ", ".join(parts), None


def _attributes(data: Mapping[str, Any], translate: Translator, _currency: str | None) -> Words:
    told = [
        f"{column_words(name, translate)}: {value_words(value, translate)}" for name, value in data.items()
    ]
    return "; ".join(told), translate("lead.change_tag")


def value_words(value: Any, translate: Translator) -> str:
    """The value of an attribute as it was sent; yes and no as words, a date as people write it."""
    if value is None:
        return translate("lead.no_value")
    if str(value).lower() in ("true", "false"):  # a folder's booleans are texts
        return translate("lead.yes" if str(value).lower() == "true" else "lead.no")
    text = str(value)
    return translate.formats.day(text) if is_date(text) else text


_WORDS: Mapping[str, Callable[[Mapping[str, Any], Translator, str | None], Words]] = {
    "interaction": _interaction,
    "stage": _stage,
    "outcome": _outcome,
    "attributes": _attributes,
}
