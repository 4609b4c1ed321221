"""Counts of the open scored leads, kept current with every score: the worklist counts no million of rows to show fifty.

`worklist_groups` has the leads and sums of each combination of owner, stage, source and grade, `rank_counts` the leads
by ranges of their rank. Sums grow and shrink with each score: they equal sums made anew but for rounding.
"""

import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, case, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from serving.store import schema as db
from serving.store.database.statements import (
    PreparedInsert,
    PreparedQuery,
    PreparedUpdate,
    in_parts,
    is_sqlite,
    sqlite_driver,
    sqlite_text,
)
from serving.store.database.transaction import Transaction
from serving.store.scores.search.changes import note_changes

LEADS_PER_QUERY = 500
# Ranges of ranks share a double's exponent and the first 6 bits of its fraction: 64 between a number and its double.
_RANGE_BITS: Final = 46
_SIGN: Final = (1 << 63) - 1

_SCORES = db.scores.c
_GROUPS = db.worklist_groups.c
_BEFORE = PreparedQuery(
    select(
        *(_SCORES[name] for name in ("lead_no", "probability", "revenue_rank", "group_no", "search"))
    ).where(_SCORES.group_no.is_not(None)),
    among=_SCORES.lead_no,
)
_NUMBERS = PreparedQuery(select(_GROUPS.key, _GROUPS.group_no), among=_GROUPS.key)
_INSERT_GROUPS = PreparedInsert(db.worklist_groups)
_LEADS = _GROUPS.leads + bindparam("more_leads")
_PRICED = _GROUPS.priced + bindparam("more_priced")
_ADD_TO_GROUPS = PreparedUpdate(
    update(db.worklist_groups)
    .where(_GROUPS.group_no == bindparam("group"))
    .values(
        leads=_LEADS,
        priced=_PRICED,
        # Sums of nothing are nothing: what rounding left behind ends with the group.
        wins=case(
            (literal_column("0") == _LEADS, literal_column("0.0")),
            else_=_GROUPS.wins + bindparam("more_wins"),
        ),
        revenue=case(
            (literal_column("0") == _PRICED, literal_column("0.0")),
            else_=_GROUPS.revenue + bindparam("more_revenue"),
        ),
    )
)


def _adding(insert: Any) -> Any:
    """Inserts a count, or adds it to the one that is there."""
    counts = db.rank_counts
    return insert.on_conflict_do_update(
        index_elements=[counts.c.rank_range], set_={"leads": counts.c.leads + insert.excluded.leads}
    )


_ADD_TO_RANGES = _adding(postgresql.insert(db.rank_counts))
_ADD_TO_RANGES_ON_SQLITE = sqlite_text(_adding(sqlite.insert(db.rank_counts)))


def rank_range(rank: float) -> int:
    """The range of a rank; larger ranks have larger ranges, or the same."""
    (bits,) = struct.unpack("<q", struct.pack("<d", rank + 0.0))  # -0.0 becomes 0.0
    return int(bits if bits >= 0 else ~(bits & _SIGN)) >> _RANGE_BITS


def range_end(number: int) -> float:
    """The least rank above those of a range."""
    bits = (number + 1) << _RANGE_BITS
    (end,) = struct.unpack("<d", struct.pack("<q", bits if bits >= 0 else ~bits | ~_SIGN))
    return float(end)


@dataclass
class _Sums:
    """What a group gains: leads, their wins, those with a known revenue, and that revenue."""

    leads: int = 0
    wins: float = 0.0
    priced: int = 0
    revenue: float = 0.0

    def add(self, sign: int, probability: float, rank: float) -> None:
        self.leads += sign
        self.wins += sign * probability
        if rank >= 0:
            self.priced += sign
            self.revenue += sign * rank


class _Gains(NamedTuple):
    """What scores add to groups, by group_no, and to ranges of ranks."""

    groups: dict[int, _Sums]
    ranges: dict[int, int]

    def add(self, sign: int, group_no: int, probability: float, rank: float) -> None:
        self.groups[group_no].add(sign, probability, rank)
        self.ranges[rank_range(rank)] += sign


