"""The worklist: open leads in an order, filtered and paged by key, and what the selection is expected to bring."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, select

from history.config.config import FunnelConfig
from history.config.display import leads_per_owner
from serving.store import schema as db
from serving.store.config import stored_view
from serving.store.cursors import read_cursor, write_cursor
from serving.store.database.transaction import read_setting
from serving.store.errors import InvalidCursor
from serving.store.leads.leads import ERASURES
from serving.store.scores.saved import ACTS, VERSION, WEEK_US, outdated
from serving.store.scores.worklist.entries import COLUMNS, ReadingTime, Shown, entries_of
from serving.store.scores.worklist.needed import Attended, needed
from serving.store.scores.worklist.neighbours import Listed, Neighbours, neighbours
from serving.store.scores.worklist.paging import FEW, Counts, page_keys
from serving.store.scores.worklist.selection import (
    Filters,
    WorklistQuery,
    base_now,
    count_of,
    count_of_groups,
    groups_of,
    is_before,
    order_key,
    page_of,
    selected,
)
from serving.store.scores.worklist.summary import best_of, expected_by_code, expected_of, expected_of_groups

VALID_US: Final = 5_000_000  # of a cached figure; attention changes with time alone
# Figures of a store with so many leads stay for a while although scores changed: they change all the time, and each
# page of 100,000 leads would add them all up again. What people do to leads and erasures show at once.
LARGE_STORE: Final = 20_000
HELD_US: Final = 2_000_000
MOST_CACHED: Final = 256
Value = TypeVar("Value")


@dataclass(frozen=True)
class Page:
    """Entries of one page at now_us, the cursor of the next, None on the last, and the number of leads on all pages.

    per_owner: the leads of one owner that need attention at most.
    """

    shown: Sequence[Shown]
    next_cursor: str | None
    total: int
    now_us: int = 0
    per_owner: int = 0

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries as the API gives them."""
        return [shown.entry for shown in self.shown]


class _Versions(NamedTuple):
    """Counters: of leads, of changes of scores, of what people did, and of erasures."""

    leads: str | None
    scores: str | None
    acts: str | None
    erasures: str | None


class _Cached(NamedTuple):
    versions: _Versions
    made_us: int
    value: Any


class _Reading:
    """The state of one read: the connection, the time, the version of the stored scores."""

    def __init__(self, connection: Connection, time: ReadingTime) -> None:
        self.connection = connection
        self.time = time
        self.versions = _Versions(
            *(read_setting(connection, name) for name in ("lead_no", VERSION, ACTS, ERASURES))
        )


