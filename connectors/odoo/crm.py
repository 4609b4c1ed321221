"""The records of crm.lead in an export, and the names of what they link to."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.pipelines import ELSEWHERE, in_pipeline
from connectors.deals.records import RecordKind, exported_at, latest_closing, read_records
from connectors.odoo.listed import PATH, head_rows, listed_rows
from connectors.odoo.objects import LEAD, NAMED_MODELS
from connectors.odoo.relations import Text, record_id, references, texts, translated
from connectors.reading.export import OWN_COLUMNS, SOURCE, Export, column
from history.base.arrays import Ints, Mask
from history.base.errors import InvalidInput

KIND: Final = RecordKind("crm.lead", "id", "create_date", ("write_date",))
TIMES: Final = ("create_date", "write_date", "date_last_stage_update", "date_open")
DURATIONS: Final = "duration_tracking"  # time by stage; in JSON a column for each stage
DURATION: Final = r"^\{(?:[\"']?[0-9]+[\"']?: ?[0-9]+(?:, ?)?)+\}$"  # {"1": 1230, "2": 2220}
UNQUALIFIED: Final = "lead"  # a record's type before its conversion
Names = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Crm:
    """The records (n,) that are leads, one row each.

    versions: rows of a loader's history, in any order. children: rows (m,) of their linked records in list exports,
    with the place of the lead (m,). converted_us: when a record became an opportunity, NO_TIME if it was one from the
    start or the time is unknown. names: id -> name by relation.
    """

    export: Export
    leads: pa.Table
    versions: pa.Table
    children: pa.Table
    child_of: Ints
    erased: tuple[str, ...]
    created_us: Ints
    converted_us: Ints
    is_unqualified: Mask
    exported_us: int
    ids: list[str]
    place: dict[str, int]
    names: Names

    def places(self, ids: Sequence[Text]) -> Ints:
        """The place of each id's lead, -1 without one."""
        return np.array([self.place.get(id_ or "", -1) for id_ in ids], dtype=np.int64)

    def attribute_columns(self) -> list[str]:
        """The columns that no field claims, without those of linked records."""
        known = {field.name for field in LEAD.fields}
        names = [n for n in self.leads.column_names if n not in known and n not in OWN_COLUMNS]
        names = [n for n in names if PATH not in n and n not in (".id", "id")]
        return [n for n in names if not n.startswith(f"{DURATIONS}.") and n != self.duration_column]

    @cached_property
    def duration_column(self) -> str:
        """The column with the time by stage: by its name, else by its values, since its label has many languages."""
        if column(self.leads, DURATIONS).null_count < len(self.leads):
            return DURATIONS
        known = {field.name for field in LEAD.fields}
        others = (name for name in self.leads.column_names if name not in known and name not in OWN_COLUMNS)
        return next((name for name in others if _are_durations(column(self.leads, name))), DURATIONS)


def _are_durations(array: pa.Array) -> bool:
    """Whether a column has times by stage and nothing else."""
    fits = pc.match_substring_regex(array, DURATION)
    return fits.null_count < len(array) and bool(pc.all(fits).as_py())


def read_crm(export: Export) -> Crm:
    """The leads of an export, dated by them; raises InvalidInput."""
    _refuse_incomplete(export)
    table = export.table("crm.lead")
    place = table.column_names.index("id")
    ids_ = [record_id(text) for text in column(table, "id").to_pylist()]
    table = table.set_column(place, "id", pa.array(ids_, pa.string()))
    heads = head_rows(table)
    names = read_names(export)
    own_rows = _of_object(export, table.filter(pa.array(heads == np.arange(len(table)))))
    records = read_records(export, _of_team(export, own_rows, names), KIND)
    leads = records.current
    children, child_of = listed_rows(export, table, heads, leads)
    converted_us = _conversions(export, leads)
    ids = column(leads, "id").to_pylist()
    return Crm(
        export=export,
        leads=leads,
        versions=records.versions,
        children=children,
        child_of=child_of,
        erased=records.erased,
        created_us=_creations(export, leads, converted_us),
        converted_us=converted_us,
        is_unqualified=_is_unqualified(leads),
        exported_us=max(exported_at(export, [(leads, TIMES)]), latest_closing(export, leads, "date_closed")),
        ids=ids,
        place={id_: number for number, id_ in enumerate(ids)},
        names=names,
    )


