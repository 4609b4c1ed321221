"""Activities of Account Engagement as rows of persons: touches, visits, page views, and traces of opportunities."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.pardot.kinds import (
    IDENTIFYING,
    LINKED,
    LOST,
    OF_OPPORTUNITIES,
    REOPENED,
    WON,
    activity_kinds,
    are,
    channels,
    directions,
    mask,
)
from connectors.pardot.moved import Moved
from connectors.pardot.objects import ACTIVITY, CLICK, EXTERNAL, OPPORTUNITY, PAGE_VIEW, VISIT, VISITOR
from connectors.persons.events import EventNames
from connectors.persons.rows import PersonRows, Role, person_ids
from connectors.persons.streams import Moments, addresses, kinds_of, page_kinds, usable
from connectors.persons.values_today import OldValues
from connectors.reading.export import DELETED, SOURCE, Export, booleans, column
from connectors.reading.ids import whole_ids
from history.base.arrays import Flags, Ints, Mask

# The system's mark of a session stands beside the visit itself.
SESSION: Final = "session"
ALSO_ACTIVITIES: Final = "also_among_the_activities"
# Activities that have a table of their own, too: its name, their kind, and the column that names its row.
OWN_TABLES: Final = (
    (VISIT.name, "visit", "visit_id", "also_among_the_visits"),
    (PAGE_VIEW.name, "page_view", "visitor_page_view_id", "also_among_the_page_views"),
)


@dataclass(frozen=True)
class _Further:
    """A further table of touches: its name, times, what makes its ids its own, and the kinds of its rows."""

    name: str
    times: tuple[str, ...]
    prefix: str
    kinds: Callable[[pa.Table], pa.Array]


def _all(kind: str) -> Callable[[pa.Table], pa.Array]:
    return lambda table: pa.array([kind] * len(table), pa.string())


FURTHER: Final = (
    _Further(EXTERNAL.name, ("activity_date",), "external-", lambda table: kinds_of(column(table, "type"))),
    _Further(VISIT.name, ("created_at", "first_visitor_page_view_at"), "visit-", _all("visit")),
    _Further(
        PAGE_VIEW.name, ("created_at",), "page-",
        lambda table: page_kinds("page_view", pc.coalesce(column(table, "url"), column(table, "title"))),
    ),
    _Further(CLICK.name, ("created_at",), "click-", _all("email_click")),
)  # fmt: skip
NOTHING: Final = pa.scalar(None, pa.string())


@dataclass
class Log:
    """What the activities tell beside touches: links and closings of opportunities, and prospects that were merged."""

    names: EventNames
    moved: Moved
    links: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    closed_us: dict[str, int] = field(default_factory=dict)
    latest_us: int = NO_TIME

    def begin(self) -> None:
        """Before each reading."""
        self.links, self.closed_us = {}, {}
        self.moved.begin()

    def linked(self) -> list[tuple[str, str]]:
        """Opportunities and prospects that are linked at the end."""
        return [pair for pair, (_, is_linked) in self.links.items() if is_linked]

    def old(self) -> OldValues:
        """No change of a value is logged; only the time of the export is known."""
        return OldValues(latest_us=self.latest_us)

    def see(self, us: Ints, now_us: int) -> None:
        past = us[us <= now_us]
        self.latest_us = max(self.latest_us, int(past.max(initial=NO_TIME)))


def activity_rows(export: Export, log: Log) -> Iterator[PersonRows]:
    """All activities, visits, page views and clicks by batches."""
    for table in export.combined(ACTIVITY.name):
        table, us = _dated(export, log, table, ("created_at",))
        if len(table):
            yield from _activities(export, log, table, us)
    for further in FURTHER:
        for table in export.combined(further.name):
            table, us = _dated(export, log, table, further.times)
            kinds, ids = further.kinds(table), _prefixed(further.prefix, column(table, "id"))
            rows = _without_type(export, _Touches(table, us, kinds, ids))
            if further.name == CLICK.name and export.has(ACTIVITY.name):
                export.leave(rows.table, ALSO_ACTIVITIES, np.ones(len(rows.table), dtype=np.bool_))
                continue
            yield _touches(export, log, rows)


@dataclass(frozen=True)
class _Touches:
    """Rows (m,) with their times, kinds and the ids of their events."""

    table: pa.Table
    us: Ints
    kinds: pa.Array
    ids: pa.Array

    def where(self, kept: Mask) -> "_Touches":
        rows = pa.array(kept)
        return _Touches(
            self.table.filter(rows), self.us[kept], self.kinds.filter(rows), self.ids.filter(rows)
        )


def _dated(export: Export, log: Log, table: pa.Table, names: tuple[str, ...]) -> tuple[pa.Table, Ints]:
    """The rows with a time, by the first of these columns that has one, without those that a loader calls deleted."""
    table = export.leave(table, "deleted", booleans(column(table, DELETED))[0])
    us = _first_time(export, table, names)
    unknown = np.full(len(table), NO_TIME, dtype=np.int64)
    table, moments = usable(export, table, Moments(us, unknown, unknown > NO_TIME))
    log.see(moments.us, export.options.now_us)
    return table, moments.us


def _first_time(export: Export, table: pa.Table, names: tuple[str, ...]) -> Ints:
    """The time of each row (m,) in the first of these columns that has one, else NO_TIME."""
    us = np.full(len(table), NO_TIME, dtype=np.int64)
    for name in names:
        read = export.times(table, name)
        us = np.where((us == NO_TIME) & read.known, read.us, us)
    return us


def _prefixed(prefix: str, ids: pa.Array) -> pa.Array:
    """Ids of one object, told apart from those of others: all are numbers."""
    return pc.binary_join_element_wise(prefix, whole_ids(ids), "")


def _activities(export: Export, log: Log, table: pa.Table, us: Ints) -> Iterator[PersonRows]:
    kinds = activity_kinds(table)
    rows = _Touches(table, us, kinds, _event_ids(table, kinds))
    rows = _without_type(export, rows)
    sessions = mask(rows.kinds, SESSION)
    export.leave(rows.table, SESSION, sessions)
    rows = rows.where(~sessions)
    rows = _without_others(export, rows)
    _remember(log, rows)
    if export.has(OPPORTUNITY.name):
        chosen = log.names.roles(rows.kinds) != Role.TOUCH
        said = mask(rows.kinds, *OF_OPPORTUNITIES) & ~chosen
        export.leave(rows.table, "of_the_opportunity", said)
        rows = rows.where(~said)
    yield _touches(export, log, rows)


def _without_type(export: Export, rows: _Touches) -> _Touches:
    untyped = pc.is_null(rows.kinds).to_numpy(zero_copy_only=False)
    export.leave(rows.table, "no_type", untyped)
    return rows.where(~untyped)


def _without_others(export: Export, rows: _Touches) -> _Touches:
    """The rows without visits and page views of files that do not name those in the tables of visits and page views."""
    for name, kind, id_, reason in OWN_TABLES:
        nameless = [place for place, known in enumerate(export.sources) if id_ not in known.columns]
        if export.has(name) and nameless:
            is_kind = pc.starts_with(rows.kinds, kind).to_numpy(zero_copy_only=False)
            again = np.isin(rows.table.column(SOURCE).to_numpy(), nameless) & is_kind
            export.leave(rows.table, reason, again)
            rows = rows.where(~again)
    return rows


def _event_ids(table: pa.Table, kinds: pa.Array) -> pa.Array:
    """The id of each activity; that of the visit or page view where it is one: these have tables of their own."""
    is_page = pc.starts_with(kinds, "page_view")
    visit = pc.if_else(are(kinds, "visit"), column(table, "visit_id"), NOTHING)
    page = pc.if_else(is_page, column(table, "visitor_page_view_id"), NOTHING)
    return pc.coalesce(_prefixed("visit-", visit), _prefixed("page-", page), whole_ids(column(table, "id")))


def _remember(log: Log, rows: _Touches) -> None:
    """Keeps the links and closings that activities tell of opportunities."""
    said = np.flatnonzero(mask(rows.kinds, *OF_OPPORTUNITIES))
    table = rows.table.take(pa.array(said))
    opportunities, people = _opportunities(table).to_pylist(), _people(table).to_pylist()
    kinds, us = rows.kinds.take(pa.array(said)).to_pylist(), rows.us[said].tolist()
    for opportunity, person, kind, instant in zip(opportunities, people, kinds, us, strict=True):
        if opportunity is None:
            continue
        if person is not None and instant >= log.links.get((opportunity, person), (NO_TIME, True))[0]:
            log.links[opportunity, person] = (instant, kind in LINKED)
        if kind in (*WON, *LOST):
            log.closed_us[opportunity] = max(instant, log.closed_us.get(opportunity, NO_TIME))


def _is_of_opportunity(table: pa.Table) -> pa.Array:
    """Which activities (m,) are nested in an opportunity."""
    return pc.fill_null(pc.match_substring(column(table, "parent.list"), "opportunity"), False)


def _opportunities(table: pa.Table) -> pa.Array:
    parent = pc.if_else(_is_of_opportunity(table), column(table, "parent.Id"), NOTHING)
    return whole_ids(pc.coalesce(column(table, "opportunity_id"), parent))


def _people(table: pa.Table) -> pa.Array:
    """The prospect of each row (m,)."""
    parent = pc.if_else(_is_of_opportunity(table), NOTHING, column(table, "parent.Id"))
    is_nested = pc.is_valid(column(table, "parent.list"))
    parent = pc.if_else(is_nested, parent, NOTHING)
    return person_ids(whole_ids(pc.coalesce(column(table, "prospect_id"), parent)))


def visitors(table: pa.Table, name: str = "visitor_id") -> pa.Array:
    """Ids of visitors, told apart from those of prospects."""
    return _prefixed("visitor-", person_ids(column(table, name)))


def _touches(export: Export, log: Log, rows: _Touches) -> PersonRows:
    table, kinds, count = rows.table, rows.kinds, len(rows.table)
    people = _people(table)
    names_visitor = pc.or_(pc.is_null(people), are(kinds, *IDENTIFYING))
    roles = _roles(log, kinds)
    log.moved.see(rows.ids, people)
    return PersonRows(
        table, rows.us, np.full(count, NO_TIME), roles,
        log.names.make_leads(kinds) if export.options.lead else np.zeros(count, np.bool_),
        {
            "known": people,
            "address": addresses(column(table, "email")),
            "visitor": pc.if_else(names_visitor, visitors(table), NOTHING),
            "event_id": rows.ids,
            "kind": kinds,
            "channel": channels(kinds),
            "direction": directions(kinds),
            "stage": log.names.stage_names(kinds),
        },
    )  # fmt: skip


def _roles(log: Log, kinds: pa.Array) -> Flags:
    """What each activity (m,) is for: those of opportunities decide where no opportunity does."""
    roles = np.full(len(kinds), Role.TOUCH, dtype=np.int8)
    roles[mask(kinds, *OF_OPPORTUNITIES)] = Role.STATEMENT
    roles[mask(kinds, *REOPENED)] = Role.STAGE
    if not log.names.lost:
        roles[mask(kinds, *LOST)] = Role.LOST
    if not log.names.won:
        roles[mask(kinds, *WON)] = Role.WON
    named = log.names.roles(kinds)
    return np.where(named == Role.TOUCH, roles, named).astype(np.int8)


def visitor_rows(export: Export, log: Log) -> Iterator[PersonRows]:
    """Whose each visitor is; known since its last update at the latest."""
    for table in export.combined(VISITOR.name):
        anonymous = pc.is_null(_people(table)).to_numpy(zero_copy_only=False)
        table = export.leave(table, "anonymous_visitor", anonymous)
        us = _first_time(export, table, ("updated_at", "created_at"))
        us = np.where((us == NO_TIME) | (us > export.options.now_us), max(log.latest_us, 0), us)
        count = len(table)
        yield PersonRows(
            table, us, np.full(count, NO_TIME), np.full(count, Role.STATEMENT, np.int8), np.zeros(count, np.bool_),
            {"known": _people(table), "visitor": visitors(table, "id")},
        )  # fmt: skip
