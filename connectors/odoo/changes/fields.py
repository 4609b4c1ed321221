"""The tracked field in each row of mail.tracking.value: by its technical name, its label, or its values."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.odoo.crm import Crm
from connectors.odoo.objects import LEAD
from connectors.odoo.relations import Text, record_id, references, texts
from connectors.odoo.stage_table import StageTable
from connectors.reading.export import Export, column
from connectors.reading.recognise import key_of
from connectors.reading.values import read_numbers
from connectors.reading.words import is_true

STAGE: Final = "stage_id"
ACTIVE: Final = "active"
LEAD_MODELS: Final = frozenset(("crm.lead", "lead/opportunity", "lead"))
ISO: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-")
MATCHING: Final = 0.9  # share of an unnamed field's new ids that are stages, for it to be the stage
# Types of fields of crm.lead; the others have that of the export.
OWN_TYPES: Final = {
    ACTIVE: "boolean", "expected_revenue": "monetary", "date_deadline": "date",
    **dict.fromkeys(
        (STAGE, "user_id", "team_id", "partner_id", "source_id", "medium_id", "campaign_id", "country_id", "state_id",
         "lang_id", "lost_reason_id", "lost_reason", "company_id"),
        "many2one",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class TrackedField:
    """A field of crm.lead; type is that of Odoo, "" if unknown."""

    name: str
    type: str


@dataclass(frozen=True)
class _Known:
    """Fields of the leads by their names and labels in one form, technical names and types by id, and types by name."""

    by_key: Mapping[str, str]
    by_id: Mapping[str, TrackedField]
    types: Mapping[str, str]


def tracked_fields(crm: Crm, table: pa.Table, stages: StageTable) -> list[TrackedField | None]:
    """The field of each row, None for one that the leads of the export do not have."""
    known = _Known(_by_key(crm), _by_id(crm.export), _types(crm))
    field, field_id = references(table, "field"), references(table, "field_id")
    rows = zip(
        field.ids(), field_id.ids(), field.names({}), field_id.names({}),
        texts(table, "field_desc"), texts(table, "field_info"), texts(table, "field_type"), strict=True,
    )  # fmt: skip
    cache: dict[tuple[Text, ...], TrackedField | None] = {}
    fields = [cache[row] if row in cache else cache.setdefault(row, _field(row, known)) for row in rows]
    keys = [old or new for old, new in zip(field.record_keys(), field_id.record_keys(), strict=True)]
    for row in _stage_rows(fields, keys, table, stages):
        fields[row] = TrackedField(STAGE, OWN_TYPES[STAGE])
    return fields


def _field(row: Sequence[Text], known: _Known) -> TrackedField | None:
    old_id, new_id, *labels, info, type_ = row
    stated = known.by_id.get(old_id or "") or known.by_id.get(new_id or "") or _stated(info)
    for label in (stated.name if stated else None, *labels):
        name = known.by_key.get(key_of((label or "").partition(" (")[0]))
        if name is not None:
            given = OWN_TYPES.get(name) or type_ or (stated.type if stated else "")
            return TrackedField(name, given or known.types.get(name, ""))
    return None


def _stated(info: Text) -> TrackedField | None:
    """The field in `field_info`, which stays when a field is deleted."""
    try:
        entry = json.loads(info or "null")
    except ValueError:
        return None
    if not isinstance(entry, dict) or not entry.get("name"):
        return None
    return TrackedField(str(entry["name"]), str(entry.get("type") or ""))


def _by_key(crm: Crm) -> dict[str, str]:
    by_key: dict[str, str] = {}
    for field in LEAD.fields:
        base = field.name.removesuffix(".id").removesuffix(".name")
        for name in (field.name, *field.labels):
            by_key.setdefault(key_of(name), base)
    return by_key | {key_of(name): name for name in crm.attribute_columns()}


def _types(crm: Crm) -> dict[str, str]:
    """The type of each own field as its column shows it, for changes that come without their types."""
    columns = {name: {text for text in texts(crm.leads, name) if text} for name in crm.attribute_columns()}
    return {name: _type_of(values) for name, values in columns.items() if values}


def _type_of(values: Collection[str]) -> str:
    """boolean, datetime or text; "" for numbers, whose changes may stand in any of three columns."""
    if all(is_true(text) is not None and not text.isdigit() for text in values):
        return "boolean"
    if all(ISO.match(text) for text in values):
        return "datetime"
    read = read_numbers(pa.array(list(values), pa.string()))
    return "" if np.isfinite(read.value).all() else "text"


def _by_id(export: Export) -> dict[str, TrackedField]:
    """The fields of crm.lead in the table of fields."""
    table = export.table("ir.model.fields")
    models = texts(table, "model")
    foreign = np.array(
        [(model or "crm.lead").casefold() not in LEAD_MODELS for model in models], dtype=np.bool_
    )
    table = export.leave(table, "field_of_another_model", foreign)
    export.use(table)
    rows = zip(texts(table, "id"), texts(table, "name"), texts(table, "ttype"), strict=True)
    return {
        record_id(id_) or id_: TrackedField(name, type_ or "") for id_, name, type_ in rows if id_ and name
    }


def _stage_rows(
    fields: Sequence[TrackedField | None], keys: Sequence[Text], table: pa.Table, stages: StageTable
) -> list[int]:
    """The rows of the stage among fields without a known name: their new ids are stages, their values its labels."""
    new_ids, values = (column(table, f"new_value_{kind}").to_pylist() for kind in ("integer", "char"))
    rows_of: dict[str, list[int]] = {}
    for row, (field, key) in enumerate(zip(fields, keys, strict=True)):
        if field is None and key:
            rows_of.setdefault(key, []).append(row)
    found: list[int] = []
    for rows in rows_of.values():
        ids = [record_id(new_ids[row]) for row in rows]
        matching = sum(id_ in stages.labels for id_ in ids)
        named = any(stages.labels.get(id_ or "") == values[row] for id_, row in zip(ids, rows, strict=True))
        found += rows if named and matching >= MATCHING * len(rows) else []
    return found
