"""Events: read strictly one by one, stored once each, told apart by event_id for as long as the lead is kept."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from history.history import DIRECTIONS, NO_DIRECTION, STATES
from history.schema import NOT_ATTRIBUTES, OWN_ATTRIBUTES
from history.times import EARLIEST_US, read_rfc_3339
from serving.api.score_schema import LEAD
from serving.base.event import Event, EventProblem, RejectedEvent
from serving.base.limits import MAX_ATTRIBUTES, MAX_EVENTS
from serving.base.problems import error, invalid, too_large
from serving.http.shapes import Field, Shape
from serving.store.leads import PutLead, stored_scalar

KEY_BYTES = 16

INTERACTION_DATA = Shape(
    "InteractionData",
    {
        "kind": Field("name", "What happened, such as email_open or call.", required=True),
        "interaction_id": Field("key", "A known one of the lead makes the event a duplicate."),
        "channel": Field("text", "Such as email or phone."),
        "direction": Field(
            "choice", "Who acted: the lead (inbound) or you.", choices=("inbound", "outbound")
        ),
        "value": Field("number", "Any measure of it, such as minutes or pages."),
    },
)
STAGE_DATA = Shape("StageData", {"stage": Field("name", "The stage entered.", required=True)})
OUTCOME_DATA = Shape(
    "OutcomeData",
    {
        "outcome": Field(
            "choice", "How it ended, or open again.", required=True, choices=tuple(sorted(STATES))
        ),
        "amount": Field("number", "What was won, 0 or more."),
        "reason": Field("text", "Why."),
    },
)
_DATA = {
    "interaction": Field("record", "The touch.", required=True, of=INTERACTION_DATA),
    "stage": Field("record", "The stage entered.", required=True, of=STAGE_DATA),
    "outcome": Field("record", "The decision.", required=True, of=OUTCOME_DATA),
    "attributes": Field("scalars", "The values from then on; null for none.", required=True),
}


def _event_shape(kind: str, data: Field) -> Shape:
    return Shape(
        f"{kind.capitalize()}Event",
        {
            "event_id": Field("id", "Your id of the event: sent again, it is a duplicate.", required=True),
            "lead_id": Field("id", "Your id of the lead.", required=True),
            "type": Field("choice", "What the event says.", required=True, choices=(kind,)),
            "occurred_at": Field("time", "When it happened, at most 5 minutes ahead.", required=True),
            "data": data,
        },
    )


EVENTS = {kind: _event_shape(kind, data) for kind, data in _DATA.items()}
DATA_SHAPES = (INTERACTION_DATA, STAGE_DATA, OUTCOME_DATA)
STORED_LEAD = Shape(
    "StoredLead",
    {
        "created_at": Field("time", "When the lead was created; never changes.", required=True),
        **{name: LEAD.fields[name] for name in OWN_ATTRIBUTES},
        "attributes": Field(
            "scalars", "The first gives the values at creation, a later one is merged; null clears."
        ),
    },
)


def event_key(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=KEY_BYTES).digest()


def events_of(value: Any) -> Iterator[Event]:
    """The events of a request in order, each read when it is asked for, wrong ones with their problems.

    Raises Problem for the request itself: not {events: [...]}, or more than MAX_EVENTS.
    """
    if type(value) is not dict:
        raise invalid([error(["body"], "expected an object with the key events")])
    found = [error(["body", key], "unknown key") for key in value if key != "events"]
    events = value.get("events")
    if type(events) is not list:
        found.append(
            error(["body", "events"], "missing" if "events" not in value else "expected a list of events")
        )
    if found or type(events) is not list:
        raise invalid(found)
    if len(events) > MAX_EVENTS:
        raise too_large(f"A request may have {MAX_EVENTS} events, this one has {len(events)}; send several.")
    return map(_read, events)


def _read(value: Any) -> Event:
    if type(value) is not dict:
        return Event(None, problems=[EventProblem("invalid", (), "expected an object")])
    key = _key(value)
    kind = value.get("type")
    shape = EVENTS.get(kind) if type(kind) is str else None
    if shape is None or type(kind) is not str:
        return Event(key, problems=[EventProblem("invalid", ("type",), _type_message(value))])
    if found := shape.problems(value, ()):
        return Event(key, problems=[EventProblem("invalid", tuple(p["loc"]), p["msg"]) for p in found])
    try:
        occurred_us = read_time(value["occurred_at"])
        table, rows = _ROWS[kind](value["data"])
    except _Invalid as invalid_value:
        return Event(key, problems=[invalid_value.problem])
    return Event(key, value["lead_id"], occurred_us, table, rows)


def _key(event: Mapping[str, Any]) -> bytes | None:
    event_id = event.get("event_id")
    return event_key(event_id) if type(event_id) is str and event_id.strip() else None


def _type_message(event: Mapping[str, Any]) -> str:
    return f"expected {' or '.join(EVENTS)}" if "type" in event else "missing"


class _Invalid(Exception):
    """A value of an event that breaks a rule."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.problem = EventProblem("invalid", path, message)