def count_scores(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Counts rows of `scores` in place of the stored ones of their leads; returns their group_no, None if closed."""
    connection = transaction.connection
    gains, before = _without_stored(connection, [row["lead_no"] for row in rows])
    keys = [_key(row) if row["is_open"] else None for row in rows]
    first = {key: row for key, row in zip(keys, rows, strict=True) if key is not None}
    numbers = _group_numbers(transaction, first)
    group_numbers = [None if key is None else numbers[key] for key in keys]
    for row, group_no in zip(rows, group_numbers, strict=True):
        if group_no is not None:
            gains.add(1, group_no, row["probability"], row["revenue_rank"])
    _write(connection, gains)
    note_changes(transaction, _changed(rows, group_numbers, before))
    return group_numbers


def forget_scores(transaction: Transaction, numbers: Sequence[int]) -> None:
    """Takes the stored scores of these leads out of all counts and searches, before they are deleted."""
    gains, before = _without_stored(transaction.connection, numbers)
    _write(transaction.connection, gains)
    note_changes(transaction, list(before))


def _without_stored(
    connection: Connection, numbers: Sequence[int]
) -> tuple[_Gains, dict[int, tuple[int, str]]]:
    """The gains of counting the stored scores of these leads no more, and lead_no -> group_no and searched text."""
    gains, before = _Gains(defaultdict(_Sums), defaultdict(int)), {}
    for part in in_parts(numbers, LEADS_PER_QUERY):
        for lead_no, probability, rank, group_no, search in _BEFORE.rows(connection, some=part):
            gains.add(-1, group_no, probability, rank)
            before[lead_no] = (group_no, search)
    return gains, before


def _changed(
    rows: Sequence[Mapping[str, Any]],
    group_numbers: Sequence[int | None],
    before: Mapping[int, tuple[int, str]],
) -> list[int]:
    """The leads for which a search finds another text or group than before."""
    return [
        row["lead_no"]
        for row, group_no in zip(rows, group_numbers, strict=True)
        if before.get(row["lead_no"]) != (None if group_no is None else (group_no, row["search"]))
    ]


def _key(row: Mapping[str, Any]) -> str:
    return msgspec.json.encode([row[name] for name in db.SUMMED]).decode()


def _group_numbers(transaction: Transaction, first: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Key -> group_no, with a new group for a new key; first: a row of each."""
    connection, numbers = transaction.connection, dict[str, int]()
    for part in in_parts(list(first), LEADS_PER_QUERY):
        numbers |= dict(_NUMBERS.rows(connection, some=part))
    new = [key for key in first if key not in numbers]
    if new:
        numbers |= zip(new, transaction.numbers("group_no", len(new)), strict=True)
        names = (*db.SUMMED, "owner_key", "stage_key", "source_key")
        nothing = {"leads": 0, "wins": 0.0, "priced": 0, "revenue": 0.0}
        rows = [
            {"group_no": numbers[key], "key": key, **nothing, **{name: first[key][name] for name in names}}
            for key in new
        ]
        _INSERT_GROUPS.run(connection, rows)
    return numbers


def _write(connection: Connection, gains: _Gains) -> None:
    of_groups = [
        {
            "group": group_no,
            "more_leads": sums.leads,
            "more_wins": sums.wins,
            "more_priced": sums.priced,
            "more_revenue": sums.revenue,
        }
        for group_no, sums in gains.groups.items()
        if sums.leads or sums.wins or sums.priced or sums.revenue
    ]
    if of_groups:
        _ADD_TO_GROUPS.run(connection, of_groups)
    of_ranges = [{"rank_range": number, "leads": leads} for number, leads in gains.ranges.items() if leads]
    if not of_ranges:
        return
    if is_sqlite(connection):
        sqlite_driver(connection).executemany(_ADD_TO_RANGES_ON_SQLITE, of_ranges)
    else:
        connection.execute(_ADD_TO_RANGES, of_ranges)


# ---- reading


_OPEN_RANGES = PreparedQuery(
    select(db.rank_counts.c.rank_range, db.rank_counts.c.leads)
    .where(db.rank_counts.c.leads != literal_column("0"))
    .order_by(db.rank_counts.c.rank_range.desc())
)


def leads_by_range(connection: Connection) -> list[tuple[int, int]]:
    """The ranges of ranks with open leads and their number, highest first."""
    return [(number, leads) for number, leads in _OPEN_RANGES.rows(connection)]
