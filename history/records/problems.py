"""Every problem of a request record, with the path of the field that has it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from history.base.errors import FieldProblem
from history.config.schema import (
    FIXED_ATTRIBUTES,
    LONGEST_ID,
    NAME,
    NOT_ATTRIBUTES,
    NUMBER,
    OWN_ATTRIBUTES,
    SCALAR,
    TABLES,
    TIME,
    Field,
    TableLayout,
)
from history.records.rows import ROW_TABLES, rows_in
from history.text.outcome_words import NO_WORDS, OutcomeWords, state_of
from history.text.times import EARLIEST_US, LATEST_US, read_rfc_3339
from history.text.values import LARGEST_NUMBER, value_text

Record = Mapping[str, Any]
Path = Sequence[str | int]
Problems = Iterator[FieldProblem]

TIME_FORM: Final = "expected an RFC 3339 time with an offset or Z, such as 2026-01-31T09:30:00Z"
LONGEST_SHOWN: Final = 80  # characters of a value in a message


def problems_of(lead: Record, words: OutcomeWords = NO_WORDS) -> list[FieldProblem]:
    """Every rule that the lead breaks; empty for a valid lead. words: for outcomes, beside the usual ones."""
    problems = [
        *_id_problems(lead.get("lead_id")),
        *_time_problems(["created_at"], lead.get("created_at"), required=True),
    ]
    for table in ROW_TABLES:
        for index, row in enumerate(rows_in(lead, table)):
            problems += _row_problems([table, index], row, TABLES[table])
    problems += _attribute_problems(lead)
    if lead.get("outcome"):
        problems += _row_problems(["outcome"], lead["outcome"], _outcomes(words))
        problems += _order_problems(lead["outcome"], lead.get("created_at"))
    return problems


def _outcomes(words: OutcomeWords) -> TableLayout:
    """The table of outcomes, which knows these words, too."""
    layout = TABLES["outcomes"]
    outcome = replace(layout.fields["outcome"], choice_of=partial(state_of, own=words))
    return replace(layout, fields={**layout.fields, "outcome": outcome})


def _problem(path: Path, message: str) -> FieldProblem:
    return FieldProblem(tuple(path), message)


def _id_problems(lead_id: object) -> Problems:
    if not isinstance(lead_id, str):
        yield _problem(["lead_id"], f"{_shown(lead_id)} is not a text")
    elif not lead_id.strip():
        yield _problem(["lead_id"], f"{_shown(lead_id)} is empty or blank")
    elif len(lead_id) > LONGEST_ID:
        yield _problem(["lead_id"], f"has {len(lead_id)} characters, expected at most {LONGEST_ID}")


def _row_problems(path: Path, row: Record, layout: TableLayout) -> Problems:
    for name, field in layout.fields.items():
        if name != "lead_id":
            yield from _field_problems([*path, name], row.get(name), field)
    if row.get("attribute") in FIXED_ATTRIBUTES:
        yield _problem([*path, "attribute"], f"{row['attribute']} never changes")


def _field_problems(path: Path, value: object, field: Field) -> Problems:
    """Problems of one field by its kind; optional texts have none, since the request's types are checked before."""
    if field.kind == TIME:
        yield from _time_problems(path, value, field.required)
    elif field.kind == NUMBER:
        if value is not None and not _is_number(value, field.lowest):
            lowest = "0" if field.lowest == 0 else "-1e30"
            yield _problem(path, f"{_shown(value)} is not a number from {lowest} to 1e30")
    elif field.kind == SCALAR:
        yield from _scalar_problems(path, value)
    elif field.kind == NAME and field.choices:
        if not _is_choice(value, field):
            yield _problem(path, f"{_shown(value)}, expected {_alternatives(field.choices)}")
    elif field.kind == NAME and (not isinstance(value, str) or not value.strip()):
        yield _problem(path, f"{_shown(value)} is empty or not a text")


def _is_choice(value: object, field: Field) -> bool:
    if value in field.choices or field.choice_of is None:
        return value in field.choices
    return isinstance(value, str) and field.choice_of(value) is not None


def _time_problems(path: Path, text: object, required: bool) -> Problems:
    if text is None or text == "":
        if required:
            yield _problem(path, f"is missing, {TIME_FORM}")
        return
    us = read_rfc_3339(text) if isinstance(text, str) else None
    if us is None:
        yield _problem(path, f"{_shown(text)} is not a time, {TIME_FORM}")
    elif us < EARLIEST_US:
        yield _problem(path, f"{_shown(text)} is before 1990")
    elif us > LATEST_US:
        yield _problem(path, f"{_shown(text)} is after the year 9999")


def _attribute_problems(lead: Record) -> Problems:
    attributes = lead.get("attributes") or {}
    for name in sorted(NOT_ATTRIBUTES.intersection(attributes)):
        yield _problem(["attributes", name], "is not an attribute; leave it out")
    for name in OWN_ATTRIBUTES:
        if name in lead and name in attributes:
            yield _problem(["attributes", name], "is a field of the lead too; give it once")
        yield from _scalar_problems([name], lead.get(name))
    for name, value in attributes.items():
        yield from _scalar_problems(["attributes", name], value)


def _scalar_problems(path: Path, value: object) -> Problems:
    try:
        value_text(value)
    except TypeError as error:
        yield _problem(path, str(error))


def _order_problems(outcome: Record, created_at: object) -> Problems:
    """A decision before the lead's creation; recorded_at stands for a missing closed_at."""
    name = "closed_at" if outcome.get("closed_at") else "recorded_at"
    created_us, closed_us = _instant(created_at), _instant(outcome.get(name))
    if created_us is not None and closed_us is not None and closed_us < created_us:
        yield _problem(["outcome", name], f"{outcome[name]!r} is before created_at, {created_at!r}")


def _instant(text: object) -> int | None:
    return read_rfc_3339(text) if isinstance(text, str) else None


def _is_number(value: object, lowest: float) -> bool:
    return isinstance(value, (int, float)) and lowest <= value <= LARGEST_NUMBER


def _alternatives(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
