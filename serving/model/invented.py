"""An invented lead that a model reads like a real one: with a value for each of its attributes, kinds and channels."""

from itertools import islice, zip_longest
from typing import Any

from features.attributes.attributes import Attribute
from features.attributes.parsing import BOOLEAN, DATE, NUMBER
from history.config.schema import OWN_ATTRIBUTES
from history.text.times import DAY_US, format_time
from models.bundle import Bundle

MOST_INTERACTIONS = 40
_PLAIN = {NUMBER: "12", DATE: "2026-01-05", BOOLEAN: "true"}


def invented_lead(bundle: Bundle) -> dict[str, Any]:
    """A lead in the form of a request, with rows in every table, so that every part of the model is read."""
    created = format_time(bundle.trained_through_us - 10 * DAY_US)
    yesterday = format_time(bundle.trained_through_us - DAY_US)
    texts = {attribute.name: _text(attribute) for attribute in bundle.vocabulary.attributes}
    return {
        "lead_id": "trial",
        "created_at": created,
        **{name: text for name, text in texts.items() if name in OWN_ATTRIBUTES},
        "attributes": {name: text for name, text in texts.items() if name not in OWN_ATTRIBUTES},
        "interactions": _interactions(bundle, created, yesterday),
        "stages": [{"stage": name, "entered_at": created} for name in bundle.config.stages[:1]],
        "attribute_changes": [
            {"attribute": name, "value": text, "changed_at": yesterday}
            for name, text in islice(texts.items(), 1)
        ],
    }


def _text(attribute: Attribute) -> str:
    known = attribute.levels or attribute.seen or ("1",)
    return _PLAIN.get(attribute.kind, known[0])


def _interactions(bundle: Bundle, first: str, last: str) -> list[dict[str, Any]]:
    """At least two, at the first and at the last time: one of each kind and channel."""
    vocabulary = bundle.vocabulary.interactions
    names = zip_longest(("call", *vocabulary.kinds), ("phone", *vocabulary.channels), fillvalue="other")
    return [
        {"kind": kind, "channel": channel, "occurred_at": at, "direction": direction, "value": 1}
        for kind, channel in islice(names, MOST_INTERACTIONS // 2)
        for at, direction in ((first, "outbound"), (last, "inbound"))
    ]
