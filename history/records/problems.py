"""What is wrong with a request record, said in full: every problem with the path of what has it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from history.history import STATES
from history.schema import FIXED_ATTRIBUTES, LONGEST_ID, NOT_ATTRIBUTES, OWN_ATTRIBUTES
from history.times import EARLIEST_US, LATEST_US, read_rfc_3339
from history.values import LARGEST_NUMBER, value_text

Record = Mapping[str, Any]

ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "interactions": ("occurred_at", "kind"),
    "stages": ("entered_at", "stage"),
    "attribute_changes": ("changed_at", "attribute"),
}
TIME_FORM: Final = "expected an RFC 3339 time with an offset or Z, such as 2026-01-31T09:30:00Z"


def problems_of(lead: Record) -> list[str]:
    """Every rule of the door that the lead breaks, as 'path: what, got, expected'; empty for a good lead."""
    problems = [
        *_id_problems(lead.get("lead_id")),
        *_time_problems("created_at", lead.get("created_at"), needed=True),
    ]
    for table, (time, text) in ROWS.items():
        for index, row in enumerate(lead.get(table) or ()):
            problems += _row_problems(f"{table}[{index}]", row, time, text)
    problems += _attribute_problems(lead)
    if lead.get("outcome"):
        problems += _outcome_problems(lead["outcome"], lead.get("created_at"))
    return problems


def _id_problems(lead_id: object) -> Iterator[str]:
    if not isinstance(lead_id, str) or not lead_id.strip():
        yield f"lead_id: {_shown(lead_id)} is empty, blank or no text"
    elif len(lead_id) > LONGEST_ID:
        yield f"lead_id: has {len(lead_id)} characters, expected at most {LONGEST_ID}"


def _time_problems(path: str, text: object, needed: bool) -> Iterator[str]:
    if text is None or text == "":
        if needed:
            yield f"{path}: is missing, {TIME_FORM}"
        return
    us = read_rfc_3339(text) if isinstance(text, str) else None
    if us is None:
        yield f"{path}: {_shown(text)} is not a time, {TIME_FORM}"
    elif us < EARLIEST_US:
        yield f"{path}: {_shown(text)} is before 1990"
    elif us > LATEST_US:
        yield f"{path}: {_shown(text)} is after the year 9999"


def _row_problems(path: str, row: Record, time: str, text: str) -> Iterator[str]:
    yield from _time_problems(f"{path}.{time}", row.get(time), needed=True)
    yield from _time_problems(f"{path}.recorded_at", row.get("recorded_at"), needed=False)
    if not isinstance(row.get(text), str) or not row[text]:
        yield f"{path}.{text}: {_shown(row.get(text))} is empty or no text"
    if text == "kind" and row.get("value") is not None and not _is_number(row["value"]):
        yield f"{path}.value: {_shown(row['value'])} is not a number from -1e30 to 1e30"
    if text == "attribute":
        if row.get("attribute") in FIXED_ATTRIBUTES:
            yield f"{path}.attribute: {row['attribute']} never changes"
        yield from _value_problems(f"{path}.value", row.get("value"))


def _attribute_problems(lead: Record) -> Iterator[str]:
    inside = lead.get("attributes") or {}
    for name in sorted(NOT_ATTRIBUTES.intersection(inside)):
        yield f"attributes.{name}: is not an attribute; leave it out"
    for name in OWN_ATTRIBUTES:
        if name in lead and name in inside:
            yield f"attributes.{name}: is given beside attributes too; give it once"
        yield from _value_problems(name, lead.get(name))
    for name, value in inside.items():
        yield from _value_problems(f"attributes.{name}", value)


def _value_problems(path: str, value: object) -> Iterator[str]:
    try:
        value_text(value)
    except TypeError as error:
        yield f"{path}: {error}"


def _outcome_problems(row: Record, created_at: object) -> Iterator[str]:
    if row.get("outcome") not in tuple(STATES):
        yield f"outcome.outcome: {_shown(row.get('outcome'))}, expected won, lost or open"
    times = {
        key: list(_time_problems(f"outcome.{key}", row.get(key), needed=False))
        for key in ("closed_at", "recorded_at")
    }
    for found in times.values():
        yield from found
    if row.get("amount") is not None and not (_is_number(row["amount"]) and row["amount"] >= 0):
        yield f"outcome.amount: {_shown(row['amount'])} is not a number from 0 to 1e30"
    key = "closed_at" if row.get("closed_at") else "recorded_at"
    begun = read_rfc_3339(created_at) if isinstance(created_at, str) else None
    closed = read_rfc_3339(row[key]) if isinstance(row.get(key), str) else None
    if begun is not None and closed is not None and closed < begun:
        yield f"outcome.{key}: {row[key]!r} is before created_at, {created_at!r}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and -LARGEST_NUMBER <= value <= LARGEST_NUMBER


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