def _refuse_incomplete(export: Export) -> None:
    """Raises InvalidInput without a table of leads, or for one without ids or creation times."""
    problems = []
    for known in export.sources:
        if known.kind is LEAD:
            for name, label in (("id", "External ID"), ("create_date", "Created on")):
                if name not in known.columns:
                    problems.append(
                        f"{known.source.file} holds leads without {name} (in list exports {label!r}): add that "
                        "field to the export."
                    )
    if not export.has("crm.lead"):
        files = ", ".join(f"{known.source.file} ({known.kind.name})" for known in export.sources)
        problems.append(f"the export has no table of crm.lead: export the pipeline beside {files}.")
    if problems:
        raise InvalidInput(problems)


def _of_object(export: Export, rows: pa.Table) -> pa.Table:
    """The rows that are leads: opportunities, under --object lead all."""
    if export.options.object == UNQUALIFIED:
        return rows
    return export.leave(rows, "not_converted_to_an_opportunity", _is_unqualified(rows))


def _of_team(export: Export, rows: pa.Table, names: Names) -> pa.Table:
    """The rows of the sales team of --pipeline, by its name or id; all without it."""
    if export.options.pipeline is None:
        return rows
    teams = references(rows, "team_id")
    written = zip(teams.record_keys(), teams.names(names.get("team_id", {})), strict=True)
    labels = {key: name for key, name in written if key and name}
    kept = in_pipeline(export, teams.record_keys(), labels, shared_stages=True)
    return export.leave(rows, ELSEWHERE, ~kept)


def _conversions(export: Export, leads: pa.Table) -> Ints:
    """When each lead became an opportunity (n,); NO_TIME if it was one from the start or the time is unknown."""
    converted = export.times(leads, "date_conversion")
    later = converted.known & (converted.us > export.times(leads, "create_date").us) & ~_is_unqualified(leads)
    return np.where(later, converted.us, NO_TIME)


def _is_unqualified(leads: pa.Table) -> Mask:
    type_ = pc.fill_null(pc.utf8_lower(column(leads, "type")), "")
    return np.asarray(pc.equal(type_, UNQUALIFIED).to_numpy(zero_copy_only=False))


def _creations(export: Export, leads: pa.Table, converted_us: Ints) -> Ints:
    """When each lead came into being: as an opportunity by its conversion, under --object lead by its entry."""
    created = export.times(leads, "create_date").us
    return created if export.options.object == UNQUALIFIED else np.maximum(created, converted_us)


def read_names(export: Export) -> Names:
    """id -> name by relation, from the tables of users, contacts, stages and lookup tables."""
    names: Names = {}
    table = export.table("names")
    export.use(table)
    files = [export.sources[place].source.file for place in table.column(SOURCE).to_pylist()]
    for file, id_, name in zip(files, texts(table, "id"), texts(table, "name"), strict=True):
        stem = file.rpartition(PATH)[2].casefold().replace(".", "_").replace(" ", "_")
        relation = next(field for word, field in NAMED_MODELS.items() if word in stem)
        if id_ and name:
            names.setdefault(relation, {})[record_id(id_) or id_] = translated(name) or id_
    partners_ = export.table("res.partner")
    export.use(partners_)
    names["partner_id"] = _by_id(partners_, "name", "display_name")
    names["company_of"] = _companies(partners_)
    users = export.table("res.users")
    export.use(users)
    contacts = references(users, "partner_id")
    user_names = contacts.names(names["partner_id"])
    names["user_contact"] = {contact: contact for contact in contacts.record_keys() if contact}
    names["user_id"] = {
        record_id(id_) or "": name or partner or login or ""
        for id_, name, partner, login in zip(
            texts(users, "id"), texts(users, "name"), user_names, texts(users, "login"), strict=True
        )
    }
    names["subtype_id"] = _named(export, "mail.message.subtype", "name")
    names["mail_activity_type_id"] = _named(export, "mail.activity.type", "name")
    return names


def _named(export: Export, kind: str, *columns: str) -> dict[str, str]:
    table = export.table(kind)
    export.use(table)
    return _by_id(table, *columns)


def _by_id(table: pa.Table, *columns: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in reversed(columns):
        pairs = zip(texts(table, "id"), texts(table, name), strict=True)
        names |= {record_id(id_) or id_: translated(text) or text for id_, text in pairs if id_ and text}
    return names


def _companies(contacts: pa.Table) -> dict[str, str]:
    """The company of each contact that belongs to one."""
    ids = [record_id(text) or "" for text in texts(contacts, "id")]
    pairs = (references(contacts, name).ids() for name in ("commercial_partner_id", "parent_id"))
    companies = [first or second for first, second in zip(*pairs, strict=True)]
    return {id_: company for id_, company in zip(ids, companies, strict=True) if company}
