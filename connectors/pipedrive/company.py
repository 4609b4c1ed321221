"""The deals of a Pipedrive account, and what the other tables need to know of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import LOST, OPEN, WON
from connectors.deals.pipelines import ELSEWHERE, in_pipeline
from connectors.deals.records import RecordKind, creations, newest_records, with_creation, with_good_ids
from connectors.pipedrive.objects import DEAL, HASH, OWN_FIELD
from connectors.reading.export import OWN_COLUMNS, Export, column
from connectors.reading.ids import Ids, earliest, ids_in_cell, survivors_of, whole_ids
from connectors.reading.recognise import key_of
from connectors.reading.words import outcome_of
from history.base.arrays import Ints, Mask
from history.base.errors import InvalidInput
from history.text.folding import folded

RECORDS: Final = RecordKind("Deal", "id", "add_time", ("update_time",), ("deleted",), "deal", whole_ids)
DELETED_STATUS: Final = "deleted"
OPEN_WORDS: Final = frozenset(
    (
        "open",
        "offen",
        "ouvert",
        "ouverte",
        "abierto",
        "abierta",
        "aberto",
        "aberta",
        "aperto",
        "otwarte",
        "otwarta",
    )
)


@dataclass(frozen=True)
class CustomField:
    """A field of the company's own: its name, and the labels of its options by id."""

    name: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Company:
    """The deals (n,) of an export, one row each; users: id -> name; fields: key -> custom field."""

    export: Export
    deals: pa.Table
    ids: Ids
    created_us: Ints
    since_us: Ints
    erased: tuple[str, ...]
    users: Mapping[str, str]
    fields: Mapping[str, CustomField]

    def of_known(self, table: pa.Table, name: str) -> tuple[pa.Table, Ints]:
        """The rows of deals of the export with their places; those of deleted or missing ones are set aside."""
        ids = plain_ids(column(table, name))
        deleted = _mask(pc.is_in(ids, value_set=pa.array(self.erased, pa.string())))
        table = self.export.leave(table, "of_a_deleted_deal", deleted)
        place = self.ids.places(plain_ids(column(table, name)))
        table = self.export.leave(table, "of_an_unknown_deal", place < 0)
        return table, place[place >= 0]

    def attribute_columns(self) -> dict[str, str]:
        """Custom fields: column -> attribute, a hash by the field's name."""
        claimed = {key_of(name) for field in DEAL.fields for name in (field.name, *field.labels)}
        names = [n for n in self.deals.column_names if n not in OWN_COLUMNS and key_of(n) not in claimed]
        own = [name for name in names if not OWN_FIELD.search(name)]
        return {name: self.fields[name].name if name in self.fields else name for name in own}

    def own_columns(self) -> list[str]:
        """Columns that Pipedrive keeps itself beside the declared ones, which are left out."""
        attributes = self.attribute_columns()
        claimed = {key_of(name) for field in DEAL.fields for name in (field.name, *field.labels)}
        names = (n for n in self.deals.column_names if n not in OWN_COLUMNS and key_of(n) not in claimed)
        return [name for name in names if name not in attributes]

    def shown(self, key: str, value: str | None) -> str | None:
        """A value of a field as people see it: the labels of its options, the name of a user."""
        if value is None or key not in self.fields or not self.fields[key].options:
            return value
        options = self.fields[key].options
        return ";".join(options.get(part, part) for part in ids_in_cell(value)) or None


def read_company(export: Export, table: pa.Table, pipelines: Mapping[str, str]) -> Company:
    """The deals of an export without deleted, merged and other pipelines' ones; raises InvalidInput."""
    survivors, created = _survivors(table), creations(export, table, RECORDS)
    present = set(whole_ids(column(table, "id")).to_pylist())
    merged = pa.array([old for old, new in survivors.items() if new in present], pa.string())
    table = export.leave(
        table, "merged_into_another", _mask(pc.is_in(whole_ids(column(table, "id")), value_set=merged))
    )
    table = _with_deletion(with_good_ids(export, table, RECORDS))
    records = newest_records(export, table, RECORDS)
    current = records.current
    pipeline = plain_ids(column(current, "pipeline_id")).to_pylist()
    current = export.leave(current, ELSEWHERE, ~in_pipeline(export, pipeline, pipelines))
    unknown = np.array(
        [state_of(text) is None for text in column(current, "status").to_pylist()], dtype=np.bool_
    )
    current = with_creation(export, export.leave(current, "unknown_status", unknown), RECORDS)
    ids, created_us = whole_ids(column(current, "id")).to_pylist(), export.times(current, "add_time").us
    return Company(
        export=export,
        deals=current,
        ids=Ids(ids, survivors),
        created_us=created_us,
        since_us=earliest(created_us, ids, survivors, created),
        erased=tuple(id_ for id_ in records.erased if id_ not in survivors),
        users=_users(export),
        fields=_fields(export),
    )


