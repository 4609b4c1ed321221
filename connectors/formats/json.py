"""JSON as sources: arrays, lines and pages of an API; nested objects are dotted columns, nested lists sources."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from connectors.formats.accounts import Account
from connectors.formats.sources import BATCH_ROWS, Batch, Source
from history.base.errors import InvalidInput
from history.text.values import value_text

# Where the APIs of this field keep the records of a page.
RECORD_LISTS: Final = ("records", "results", "data", "items", "value", "result")
NEXT_PAGE: Final = "nextPage"  # the keys beside `values` on a page
# Pages of Account Engagement's API v4: {"@attributes": {...}, "result": {"total_results": 2, "prospect": [...]}}
V4_PAGE: Final = {"@attributes", "result"}
TOTAL: Final = "total_results"
# Lists of records on pages without an id of their own; a record with an id may have such a list of its own.
LISTS_OF_PAGES: Final = ("events", "deals", "contacts", "engagements")
# Names and values of entries that are pairs: answers of form tools, parameters of events.
PAIR_NAMES: Final = ("field.ref", "field.title", "field.id", "key", "name", "question", "label")
PAIR_VALUES: Final = (
    "value", "answer", "text", "choice.label", "choices.labels", "number", "boolean", "date", "email", "url",
    "phone_number", "value.string_value", "value.int_value", "value.double_value", "value.float_value",
)  # fmt: skip
# A record with a name and a link is no pair: a product, a person.
SURE_NAMES: Final = ("field.ref", "field.title", "field.id", "key")
PLAIN_VALUES: Final = tuple(
    name for name in PAIR_VALUES if name.partition(".")[0] in ("value", "answer", "text")
)
UTF_16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PARENT_ID: Final = "parent.Id"
PARENT_LIST: Final = "parent.list"  # of records in lists below the same object: which list
RECORD_IDS: Final = ("Id", "id", "vid", "dealId", "companyId")
ID_HOLDERS: Final = ("engagement",)  # objects of a record that hold its id
Record = Mapping[str, Any]
Flat = dict[str, str | None]


def open_json(path: Path, name: str, is_large: bool = False) -> list[Source]:
    """The records as one source, and one for each nested list of records, with the column `parent.Id`.

    is_large: lines are read in blocks instead of as a whole. Raises InvalidInput for text that is no JSON, with the
    line.
    """
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    if is_large and _has_record_lines(path, name):
        from connectors.formats.json_lines import open_json_lines

        return open_json_lines(path, name)
    try:
        with opener(path, "rb") as file:
            raw = file.read()
        text = raw.decode("utf-16" if raw.startswith(UTF_16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidInput(
            f"{name}, line {line} is no text in UTF-8: {error.reason}; export it again."
        ) from error
    except (UnicodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"{name} cannot be read as JSON in UTF-8: {error}; export it again.") from error
    nested: dict[str, list[Flat]] = {}
    rows = [flat_record(record, nested) for record in _records(text, name)]
    sources = [_source(name, rows)]
    return sources + [_source(f"{name}, {key}", children) for key, children in nested.items()]


def _has_record_lines(path: Path, name: str) -> bool:
    """Whether the first line is a whole record, and no page of records."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            record = json.loads(file.readline().decode("utf-8-sig"))
    except (OSError, EOFError, zlib.error, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and _page_records(record) is None


def _records(text: str, name: str) -> Iterator[Record]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield from line_records(text, name)
        return
    yield from _of(document)


def _of(document: Any) -> Iterator[Record]:
    """The records of a document or of one page."""
    if isinstance(document, list):
        for entry in document:
            if isinstance(entry, dict):
                yield from _of(entry)
    elif isinstance(document, dict):
        records = _page_records(document)
        yield from iter([document]) if records is None else _of(records)


def _page_records(document: Mapping[str, Any]) -> Any:
    """What holds the records of one page; None for a document that is a record itself."""
    key = _list_key(document)
    if key is not None:
        return document[key]
    values = document.get("values")
    if isinstance(values, list) and all(name.startswith(NEXT_PAGE) for name in document if name != "values"):
        # Answers of a form are named `values`, too; they have no id.
        are_records = all(isinstance(value, dict) and _record_id(value) is not None for value in values)
        return values if are_records else None
    if set(document) <= V4_PAGE and isinstance(document.get("result"), dict):
        return _v4_records(document["result"])
    return None


def _v4_records(result: Mapping[str, Any]) -> Any:
    """The records of {"total_results": 2, "prospect": [...]}; the only record of a page is no list."""
    lists = [value for name, value in result.items() if name != TOTAL]
    is_empty = not lists and result.get(TOTAL) == 0
    if len(lists) != 1 or not isinstance(lists[0], dict | list):
        return [] if is_empty else None
    return [entry for value in lists for entry in (value if isinstance(value, list) else [value])]


def _list_key(document: Mapping[str, Any]) -> str | None:
    """The key of a page's records; a record that only holds such a key among many others is no page."""
    if len(document) > 8:
        return None
    pages = () if _record_id(document) is not None else LISTS_OF_PAGES
    keys: tuple[str, ...] = (*RECORD_LISTS, *pages)
    for key in keys:
        value = document.get(key)
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return key
    return None


def line_records(text: str, name: str, first: int = 1) -> Iterator[Record]:
    """The records of lines, the first of which has this number; raises InvalidInput with a line that is no JSON."""
    for number, line in enumerate(text.split("\n"), first):
        if not line.strip():
            continue
        try:
            yield from _of(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{name}, line {number} is no JSON: {error}; export it again.") from error


def flat_record(
    record: Record, nested: dict[str, list[Flat]], prefix: str = "", root: Record | None = None
) -> Flat:
    """One level: {"Owner": {"Name": "X"}} is {"Owner.Name": "X"}; lists of records go to `nested`.

    Lists below one object are one table: {"history": {"amount": [...], "stage": [...]}}.
    """
    flat: Flat = {}
    root = record if root is None else root
    for key, value in record.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and not isinstance(value.get("records"), list):
            flat.update(flat_record(value, nested, f"{path}.", root))
            continue
        children = value["records"] if isinstance(value, dict) else value
        if (pairs := _pairs(children)) is not None:
            flat.update({f"{path}.{name}": text for name, text in pairs.items()})
            continue
        if isinstance(children, list) and children and all(isinstance(child, dict) for child in children):
            parent = _cell(_record_id(root))
            for child in children:
                row = flat_record(child, {})
                row[PARENT_ID] = parent
                if prefix:
                    row[PARENT_LIST] = path
                nested.setdefault(prefix.rstrip(".") or path, []).append(row)
        elif isinstance(children, list):
            flat[path] = ";".join(filter(None, map(_cell, children))) or None
        else:
            flat[path] = _cell(value)
    return flat


def _record_id(record: Record) -> Any:
    """The id of a record, also if an object of its own holds it: {"engagement": {"id": 1}, ...}."""
    holders = [record, *(record[name] for name in ID_HOLDERS if isinstance(record.get(name), dict))]
    ids = (holder.get(name) for holder in holders for name in RECORD_IDS)
    return next((id_ for id_ in ids if id_ is not None), None)


def _pairs(children: Any) -> Flat | None:
    """Entries that each name a field and hold its value, as in forms: {name: value}; None for others.

    [{"field": {"ref": "size"}, "choice": {"label": "10-50"}}] is {"size": "10-50"}.
    """
    if (
        not isinstance(children, list)
        or not children
        or not all(isinstance(child, dict) for child in children)
    ):
        return None
    pairs: Flat = {}
    for child in children:
        flat = flat_record(child, {})
        name = next((flat[key] for key in PAIR_NAMES if flat.get(key)), None)
        values = PAIR_VALUES if any(flat.get(key) for key in SURE_NAMES) else PLAIN_VALUES
        if name is None or not any(key in flat for key in values):
            return None
        value = next((flat[key] for key in values if flat.get(key)), None)
        pairs[name] = f"{pairs[name]};{value}" if pairs.get(name) and value else value or pairs.get(name)
    return pairs


def _cell(value: Any) -> str | None:
    try:
        text = value_text(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False)
    return text.strip() or None if text else None


def _source(name: str, rows: list[Flat]) -> Source:
    names = dict.fromkeys(column for row in rows for column in row)
    objects = {
        ".".join(parts[:depth])
        for name in names
        for parts in [name.split(".")]
        for depth in range(1, len(parts))
    }
    # {"person": null} beside {"person": {"id": 1}}: no column of its own.
    nothing = {name for name in objects & names.keys() if all(row.get(name) is None for row in rows)}
    columns = tuple(name for name in names if name not in nothing)

    def batches(account: Account, wanted: Sequence[str]) -> Iterator[Batch]:
        for start in range(0, len(rows), BATCH_ROWS):
            piece = rows[start : start + BATCH_ROWS]
            account.rows_read += len(piece)
            table = pa.table(
                {column: pa.array([row.get(column) for row in piece], pa.string()) for column in wanted}
            )
            yield Batch(table, np.arange(start + 1, start + len(piece) + 1, dtype=np.int64))

    return Source(name, columns, batches)