class Worklist:
    """The worklists of one process. Totals, summaries and attention are kept until the stored scores change."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._cache: OrderedDict[Hashable, _Cached] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, connection: Connection, query: WorklistQuery, config: FunnelConfig | None = None) -> Page:
        """Open scored leads in the query's order, highest first.

        Ties are in order of arrival, newest first: over all pages, each lead that keeps its score occurs exactly once.
        config: the model's, for what the folder loaded last does not set.
        """
        reading = self._reading(connection, config)
        attended = self._attended(reading)
        conditions = _conditions(query.filters, attended.codes, reading.time.now_us)
        if query.q and len(found := self._found(reading, query.filters, conditions)) <= FEW:
            # What one scan found need not be searched again.
            conditions, total = [db.scores.c.lead_no.in_(found)], len(found)
        else:
            total = self._total(reading, query.filters, conditions)
        rows = _rows(reading, query, conditions, Counts(total, self._total(reading, Filters(), ())))
        shown = entries_of(connection, rows[: query.limit], reading.time, attended)
        about = reading.time.now_us, reading.time.per_owner
        if len(rows) <= query.limit:
            return Page(shown, None, total, *about)
        last = rows[query.limit - 1]
        cursor = write_cursor(query.cursor_order, last["key"], last["lead_no"])
        return Page(shown, cursor, total, *about)

    def count_before(
        self, connection: Connection, query: WorklistQuery, config: FunnelConfig | None = None
    ) -> int:
        """The number of leads on the pages before that of the query."""
        if query.after is None:
            return 0
        reading = self._reading(connection, config)
        codes = self._attended(reading).codes if query.attention else {}
        conditions = _conditions(query.filters, codes, reading.time.now_us)
        key = order_key(query, _exact_change(reading, query))
        return _count(connection, [*conditions, is_before(query, key)])

    def summary(
        self,
        connection: Connection,
        query: WorklistQuery,
        capacity: int | None = None,
        config: FunnelConfig | None = None,
    ) -> dict[str, Any]:
        """What the selected leads are expected to bring, by value, and with `capacity` what the first ones bring."""
        reading = self._reading(connection, config)
        key = ("summary", query.filters, query.cursor_order, capacity)
        record: dict[str, Any] = self._kept(reading, key, lambda: self._summary(reading, query, capacity))
        return record

    def around(
        self,
        connection: Connection,
        query: WorklistQuery,
        lead_id: str,
        config: FunnelConfig | None = None,
    ) -> Neighbours:
        """The leads before and after one in the query's order, and its place."""
        reading = self._reading(connection, config)
        conditions = _conditions(query.filters, self._attended(reading).codes, reading.time.now_us)
        total = self._total(reading, query.filters, conditions)
        key = order_key(query, _exact_change(reading, query))
        return neighbours(connection, Listed(query, key, conditions, total), lead_id)

    def shown(self, connection: Connection, lead_id: str, config: FunnelConfig | None = None) -> Shown | None:
        """The entry and next step of one open lead; None without one."""
        reading = self._reading(connection, config)
        statement = _entry_columns(reading).join(db.leads, db.leads.c.lead_no == db.scores.c.lead_no)
        is_lead = (db.leads.c.lead_id == lead_id) & (db.scores.c.is_open == 1)
        rows = list(map(dict, connection.execute(statement.where(is_lead)).mappings()))
        shown = entries_of(connection, rows, reading.time, self._attended(reading))
        return shown[0] if shown else None

    def _summary(self, reading: _Reading, query: WorklistQuery, capacity: int | None) -> dict[str, Any]:
        record: dict[str, Any] = self._kept(
            reading, ("sums", query.filters), lambda: self._sums(reading, query.filters)
        )
        if capacity is None:
            return record
        first = replace(query, after=None, limit=capacity)
        key = order_key(first, _exact_change(reading, first))
        conditions = _conditions(query.filters, self._attended(reading).codes, reading.time.now_us)
        columns = select(db.scores.c.probability, db.scores.c.revenue_rank).where(*conditions)
        best = best_of(reading.connection, page_of(first, key, columns), record, capacity)
        return {**record, "capacity": best}

    def _total(self, reading: _Reading, filters: Filters, conditions: Sequence[ColumnElement[bool]]) -> int:
        """The number of leads that filters match; conditions: theirs, which filters without values do without."""
        return self._kept(reading, ("total", filters), lambda: _count_matching(reading, filters, conditions))

    def _found(
        self, reading: _Reading, filters: Filters, conditions: Sequence[ColumnElement[bool]]
    ) -> list[int]:
        """The numbers of the leads that a search finds, of FEW and one more at most."""
        statement = select(db.scores.c.lead_no).where(*conditions).limit(FEW + 1)
        return self._kept(
            reading, ("found", filters), lambda: list(reading.connection.execute(statement).scalars())
        )

    def _sums(self, reading: _Reading, filters: Filters) -> dict[str, Any]:
        codes, connection = self._attended(reading).codes, reading.connection
        conditions = _conditions(filters, codes, reading.time.now_us)
        snoozed = _conditions(replace(filters, snoozed=True), codes, reading.time.now_us)
        if _is_by_value(filters):
            record = expected_of_groups(connection, groups_of(filters), snoozed)
        else:
            record = expected_of(connection, conditions)
        # Snoozed leads need nobody's attention.
        needing = codes if filters == Filters() else _among(connection, conditions, codes)
        by_attention = expected_by_code(connection, needing)
        return {
            **record,
            "snoozed": _count(connection, snoozed),
            "by": {**record["by"], "attention": by_attention},
        }

    def _reading(self, connection: Connection, config: FunnelConfig | None) -> _Reading:
        used = stored_view(connection) or config or FunnelConfig()
        return _Reading(connection, ReadingTime(self._now_us(), used.zone, leads_per_owner(used.display)))

    def _attended(self, reading: _Reading) -> Attended:
        connection, time = reading.connection, reading.time
        return self._kept(
            reading,
            ("attention", time.per_owner),
            lambda: needed(connection, time.now_us, time.per_owner),
        )

    def _kept(self, reading: _Reading, key: Hashable, make: Callable[[], Value]) -> Value:
        """The cached value if no stored score changed since, and not much time passed."""
        now_us = reading.time.now_us
        with self._lock:
            cached = self._cache.get(key)
        if cached is not None and _is_valid(cached, reading.versions, now_us):
            value: Value = cached.value
            return value
        value = make()
        with self._lock:
            self._cache[key] = _Cached(reading.versions, now_us, value)
            self._cache.move_to_end(key)
            while len(self._cache) > MOST_CACHED:
                self._cache.popitem(last=False)
        return value