def rejections(rejected: Sequence[RejectedEvent]) -> list[dict[str, Any]]:
    """Rejected events as {index, errors: [{code, loc, msg}]}, loc within the whole request."""
    return [
        {"index": event.index, "errors": [_entry(event.index, problem) for problem in event.problems]}
        for event in rejected
    ]


def _entry(index: int, problem: EventProblem) -> dict[str, Any]:
    return {"code": problem.code, **error(["body", "events", index, *problem.path], problem.message)}


def read_time(text: str) -> int:
    """An RFC 3339 time with an offset, from 1990 on, as microseconds UTC."""
    us = read_rfc_3339(text)
    if us is None:
        raise _Invalid(("occurred_at",), "expected an RFC 3339 time with an offset or Z")
    if us < EARLIEST_US:
        raise _Invalid(("occurred_at",), "the time is before 1990")
    return us


def _interaction(data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    value = data.get("value")
    row = {
        "kind": data["kind"],
        "channel": data.get("channel") or None,
        "direction": DIRECTIONS.get(data.get("direction") or "", NO_DIRECTION),
        "value": None if value is None else float(value),
        "interaction_id": data.get("interaction_id") or None,
    }
    return "interactions", [row]


def _stage(data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    return "stages", [{"stage": data["stage"]}]


def _outcome(data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    amount = data.get("amount")
    if amount is not None and amount < 0:
        raise _Invalid(("data", "amount"), "expected a number of at least 0")
    row = {
        "state": STATES[data["outcome"]],
        "amount": None if amount is None else float(amount),
        "reason": data.get("reason") or None,
    }
    return "outcomes", [row]


def _attributes(data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    if not data:
        raise _Invalid(("data",), "expected at least one attribute")
    if len(data) > MAX_ATTRIBUTES:
        raise _Invalid(("data",), f"expected at most {MAX_ATTRIBUTES} attributes")
    if fixed := sorted(NOT_ATTRIBUTES & set(data)):
        raise _Invalid(("data", fixed[0]), "lead_id, created_at and recorded_at are no attributes")
    rows = [{"attribute": name, "value": stored_scalar(value)} for name, value in data.items()]
    return "attribute_changes", rows


_ROWS: Final = {"interaction": _interaction, "stage": _stage, "outcome": _outcome, "attributes": _attributes}


def weight(events: Sequence[Event]) -> int:
    """How many rows these events may mean."""
    return sum(len(event.rows) for event in events) + 1


def read_lead(lead_id: str, value: Any) -> PutLead:
    """The body of PUT /v1/leads/{lead_id}; raises Problem 422 with everything that is wrong with it."""
    found = STORED_LEAD.problems(value)
    attributes = value.get("attributes") if type(value) is dict else None
    if type(attributes) is dict:
        fixed = [name for name in attributes if name in NOT_ATTRIBUTES or name in OWN_ATTRIBUTES]
        found += [
            error(["body", "attributes", name], "is a key beside attributes, not in it") for name in fixed
        ]
    if found:
        raise invalid(found)
    try:
        created_us = read_time(value["created_at"])
    except _Invalid as invalid_time:
        raise invalid([error(["body", "created_at"], invalid_time.problem.message)]) from None
    values = {name: value[name] for name in OWN_ATTRIBUTES if name in value}
    return PutLead(lead_id, created_us, {**values, **(attributes or {})})
