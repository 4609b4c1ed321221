"""Kept reports: who is due when, what is forgotten, and that an erased lead is named in none."""

from dataclasses import replace

from serving.store.database.transaction import Transaction
from serving.store.leads.leads import erase_leads
from serving.store.reports.kept import (
    HOUR_US,
    KEPT_US,
    MOST_KEPT,
    KeptReport,
    Made,
    Schedule,
    ask,
    body_of,
    count_unprepared,
    due,
    keep,
    kept_report,
)
from serving.store.reports.queries import FIRST_SHOWN, ForecastQuery, FunnelQuery, ReportQuery
from serving.store.reports.version import StoreState
from serving.store.store import Store
from tests.builders.service.scored_store import put
from tests.builders.service.store_fakes import NOW_US, Clock

pytest_plugins = ["tests.builders.service.store_fixtures"]

MINUTE_US = 60_000_000
SCHEDULE = Schedule(every_us=10 * MINUTE_US, least_rows=10)
STATE = StoreState("first", rows=11, erasures=1)
CHANGED = replace(STATE, version="second")
BY_SOURCE, BY_OWNER = FunnelQuery(by="source"), FunnelQuery(by="owner")


def make(store: Store, query: ReportQuery, made: Made) -> None:
    with store.engine.writing() as connection:
        keep(Transaction(connection, made.made_us), query, made)


def made_at(now_us: int, **other: object) -> Made:
    return replace(Made(STATE, "1", now_us, "{}"), **other)  # type: ignore[arg-type]


def due_at(
    store: Store, now_us: int, state: StoreState = STATE, model_version: str | None = "1"
) -> list[ReportQuery]:
    with store.engine.reading() as connection:
        return due(connection, SCHEDULE, state, model_version, now_us)


def find(store: Store, query: ReportQuery) -> KeptReport | None:
    with store.engine.reading() as connection:
        return kept_report(connection, query)


def test_small_store_has_nothing_prepared(store: Store) -> None:
    store.writer.write(ask, BY_SOURCE)
    assert due_at(store, NOW_US, replace(STATE, rows=10)) == []


def test_first_pages_are_prepared_before_anyone_asks(store: Store) -> None:
    assert due_at(store, NOW_US) == list(FIRST_SHOWN)
    assert due_at(store, NOW_US, model_version=None) == [FunnelQuery()], "a forecast needs a model"
    for query in FIRST_SHOWN:
        make(store, query, made_at(NOW_US))
    assert due_at(store, NOW_US) == []


def test_unprepared_reports_come_first_then_those_asked_for_last(store: Store, clock: Clock) -> None:
    for query in FIRST_SHOWN:
        make(store, query, made_at(NOW_US))
    for query in (BY_SOURCE, BY_OWNER):
        clock.now_us += MINUTE_US
        store.writer.write(ask, query)
    make(store, BY_OWNER, made_at(clock.now_us))
    with store.engine.reading() as connection:
        assert count_unprepared(connection) == 1
    later = clock.now_us + SCHEDULE.every_us
    assert due_at(store, later) == [BY_SOURCE]
    assert due_at(store, later, CHANGED) == [BY_SOURCE, BY_OWNER, *FIRST_SHOWN]


def test_report_is_made_anew_after_a_change_and_not_too_often(store: Store) -> None:
    for query in FIRST_SHOWN:
        make(store, query, made_at(NOW_US))
    assert due_at(store, NOW_US + SCHEDULE.every_us - 1, CHANGED) == []
    assert due_at(store, NOW_US + SCHEDULE.every_us, CHANGED) == list(FIRST_SHOWN)
    assert due_at(store, NOW_US + SCHEDULE.every_us, model_version="2") == list(FIRST_SHOWN)
    assert due_at(store, NOW_US + SCHEDULE.every_us) == []
    assert due_at(store, NOW_US + HOUR_US) == list(FIRST_SHOWN), "rows that were dated ahead"
    assert due_at(store, NOW_US - 1, CHANGED) == list(FIRST_SHOWN), "the clock was set back"


def test_only_what_is_asked_for_stays_current(store: Store, clock: Clock) -> None:
    for query in (*FIRST_SHOWN, BY_SOURCE):
        store.writer.write(ask, query)
        make(store, query, made_at(NOW_US))
    assert BY_SOURCE in due_at(store, NOW_US + KEPT_US, CHANGED)
    assert due_at(store, NOW_US + KEPT_US + 1, CHANGED) == list(FIRST_SHOWN)
    clock.now_us += KEPT_US
    store.writer.write(ask, BY_SOURCE)
    assert BY_SOURCE in due_at(store, NOW_US + KEPT_US + 1, CHANGED)


def test_the_reports_asked_for_longest_ago_are_forgotten(store: Store, clock: Clock) -> None:
    queries = [ForecastQuery(periods=number) for number in range(1, MOST_KEPT + 3)]
    for query in queries:
        clock.now_us += 1
        store.writer.write(ask, query)
    assert [find(store, query) is None for query in queries] == [True] * 2 + [False] * MOST_KEPT


def test_asking_again_keeps_what_was_prepared(store: Store, clock: Clock) -> None:
    store.writer.write(ask, BY_SOURCE)
    make(store, BY_SOURCE, made_at(NOW_US, body='{"a": 1}'))
    clock.now_us += 5
    store.writer.write(ask, BY_SOURCE)
    kept = find(store, BY_SOURCE)
    assert kept is not None
    assert (kept.asked_us, kept.made_us, kept.version, kept.refused) == (NOW_US + 5, NOW_US, "first", ())
    make(store, BY_SOURCE, made_at(NOW_US, body=None, refused=["no such column"]))
    kept = find(store, BY_SOURCE)
    assert kept is not None
    assert kept.refused == ("no such column",)


def test_erasing_a_lead_empties_the_reports_that_name_it(store: Store) -> None:
    name = 'a "b" 50% ä'
    put(store, name)
    bodies = {BY_SOURCE: '{"leads": ["a \\"b\\" 50% ä"]}', BY_OWNER: '{"leads": ["a \\"b\\" 500 ä"]}'}
    for query, body in bodies.items():
        make(store, query, made_at(NOW_US, body=body))
    store.writer.write(erase_leads, name)
    with store.engine.reading() as connection:
        assert body_of(connection, BY_SOURCE) is None
        assert body_of(connection, BY_OWNER) == bodies[BY_OWNER]
    assert due_at(store, NOW_US, model_version=None) == [BY_SOURCE, FunnelQuery()]