def state_of(status: str | None) -> int | None:
    """OPEN, WON or LOST for a status; None for another word."""
    word = folded(status or "")
    outcome = outcome_of(word)
    if outcome is None:
        return OPEN if word in OPEN_WORDS else None
    return WON if outcome == "won" else LOST


def refuse_incomplete(export: Export) -> None:
    """Raises InvalidInput without a table of deals, or for one without ids or creation dates."""
    problems = []
    for known in export.sources:
        if known.kind.name == "Deal":
            for name, label in (("id", "Deal - ID"), ("add_time", "Deal - Deal created")):
                if name not in known.columns:
                    problems.append(
                        f"{known.source.file} holds deals without {name} (in exports {label!r}): add it."
                    )
    if not export.has("Deal"):
        found = ", ".join(f"{known.source.file} ({known.kind.name})" for known in export.sources[:10])
        problems.append(f"the export has no table of deals with their status: export deals beside {found}.")
    if problems:
        raise InvalidInput(problems)


def plain_ids(array: pa.Array) -> pa.Array:
    """Ids, of linked records in JSON ({"id": 1, "name": "Ada"}) the id."""
    if not pc.any(pc.starts_with(array, "{")).as_py():
        return whole_ids(array)
    return pa.array([linked(text, ("id", "value")) for text in array.to_pylist()], pa.string())


def linked(text: str | None, keys: Sequence[str]) -> str | None:
    """A part of a linked record in JSON; other texts as they are."""
    if text is None or not text.startswith("{"):
        return text
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    value = next((record[key] for key in keys if record.get(key) is not None), None)
    return None if value is None else str(value)


def _with_deletion(table: pa.Table) -> pa.Table:
    """The status `deleted` as a mark of deletion."""
    by_status = _mask(pc.equal(pc.utf8_lower(column(table, "status")), DELETED_STATUS))
    marks = pa.array(
        [
            "true" if gone else own
            for gone, own in zip(by_status.tolist(), column(table, "deleted").to_pylist(), strict=True)
        ],
        pa.string(),
    )
    place = table.schema.get_field_index("deleted")
    return table.set_column(place, "deleted", marks)


def _survivors(table: pa.Table) -> dict[str, str]:
    """Merged id -> survivor: a survivor names the deal that was merged into it."""
    ids, cells = (column(table, name).to_pylist() for name in ("id", "merge_what_id"))
    return survivors_of(
        (old, id_) for id_, cell in zip(ids, cells, strict=True) if id_ and cell for old in ids_in_cell(cell)
    )


def _users(export: Export) -> dict[str, str]:
    table = export.table("User")
    export.use(table)
    pairs = zip(whole_ids(column(table, "id")).to_pylist(), column(table, "name").to_pylist(), strict=True)
    return {id_: name for id_, name in pairs if id_ and name}


def _fields(export: Export) -> dict[str, CustomField]:
    """Custom fields by key; the labels of options are those nested in the field, or a JSON list in its cell."""
    table = export.table("DealField")
    export.use(table)
    options = export.table("FieldOption")
    export.use(options)
    nested: dict[str, dict[str, str]] = {}
    option_cells = zip(*(column(options, n).to_pylist() for n in ("parent.Id", "id", "label")), strict=True)
    for parent, id_, label in option_cells:
        nested.setdefault(parent or "", {})[id_ or ""] = label or ""
    names = ("key", "name", "options", "id")
    return {
        key: CustomField(name, nested.get(id_ or "", {}) or _options(cell))
        for key, name, cell, id_ in zip(*(column(table, n).to_pylist() for n in names), strict=True)
        if key and name and HASH.match(key)
    }


def _options(cell: str | None) -> dict[str, str]:
    try:
        entries = json.loads(cell) if cell else []
    except (ValueError, RecursionError):
        return {}
    pairs = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {str(entry["id"]): str(entry["label"]) for entry in pairs if "id" in entry and "label" in entry}


def _mask(array: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))
