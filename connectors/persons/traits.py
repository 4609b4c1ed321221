"""What is said of persons over time: attributes at the creation of a lead, and their changes from then on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME, times
from connectors.folder.write import SCHEMAS
from connectors.persons.census import Census
from connectors.persons.rows import PersonRows, person_ids
from history.base.arrays import Codes, Ints, Mask

NOT_ATTRIBUTES: Final = ("lead_id", "created_at")
ACCOUNT: Final = "account_id"
EARLIEST: Final = NO_TIME + 1  # of what an earlier import knows


@dataclass(frozen=True)
class _Joined:
    """Statements (s,) by lead and time: leads, times, times of knowledge, and codes of values."""

    lead: Codes
    us: Ints
    visible_us: Ints
    code: Codes
    values: pa.Array


@dataclass(frozen=True)
class _Place:
    """Where statements stand (s,): leads, times, times of knowledge, and ranks as in Census."""

    lead: Codes
    us: Ints
    visible_us: Ints
    rank: Codes

    def take(self, rows: Ints | Mask) -> "_Place":
        return _Place(self.lead[rows], self.us[rows], self.visible_us[rows], self.rank[rows])


def _changed(place: _Place, code: Codes) -> Mask:
    """Without those that repeat the row just before: a row of another batch may stand between any others."""
    kept = np.ones(len(code), dtype=np.bool_)
    same = (place.lead[1:] == place.lead[:-1]) & (code[1:] == code[:-1])
    kept[1:] = ~(
        same & (place.rank[1:] == place.rank[:-1] + 1) & (place.visible_us[1:] >= place.visible_us[:-1])
    )
    return kept


def _last(place: _Place, _code: Codes) -> Mask:
    return np.append(place.lead[1:] != place.lead[:-1], True)


def _first(place: _Place, _code: Codes) -> Mask:
    return np.insert(place.lead[1:] != place.lead[:-1], 0, True)


@dataclass
class _Statements:
    """Statements of one attribute in pieces: leads, times, and values as dictionaries."""

    lead: list[Codes] = field(default_factory=list)
    us: list[Ints] = field(default_factory=list)
    visible_us: list[Ints] = field(default_factory=list)
    value: list[pa.DictionaryArray] = field(default_factory=list)

    def add(self, place: _Place, value: pa.DictionaryArray) -> None:
        self.lead.append(place.lead)
        self.us.append(place.us)
        self.visible_us.append(place.visible_us)
        self.value.append(value)

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


def _with_good_accounts(traits: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
    """The traits without accounts of no id, such as "-" or "n/a", which would be one account of many people."""
    accounts = traits.get(ACCOUNT)
    if accounts is None:
        return traits
    is_removed = pc.fill_null(pc.equal(accounts, ""), False)
    return {**traits, ACCOUNT: pc.if_else(is_removed, accounts, person_ids(accounts))}


@dataclass
class Traits:
    """Collects statements by batches, without those that repeat the one before."""

    census: Census
    spoken: dict[str, _Statements] = field(default_factory=dict)
    context: dict[str, _Statements] = field(default_factory=dict)
    first: dict[str, _Statements] = field(default_factory=dict)

    def add_earlier(self, tables: Mapping[str, pa.Table]) -> None:
        """The last values that an earlier import knows, so that only what differs is a change."""
        if "leads" not in tables:
            return
        leads = tables["leads"]
        earliest = np.full(len(leads), EARLIEST)
        for name in leads.column_names:
            if name not in NOT_ATTRIBUTES:
                self._add_known(name, leads, earliest, leads.column(name))
        if "attribute_changes" not in tables:
            return
        changes = tables["attribute_changes"]
        for name in pc.unique(changes.column("attribute")).to_pylist():
            rows = changes.filter(pc.equal(changes.column("attribute"), name))
            us = np.asarray(rows.column("changed_at").cast(pa.int64()).to_numpy(), dtype=np.int64)
            self._add_known(name, rows, us, rows.column("value"))

    def _add_known(self, name: str, table: pa.Table, us: Ints, values: pa.ChunkedArray) -> None:
        lead = self._places(table)
        place = _Place(lead, us, us, np.zeros(len(lead), dtype=np.int32))
        order = np.lexsort((us, lead))
        self._add(
            self.spoken, name, place, order, values.combine_chunks(), lambda rows, _codes: rows.lead >= 0
        )

    def _places(self, table: pa.Table) -> Codes:
        ids = pc.index_in(table.column("lead_id"), value_set=self.census.ids)
        return np.asarray(pc.fill_null(ids, -1).to_numpy(), dtype=np.int32)

    def add(self, rows: PersonRows, lead: Codes, visible_us: Ints, rank: Codes) -> None:
        """One batch (m,): traits, context and first values; lead -1 for rows of no lead; rank as in Census."""
        order = np.lexsort((rank, lead))
        for name, values in _with_good_accounts(rows.traits).items():
            self._add(self.spoken, name, _Place(lead, rows.us, visible_us, rank), order, values, _changed)
        at_hand = np.where(self._at_hand(lead, rows.us, visible_us), lead, -1).astype(np.int32)
        until = _Place(at_hand, rows.us, visible_us, rank)
        for name, values in rows.context.items():
            self._add(self.context, name, until, order, values, _last)
        for name, values in rows.first.items():
            self._add(self.first, name, until, order, values, _first)

    def _add(
        self, kind: dict[str, _Statements], name: str, place: _Place, order: Ints, values: pa.Array,
        keep: Callable[[_Place, Codes], Mask],
    ) -> None:  # fmt: skip
        """The statements of one column that `keep` selects among those of leads in order of lead and time."""
        said = (place.lead >= 0) & pc.is_valid(values).to_numpy(zero_copy_only=False)
        rows = order[said[order]]
        if not len(rows):
            return
        encoded = values.take(pa.array(rows)).dictionary_encode()
        kept = keep(place.take(rows), encoded.indices.to_numpy(zero_copy_only=False))
        kind.setdefault(name, _Statements()).add(place.take(rows[kept]), encoded.filter(pa.array(kept)))

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

    def _at_hand(self, lead: Codes, us: Ints, visible_us: Ints) -> Mask:
        """Which statements (s,) were made and known when their lead was created."""
        created = np.append(self.census.created_us, NO_TIME)[lead]
        known = np.append(self.census.known_us, NO_TIME)[lead]
        return np.asarray((us <= created) & (visible_us <= known))

    def _at_creation(self, statements: _Statements, last: bool) -> pa.Array:
        joined = statements.joined()
        until = self._at_hand(joined.lead, joined.us, joined.visible_us)
        lead, code = joined.lead[until], joined.code[until]
        if not last:
            lead, code = lead[::-1], code[::-1]
        chosen = np.full(len(self.census.ids), -1, dtype=np.int64)
        chosen[lead] = code  # the last assignment of a lead stays
        values = joined.values.take(pa.array(chosen, mask=chosen < 0))
        return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)

    def changes(self) -> pa.Table:
        """The rows of `attribute_changes` that the export adds."""
        pieces = [self._changes(name, statements) for name, statements in sorted(self.spoken.items())]
        return pa.concat_tables([SCHEMAS["attribute_changes"].empty_table(), *pieces])

    def _changes(self, name: str, statements: _Statements) -> pa.Table:
        joined = statements.joined()
        lead, us, visible, code = joined.lead, joined.us, joined.visible_us, joined.code
        starts = np.ones(len(lead), dtype=np.bool_)
        starts[1:] = (lead[1:] != lead[:-1]) | (code[1:] != code[:-1])
        starts |= _known_sooner(starts, visible)
        starts &= ~_says_nothing(joined)
        at_hand = self._at_hand(lead, us, visible)
        # A statement that was known late changes nothing if the value at the creation is a later one.
        settled = np.full(len(self.census.ids), NO_TIME)
        np.maximum.at(settled, lead[at_hand], us[at_hand])
        rows = np.flatnonzero(starts & ~at_hand & (us > settled[lead]))
        return pa.table(
            {
                "lead_id": self.census.ids.take(pa.array(lead[rows])),
                "changed_at": times(us[rows]),
                "attribute": pa.array([name] * len(rows), pa.string()),
                "value": joined.values.take(pa.array(code[rows])),
                "recorded_at": times(np.where(visible[rows] > us[rows], visible[rows], NO_TIME)),
            }
        ).cast(SCHEMAS["attribute_changes"])


def _says_nothing(joined: _Joined) -> Mask:
    """Statements (s,) of no value at the start of a lead, which had none before."""
    is_first = np.ones(len(joined.lead), dtype=np.bool_)
    is_first[1:] = joined.lead[1:] != joined.lead[:-1]
    empty = pc.index(joined.values, "").as_py()
    return np.asarray(is_first & (joined.code == empty))


def _known_sooner(starts: Mask, visible_us: Ints) -> Mask:
    """In each run of one value (s,), the first statement that was known before the one that began the run."""
    run = np.cumsum(starts) - 1
    sooner = np.flatnonzero(visible_us < visible_us[np.flatnonzero(starts)[run]]) if len(run) else run
    result = np.zeros(len(starts), dtype=np.bool_)
    result[sooner[np.unique(run[sooner], return_index=True)[1]]] = True
    return result
