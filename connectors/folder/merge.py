"""An export over an earlier one: what is new is added, today's values that differ become changes, deletions leave."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.folder.gone import GONE, GoneLeads
from connectors.folder.nameless import without_nameless, without_nameless_changes
from connectors.folder.other_ids import with_other_ids
from connectors.folder.write import SCHEMAS, TIME, NewFolder

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "leads": ("lead_id",),
    "interactions": ("interaction_id", "lead_id", "occurred_at", "kind"),
    "stages": ("lead_id", "entered_at", "stage"),
    "outcomes": ("lead_id", "outcome", "closed_at", "amount"),
    "attribute_changes": ("lead_id", "changed_at", "attribute", "value"),
    "identities": ("lead_id", "id"),
}
NOT_ATTRIBUTES: Final = ("lead_id", "created_at")
DECIDED: Final = pa.array(["won", "lost"])
MARK: Final = "\x1f"  # between the parts of a key: no text of a CRM holds it


class FolderTables:
    """The tables of a new folder: those of the earlier import, and what the export adds to them.

    newest_us: when the newest export of the earlier import was made. left_out: leads of this export that a newer one
    called deleted or merged; they stay out. notes: of columns that are left out. changed: attributes of which the
    folder has a change; columns: those of leads.
    """

    def __init__(self, folder: NewFolder, earlier: Mapping[str, pa.Table], newest_us: int = 0) -> None:
        self.rows: dict[str, int] = {"leads": 0}
        self.new_rows: dict[str, int] = {}
        self.left_out = 0
        self.notes: list[str] = []
        self.changed: set[str] = set()
        self.columns: Collection[str] = ()
        self._folder, self._earlier, self._newest_us = folder, dict(earlier), newest_us
        self._keys: dict[str, pa.Array] = {}
        self._exported_us = 0
        self._since: dict[
            str, datetime
        ] = {}  # of leads that others were merged into: the creation of the first
        self._gone = GoneLeads(self._earlier.pop(GONE, None))

    def erase(self, ids: Collection[str]) -> None:
        """Removes leads that the export marks as deleted from the earlier tables."""
        self._gone.add(dict.fromkeys(ids, ""))
        self._remove(ids)

    def _remove(self, ids: Collection[str]) -> None:
        gone = pa.array(sorted(ids), pa.string())
        self._earlier = {name: _without(table, gone) for name, table in self._earlier.items()}

    def merge(self, survivors: Mapping[str, str]) -> None:
        """Moves the earlier interactions of merged leads (id -> survivor's id); their other rows leave.

        The survivor has come into being with the first of them.
        """
        if "interactions" in self._earlier:
            table = self._earlier["interactions"]
            ids = [survivors.get(id_, id_) for id_ in table.column("lead_id").to_pylist()]
            place = table.schema.get_field_index("lead_id")
            moved = table.set_column(place, "lead_id", pa.array(ids, pa.string()))
            self._earlier["interactions"] = _distinct(moved, "interactions")
        if "leads" in self._earlier:
            ids, created = (self._earlier["leads"].column(name).to_pylist() for name in NOT_ATTRIBUTES)
            for id_, at in zip(ids, created, strict=True):
                if id_ in survivors and at is not None:
                    self._since[survivors[id_]] = min(at, self._since.get(survivors[id_], at))
        self._gone.add(survivors)
        self._remove(survivors.keys())

    def absorbed(self, interactions: pa.Table, leads: Collection[str]) -> dict[str, str]:
        """Leads of the earlier import that the export lacks, each with the lead that has its interactions now.

        Systems that leave no trace of a merge move the activities of the merged record to the survivor.
        """
        earlier = self._earlier.get("interactions")
        if earlier is None:
            return {}
        now = dict(
            zip(
                *(interactions.column(name).to_pylist() for name in ("interaction_id", "lead_id")),
                strict=True,
            )
        )
        present = set(leads)
        before = zip(
            *(earlier.column(name).to_pylist() for name in ("interaction_id", "lead_id")), strict=True
        )
        return {lead: now[id_] for id_, lead in before if lead not in present and id_ in now}

    def rename(self, ids: Mapping[str, str]) -> None:
        """Gives leads of the earlier import other ids; of leads that become one, the first created stays."""
        self._gone.add(ids)
        self._earlier = with_other_ids(self._earlier, ids)

    def leads(self, table: pa.Table, exported_us: int, with_history: Collection[str]) -> None:
        """The leads of both, each as first seen; what differs from the last known value is a change since."""
        self._exported_us = exported_us
        self._folder.add(GONE, self._gone.table(exported_us, table.column("lead_id")))
        before = len(table)
        table, self.notes = without_nameless(self._gone.without(table))
        self.left_out = before - len(table)
        old = self._earlier.get("leads")
        self.columns = table.column_names
        table = self._since_first(table)
        if old is None:
            self._write("leads", table, len(table))
            return
        old = self._since_first(old)
        known = pc.is_in(table.column("lead_id"), value_set=old.column("lead_id").combine_chunks())
        fresh = table.filter(pc.invert(known))
        self._write("leads", pa.concat_tables([old, fresh], promote_options="default"), len(fresh))
        again = table.filter(known).drop_columns([n for n in with_history if n in table.column_names])
        if exported_us >= self._newest_us:  # an older export says nothing of today
            self.add("attribute_changes", self._changed(again, old))

    def _since_first(self, leads: pa.Table) -> pa.Table:
        """Leads with the creation of the first of those that were merged into each."""
        ids, created = (leads.column(name).to_pylist() for name in NOT_ATTRIBUTES)
        if not self._since.keys() & set(ids):
            return leads
        first = [
            min(at, self._since.get(id_, at)) if at else at for id_, at in zip(ids, created, strict=True)
        ]
        place = leads.schema.get_field_index("created_at")
        return leads.set_column(
            place, leads.schema.field(place), pa.array(first, leads.schema.field(place).type)
        )

    def add(self, name: str, table: pa.Table) -> None:
        """Rows of a table; those that the earlier import has are left out."""
        if name not in self._keys:
            self._begin(name)
        table = self._gone.moved(table) if name == "interactions" else self._gone.without(table)
        if name == "attribute_changes":
            table = without_nameless_changes(table)
        fresh = self._new(name, table)
        self._write(name, fresh, len(fresh))

    def finish(self) -> None:
        """Writes the earlier tables to which nothing was added."""
        for name in self._earlier:
            if name != "leads" and name not in self._keys:
                self._begin(name)

    def _begin(self, name: str) -> None:
        old = self._earlier.get(name)
        self._keys[name] = pa.array([], pa.string()) if old is None else _keys(old, name)
        if old is not None:
            self._write(name, old, 0)

    def _write(self, name: str, table: pa.Table, fresh: int) -> None:
        self._folder.add(name, table)
        if name == "attribute_changes":
            self.changed.update(pc.unique(table.column("attribute")).to_pylist())
        self.rows[name] = self.rows.get(name, 0) + len(table)
        self.new_rows[name] = self.new_rows.get(name, 0) + fresh

    def _new(self, name: str, table: pa.Table) -> pa.Table:
        """The rows without those of the earlier import; of stages also without a present stage that is known."""
        if not len(table):
            return table
        if len(self._keys[name]):
            table = table.filter(pc.invert(pc.is_in(_keys(table, name), value_set=self._keys[name])))
            if name == "stages":
                return self._new_stages(table)
        return self._dated(table) if name == "outcomes" and "leads" in self._earlier else table

    def _dated(self, outcomes: pa.Table) -> pa.Table:
        """The rows; a decision without a date of a lead that was open before was made by the time of this export."""
        if self._exported_us < self._newest_us:
            return outcomes
        lead = outcomes.column("lead_id")
        since = pc.is_in(lead, value_set=self._earlier["leads"].column("lead_id").combine_chunks())
        if (earlier := self._earlier.get("outcomes")) is not None:
            decided = earlier.filter(pc.is_in(earlier.column("outcome"), value_set=DECIDED))
            was_decided = pc.is_in(lead, value_set=decided.column("lead_id").combine_chunks())
            since = pc.and_(since, pc.invert(was_decided))
        for name in ("closed_at", "recorded_at"):
            since = pc.and_(since, pc.is_null(outcomes.column(name)))
        instant = pa.scalar(self._exported_us, pa.int64()).cast(TIME)
        recorded = pc.if_else(since, instant, outcomes.column("recorded_at"))
        return outcomes.set_column(outcomes.schema.get_field_index("recorded_at"), "recorded_at", recorded)

    def _new_stages(self, fresh: pa.Table) -> pa.Table:
        ordered = self._earlier["stages"].sort_by("entered_at")
        last = dict(
            zip(ordered.column("lead_id").to_pylist(), ordered.column("stage").to_pylist(), strict=True)
        )
        at_export = pc.equal(fresh.column("entered_at").cast(pa.int64()), self._exported_us).to_pylist()
        leads, stages = fresh.column("lead_id").to_pylist(), fresh.column("stage").to_pylist()
        kept = [
            not (today and last.get(lead) == stage)
            for today, lead, stage in zip(at_export, leads, stages, strict=True)
        ]
        return fresh.filter(pa.array(kept, pa.bool_()))

    def _changed(self, again: pa.Table, old: pa.Table) -> pa.Table:
        place = pc.index_in(again.column("lead_id"), value_set=old.column("lead_id").combine_chunks())
        before = old.take(place)
        latest = self._latest()
        rows: list[tuple[str, str, str]] = []
        ids = again.column("lead_id").to_pylist()
        for name in again.column_names:
            if name in NOT_ATTRIBUTES or name not in old.column_names:
                continue
            values, former = again.column(name).to_pylist(), before.column(name).to_pylist()
            for lead, value, first in zip(ids, values, former, strict=True):
                if (value or "") != latest.get((lead, name), first or ""):
                    rows.append((lead, name, value or ""))
        leads, names, texts = zip(*rows, strict=True) if rows else ((), (), ())
        instant = pa.array([self._exported_us] * len(rows), pa.int64()).cast(TIME)
        return pa.table(
            {
                "lead_id": leads,
                "changed_at": instant,
                "attribute": names,
                "value": texts,
                "recorded_at": instant,
            }
        ).cast(SCHEMAS["attribute_changes"])

    def _latest(self) -> dict[tuple[str, str], str]:
        changes = self._earlier.get("attribute_changes")
        if changes is None:
            return {}
        ordered = changes.sort_by("changed_at")
        pairs = zip(
            ordered.column("lead_id").to_pylist(), ordered.column("attribute").to_pylist(), strict=True
        )
        return dict(zip(pairs, ordered.column("value").to_pylist(), strict=True))


def _without(table: pa.Table, gone: pa.Array) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table.column("lead_id"), value_set=gone))) if len(gone) else table


def _distinct(table: pa.Table, name: str) -> pa.Table:
    """The first row of each key."""
    encoded = _keys(table, name).dictionary_encode()
    _, first = np.unique(encoded.indices.to_numpy(zero_copy_only=False), return_index=True)
    return table.take(pa.array(np.sort(first)))


def _keys(table: pa.Table, name: str) -> pa.Array:
    """One text a row that stands for the row's key."""
    parts = [pc.fill_null(_text(table.column(column)), "") for column in KEYS[name]]
    joined = pc.binary_join_element_wise(*parts, MARK)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return (
        column.cast(pa.int64()).cast(pa.string())
        if pa.types.is_timestamp(column.type)
        else column.cast(pa.string())
    )
