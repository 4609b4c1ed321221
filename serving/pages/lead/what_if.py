"""The what-if form of a lead's page: its fields as a request of POST /v1/leads/{lead_id}/what-if, and its choices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from history.text.times import format_time
from models.bundle import Bundle
from serving.base.clock import clock_us
from serving.base.problems import error, invalid
from serving.http.form_posts import Fields
from serving.pages.words.catalogue import Translator
from serving.pages.words.names import channel_words, column_words, kind_words, plain

Choice = tuple[str, str]

FIELDS = ("attribute", "attribute_value", "kind", "channel", "direction", "value", "stage")


@dataclass(frozen=True)
class Choices:
    """What the lists of the form offer: the names that the model knows, each with the words for it."""

    attributes: list[Choice]
    kinds: list[Choice]
    channels: list[Choice]
    stages: list[Choice]


def choices_of(bundle: Bundle, translate: Translator) -> Choices:
    """The names of a model, in the reader's words."""
    vocabulary = bundle.vocabulary
    known = vocabulary.interactions
    return Choices(
        [(attribute.name, column_words(attribute.name, translate)) for attribute in vocabulary.attributes],
        [(kind, plain(kind_words(kind, translate))) for kind in known.kinds],
        [(channel, channel_words(channel, translate)) for channel in known.channels],
        [(stage, stage) for stage in vocabulary.stages],
    )


def filled(fields: Fields) -> dict[str, str]:
    """The fields of the form as they were sent, to be shown again."""
    return {name: fields.text(name) for name in FIELDS}


def request_of(sent: Mapping[str, str]) -> dict[str, Any]:
    """The body of the what-if; raises Problem 422 for a form without a change, or a value that is no number."""
    now = format_time(clock_us())
    body: dict[str, Any] = {}
    if sent["attribute"]:
        body["attributes"] = {sent["attribute"]: sent["attribute_value"] or None}
    if sent["kind"]:
        body["interactions"] = [{"kind": sent["kind"], "occurred_at": now, **_details(sent)}]
    if sent["stage"]:
        body["stages"] = [{"stage": sent["stage"], "entered_at": now}]
    if not body:
        raise invalid([error(["body"], "choose an attribute, an interaction or a stage")])
    return body


def _details(sent: Mapping[str, str]) -> dict[str, Any]:
    details: dict[str, Any] = {name: sent[name] for name in ("channel", "direction") if sent[name]}
    if sent["value"]:
        details["value"] = read_number(sent["value"], "value")
    return details


def read_number(text: str, field: str) -> float:
    """A number of a form, with a point or a comma; raises Problem 422."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise invalid([error(["body", field], "expected a number")]) from None
