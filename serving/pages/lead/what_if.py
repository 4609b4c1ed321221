"""The what-if form of a lead's page: its fields as a request of POST /v1/leads/{lead_id}/what-if, and its choices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from history.text.times import format_time
from models.bundle import Bundle
from serving.base.clock import clock_us
from serving.base.problems import error, invalid
from serving.http.form_posts import Fields

FIELDS = ("attribute", "attribute_value", "kind", "channel", "direction", "value", "stage")


@dataclass(frozen=True)
class Choices:
    """What the lists of the form offer: the words that the model knows."""

    attributes: tuple[str, ...]
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    stages: tuple[str, ...]


def choices_of(bundle: Bundle) -> Choices:
    """The words of a model."""
    vocabulary = bundle.vocabulary
    return Choices(
        tuple(attribute.name for attribute in vocabulary.attributes),
        vocabulary.interactions.kinds,
        vocabulary.interactions.channels,
        vocabulary.stages,
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