def _is_valid(cached: _Cached, versions: _Versions, now_us: int) -> bool:
    age_us = now_us - cached.made_us
    if not 0 <= age_us < VALID_US or cached.versions[2:] != versions[2:]:
        return False
    is_held = age_us < HELD_US and int(versions.leads or 0) > LARGE_STORE
    return is_held or cached.versions.scores == versions.scores


def _conditions(filters: Filters, codes: Mapping[int, str], now_us: int) -> list[ColumnElement[bool]]:
    chosen: Collection[int] | None = None
    if filters.attention:
        chosen = [lead_no for lead_no, code in codes.items() if code in filters.attention]
    return selected(filters, chosen, now_us)


def _rows(
    reading: _Reading, query: WorklistQuery, conditions: Sequence[ColumnElement[bool]], counts: Counts
) -> list[Any]:
    """The rows of one page and one more, if there is one.

    The numbers of the leads come first: a sort then carries no records.
    """
    key, lead_no = order_key(query, _exact_change(reading, query)), db.scores.c.lead_no
    keys = page_keys(reading.connection, query, key, conditions, counts)
    statement = _entry_columns(reading).where(lead_no.in_(list(keys)))
    rows = {row["lead_no"]: row for row in reading.connection.execute(statement).mappings()}
    return [{**rows[lead_no], "key": value} for lead_no, value in keys.items()]


def _is_by_value(filters: Filters) -> bool:
    """True if the kept counts of groups tell how many leads match, but for snoozed ones."""
    return not (filters.q or filters.attention or filters.snoozed)


def _count_matching(reading: _Reading, filters: Filters, conditions: Sequence[ColumnElement[bool]]) -> int:
    if not _is_by_value(filters):
        return _count(reading.connection, conditions)
    of_groups = int(reading.connection.execute(count_of_groups(filters)).scalar() or 0)
    asleep = _conditions(replace(filters, snoozed=True), {}, reading.time.now_us)
    return of_groups - _count(reading.connection, asleep)


def _entry_columns(reading: _Reading) -> Select[Any]:
    """What entries are made of."""
    now_us = reading.time.now_us
    base = base_now(now_us, now_us - WEEK_US).label("base")
    return select(*COLUMNS, base, db.score_records.c.record).join_from(
        db.scores, db.score_records, db.scores.c.lead_no == db.score_records.c.lead_no
    )


def _exact_change(reading: _Reading, query: WorklistQuery) -> ColumnElement[Any] | None:
    """The change computed for every lead, if the order needs it and time has outdated a stored one."""
    if query.order != "change":
        return None
    if reading.connection.execute(outdated(reading.time.now_us).limit(1)).first() is None:
        return None
    now_us, probability = reading.time.now_us, db.scores.c.probability
    base = base_now(now_us, now_us - WEEK_US)
    return probability - func.coalesce(base, probability)


def _count(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    return int(connection.execute(count_of(conditions)).scalar() or 0)


def _among(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], codes: Mapping[int, str]
) -> dict[int, str]:
    """The codes of the leads that meet the conditions."""
    lead_no = db.scores.c.lead_no
    query = select(lead_no).where(*conditions, lead_no.in_(sorted(codes)))
    return {number: codes[number] for number in connection.execute(query).scalars()}


def read_worklist_cursor(text: str, order: str) -> tuple[float, int]:
    """The key in a worklist's cursor. Raises InvalidCursor, also for the cursor of another order."""
    cursor_order, value, lead_no = read_cursor(text, (str, float, int))
    if cursor_order != order:
        raise InvalidCursor
    return value, lead_no


def all_pages(read: Callable[[WorklistQuery], Page], query: WorklistQuery) -> Iterator[Page]:
    """Each page of a worklist."""
    page = read(query)
    yield page
    while page.next_cursor is not None:
        after = read_worklist_cursor(page.next_cursor, query.cursor_order)
        page = read(replace(query, after=after))
        yield page
