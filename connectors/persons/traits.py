"""What is said of persons over time: attributes at the creation of a lead, and their changes from then on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals import NO_TIME, times
from connectors.persons.census import Census
from connectors.write import SCHEMAS
from history.arrays import Codes, Ints

NOT_ATTRIBUTES: Final = ("lead_id", "created_at")
EARLIEST: Final = NO_TIME + 1  # of what an earlier import knows


@dataclass(frozen=True)
class _Joined:
    """Statements (s,) by lead and time: leads, times, times of knowledge, and codes of values."""

    lead: Codes
    us: Ints
    visible_us: Ints
    code: Codes
    values: pa.Array


@dataclass
class _Statements:
    """Statements of one attribute in pieces: leads, times, and values as dictionaries."""

    lead: list[Codes] = field(default_factory=list)
    us: list[Ints] = field(default_factory=list)
    visible_us: list[Ints] = field(default_factory=list)
    value: list[pa.DictionaryArray] = field(default_factory=list)

    def joined(self) -> "_Joined":
        unified = pa.chunked_array(self.value, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
        code = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in unified.chunks])
        lead, us, visible = (
            np.concatenate(self.lead),
            np.concatenate(self.us),
            np.concatenate(self.visible_us),
        )
        order = np.lexsort((np.arange(len(lead)), us, lead))
        return _Joined(lead[order], us[order], visible[order], code[order], unified.chunk(0).dictionary)


@dataclass
class Traits:
    """Collects statements by batches; only those that change a value stay in memory."""

    census: Census
    spoken: dict[str, _Statements] = field(default_factory=dict)
    context: dict[str, _Statements] = field(default_factory=dict)
    first: dict[str, _Statements] = field(default_factory=dict)

    def add_earlier(self, tables: Mapping[str, pa.Table]) -> None:
        """The last values that an earlier import knows, so that only what differs is a change."""
        if "leads" not in tables:
            return
        leads = tables["leads"]
        values = {name: leads.column(name) for name in leads.column_names if name not in NOT_ATTRIBUTES}
        for name, column in values.items():
            self._add(self.spoken, name, self._places(leads), np.full(len(leads), EARLIEST), None, column)
        if "attribute_changes" not in tables:
            return
        changes = tables["attribute_changes"]
        for name in pc.unique(changes.column("attribute")).to_pylist():
            rows = changes.filter(pc.equal(changes.column("attribute"), name))
            us = np.asarray(rows.column("changed_at").cast(pa.int64()).to_numpy(), dtype=np.int64)
            self._add(self.spoken, name, self._places(rows), us, None, rows.column("value"))

    def _places(self, table: pa.Table) -> Codes:
        ids = pc.index_in(table.column("lead_id"), value_set=self.census.ids)
        return np.asarray(pc.fill_null(ids, -1).to_numpy(), dtype=np.int32)

    def add(self, lead: Codes, us: Ints, visible_us: Ints, kinds: tuple[Mapping[str, pa.Array], ...]) -> None:
        """One batch (m,): traits, context and first values; lead -1 for rows of no lead."""
        traits, context, first = kinds
        for name, values in traits.items():
            self._add(self.spoken, name, lead, us, visible_us, values)
        created = np.append(self.census.created_us, NO_TIME)[lead]
        until = np.where(us <= created, lead, -1).astype(np.int32)
        for name, values in context.items():
            self._add(self.context, name, until, us, visible_us, values)
        for name, values in first.items():
            self._add(self.first, name, until, us, visible_us, values)

    def _add(
        self, kind: dict[str, _Statements], name: str, lead: Codes, us: Ints, visible_us: Ints | None,
        values: pa.Array | pa.ChunkedArray,
    ) -> None:  # fmt: skip
        array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        rows = np.flatnonzero((lead >= 0) & pc.is_valid(array).to_numpy(zero_copy_only=False))
        if not len(rows):
            return
        encoded = array.take(pa.array(rows)).dictionary_encode()
        code: Codes = encoded.indices.to_numpy(zero_copy_only=False)
        order = np.lexsort((us[rows], lead[rows]))
        changes = np.ones(len(rows), dtype=np.bool_)
        changes[1:] = (lead[rows[order]][1:] != lead[rows[order]][:-1]) | (
            code[order][1:] != code[order][:-1]
        )
        kept = order[changes]
        statements = kind.setdefault(name, _Statements())
        statements.lead.append(lead[rows[kept]])
        statements.us.append(us[rows[kept]])
        statements.visible_us.append((us if visible_us is None else visible_us)[rows[kept]])
        statements.value.append(encoded.take(pa.array(kept)))

    def attributes(self) -> dict[str, pa.Array]:
        """attribute -> the value of each lead (n,) at its creation, null if nothing was said."""
        columns: dict[str, pa.Array] = {}
        for name, statements in sorted(self.first.items()):
            columns[name] = self._at_creation(statements, last=False)
        for name, statements in sorted(self.context.items()):
            columns.setdefault(name, self._at_creation(statements, last=True))
        for name, statements in sorted(self.spoken.items()):
            said = self._at_creation(statements, last=True)
            columns[name] = pc.coalesce(said, columns[name]) if name in columns else said
        return {name: column for name, column in columns.items() if column.null_count < len(column)}

    def _at_creation(self, statements: _Statements, last: bool) -> pa.Array:
        joined = statements.joined()
        until = joined.us <= self.census.created_us[joined.lead]
        lead, code = joined.lead[until], joined.code[until]
        if not last:
            lead, code = lead[::-1], code[::-1]
        chosen = np.full(len(self.census.ids), -1, dtype=np.int64)
        chosen[lead] = code  # the last assignment of a lead stays
        return joined.values.take(pa.array(chosen, mask=chosen < 0))

    def changes(self) -> pa.Table:
        """The rows of `attribute_changes` that the export adds."""
        pieces = [self._changes(name, statements) for name, statements in sorted(self.spoken.items())]
        return pa.concat_tables([SCHEMAS["attribute_changes"].empty_table(), *pieces])

    def _changes(self, name: str, statements: _Statements) -> pa.Table:
        joined = statements.joined()
        lead, us, visible, code = joined.lead, joined.us, joined.visible_us, joined.code
        changed = np.zeros(len(lead), dtype=np.bool_)
        changed[1:] = (lead[1:] == lead[:-1]) & (code[1:] != code[:-1])
        first = np.ones(len(lead), dtype=np.bool_)
        first[1:] = lead[1:] != lead[:-1]
        rows = np.flatnonzero((changed | first) & (us > self.census.created_us[lead]))
        return pa.table(
            {
                "lead_id": self.census.ids.take(pa.array(lead[rows])),
                "changed_at": times(us[rows]),
                "attribute": pa.array([name] * len(rows), pa.string()),
                "value": joined.values.take(pa.array(code[rows])),
                "recorded_at": times(np.where(visible[rows] > us[rows], visible[rows], NO_TIME)),
            }
        ).cast(SCHEMAS["attribute_changes"])
