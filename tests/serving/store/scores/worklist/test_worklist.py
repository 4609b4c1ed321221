"""The worklist against a plain count: filters, orders, pages, totals and summaries, at the time of reading."""

import random
from dataclasses import replace
from typing import Any

import pytest

from history.text.times import DAY_US
from serving.store.beside import Snooze, set_snoozes
from serving.store.errors import InvalidCursor
from serving.store.leads.leads import erase_leads
from serving.store.scores.rescoring.changed_leads import refresh_changes
from serving.store.scores.worklist import kept
from serving.store.scores.worklist import worklist as module
from serving.store.scores.worklist.selection import ORDERS, WorklistQuery
from serving.store.scores.worklist.worklist import Worklist, read_worklist_cursor
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, put, score_queued
from tests.builders.service.store_fakes import Clock, FakeModel
from tests.builders.service.worklist_world import (
    World,
    expected,
    folded,
    random_worklist,
    sums,
    sums_by,
)

pytest_plugins = ["tests.builders.service.store_fixtures"]
SEARCHES = (
    None,
    None,
    None,
    "größe",
    "100%",
    "a_b",
    "'; --",
    "L1",
    "@EXAMPLE.org",
    "secret",
    "<SCRIPT>",
    "77",
    "\\",
)


def some_query(draw: random.Random) -> dict[str, Any]:
    def some(*values: str) -> tuple[str, ...]:
        return tuple(draw.sample(values, draw.choice((0, 0, 0, 1, 2))))

    return {
        "grade": some("A", "D"),
        "stage": some("NEW", "demo", "offer", "nowhere"),
        "owner": some("ann", "BÖB", "=1+1", "<b>", "nobody"),
        "source": some("WEB", "fair"),
        "attention": some("unanswered", "silent", "stuck", "high_value_untouched", "probability_fell"),
        "q": draw.choice(SEARCHES),
        "order": draw.choice(list(ORDERS)),
        "reverse": draw.random() < 0.3,
    }


def assert_sums(found: dict[str, Any], counted: dict[str, Any]) -> None:
    assert found["leads"] == counted["leads"]
    for name in ("expected_wins", "expected_revenue"):
        value = counted[name]
        assert found[name] == (None if value is None else pytest.approx(value, rel=1e-9))


@pytest.mark.parametrize("seed", range(8))
def test_lists_and_sums_equal_the_plain_count(store: Store, clock: Clock, seed: int) -> None:
    world, draw = random_worklist(store, clock, seed), random.Random(seed)
    whole = world.entries()
    assert {entry["lead_id"] for entry in whole} == {lead.lead_id for lead in world.open_leads}
    for _ in range(25):
        query = some_query(draw)
        wanted = expected(world, whole, **query)
        assert world.entries(**query) == wanted
        assert world.entries(**query, limit=draw.choice((1, 3, 7))) == wanted
        assert world.total(**query) == len(wanted)
        capacity = draw.choice((1, 4, 100))
        assert_summary(world.summary(capacity, **query), wanted, capacity)


def assert_summary(found: dict[str, Any], wanted: list[dict[str, Any]], capacity: int) -> None:
    assert_sums(found, sums(wanted))
    for name in ("grade", "stage", "owner", "source", "attention"):
        counted = sums_by([entry for entry in wanted if name != "attention" or entry[name]], name)
        assert {folded(value) for value in found["by"][name]} == set(counted)
        for value, figures in found["by"][name].items():
            assert_sums(figures, counted[folded(value)])
    first, whole = sums(wanted[:capacity]), sums(wanted)
    best = found["capacity"]
    assert best["n"] == first["leads"]
    assert best["expected_wins"] == pytest.approx(first["expected_wins"], rel=1e-9)
    if whole["expected_revenue"] is None:
        assert best["expected_revenue"] is best["random_revenue"] is None
    else:
        assert best["expected_revenue"] == pytest.approx(first["expected_revenue"] or 0.0, rel=1e-9)
        random_revenue = whole["expected_revenue"] * first["leads"] / len(wanted)
        assert best["random_revenue"] == pytest.approx(random_revenue, rel=1e-9)
    random_wins = whole["expected_wins"] * first["leads"] / max(1, len(wanted))
    assert best["random_wins"] == pytest.approx(random_wins, rel=1e-9)
    half, n = whole["expected_wins"] / 2, best["n_half_wins"]
    assert sums(wanted[:n])["expected_wins"] >= half - 1e-9
    assert n == 0 or sums(wanted[: n - 1])["expected_wins"] < half + 1e-9


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("reverse", [False, True])
def test_pages_visit_every_lead_once(store: Store, clock: Clock, order: str, reverse: bool) -> None:
    world = random_worklist(store, clock, 3)
    ids = [e["lead_id"] for e in world.entries(order=order, reverse=reverse, limit=4)]
    assert sorted(ids) == sorted(lead.lead_id for lead in world.open_leads)


def test_snoozed_leads_are_left_out_until_their_time(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 9)
    clock.now_us += 20 * DAY_US
    whole = world.entries()
    urgent = next(entry["lead_id"] for entry in whole if entry["attention"])
    asleep = {urgent, whole[0]["lead_id"]}
    for lead_id in asleep:
        store.writer.write(set_snoozes, Snooze(lead_id, clock.now_us + DAY_US))
    rest = [entry["lead_id"] for entry in whole if entry["lead_id"] not in asleep]
    assert [entry["lead_id"] for entry in world.entries()] == rest
    assert {entry["lead_id"] for entry in world.entries(snoozed=True)} == asleep
    summary = world.summary()
    assert (summary["leads"], summary["snoozed"], world.total()) == (len(rest), len(asleep), len(rest))
    assert {entry["lead_id"]: entry["rank"] for entry in world.entries()} == {
        entry["lead_id"]: entry["rank"] for entry in whole if entry["lead_id"] not in asleep
    }
    clock.now_us += DAY_US
    assert len(world.entries()) == len(whole), "they come back by themselves"
    store.writer.write(set_snoozes, Snooze(urgent, clock.now_us + DAY_US))
    assert world.total() == len(whole) - 1
    store.writer.write(set_snoozes, Snooze(urgent, None))
    assert world.total() == len(whole)


def test_a_snoozed_lead_leaves_its_place_in_the_budget(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 11, count=60)
    clock.now_us += 40 * DAY_US
    urgent = [entry for entry in world.entries() if entry["attention"] and folded(entry["owner"]) == "ann"]
    assert len(urgent) == 2
    store.writer.write(set_snoozes, Snooze(urgent[0]["lead_id"], clock.now_us + DAY_US))
    later = [
        entry["lead_id"]
        for entry in world.entries()
        if entry["attention"] and folded(entry["owner"]) == "ann"
    ]
    assert len(later) == 2
    assert urgent[0]["lead_id"] not in later


def test_number_before_a_page_is_that_of_the_pages_before(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 12)
    for query in (WorklistQuery(limit=4), WorklistQuery(limit=3, order="last_touch", reverse=True)):
        with store.engine.reading() as connection:
            count, after = 0, None
            while True:
                now = replace(query, after=after)
                assert world.worklist.count_before(connection, now, world.model.config) == count
                page = world.worklist.page(connection, now, world.model.config)
                count += len(page.shown)
                if page.next_cursor is None:
                    break
                after = read_worklist_cursor(page.next_cursor, query.cursor_order)
        assert count == len(world.open_leads)


def test_ranks_are_of_all_open_leads(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 4)
    assert [entry["rank"] for entry in world.entries()] == list(range(1, len(world.open_leads) + 1))
    ranks = {entry["lead_id"]: entry["rank"] for entry in world.entries()}
    for entry in world.entries(order="created_at", stage=("new", "demo"), limit=3):
        assert entry["rank"] == ranks[entry["lead_id"]]


def test_ties_are_newest_first(store: Store) -> None:
    for i in range(4):
        put(store, f"L{i}", CREATED_US + i // 2 * DAY_US)
    score_queued(store, FakeModel())
    with store.engine.reading() as connection:
        page = Worklist(store.now_us).page(connection, WorklistQuery(order="created_at"))
    assert [entry["lead_id"] for entry in page.entries] == ["L3", "L2", "L1", "L0"]


def test_order_by_change_is_of_the_time_of_reading(store: Store, clock: Clock) -> None:
    """Time alone moves the base of a change; before and after the sweep the lists are equal."""
    world = random_worklist(store, clock, 5)
    for _ in range(3):
        clock.now_us += 3 * DAY_US
        before = world.entries(order="change")
        assert before == expected(world, world.entries(), order="change")
        while refresh_changes(store, 4):
            pass
        assert world.entries(order="change") == before


def test_figures_are_kept_until_a_score_changes(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = random_worklist(store, clock, 6)
    summary = world.summary()
    calls: list[object] = []

    def counted(*given: object) -> dict[str, Any]:
        calls.append(given)
        return summary

    monkeypatch.setattr(module, "expected_of_groups", counted)
    assert world.summary() == summary
    assert not calls
    put(store, "another", CREATED_US)
    score_queued(store, world.model)
    world.summary()
    assert len(calls) == 1


def test_figures_of_a_large_store_are_held_but_not_after_an_act(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = random_worklist(store, clock, 6)
    monkeypatch.setattr(kept, "LARGE_STORE", 1)
    before = world.summary()
    put(store, "another", CREATED_US)
    score_queued(store, world.model)
    assert world.summary() == before
    clock.now_us += kept.HELD_US
    held = world.summary()
    assert held["leads"] == before["leads"] + 1
    store.writer.write(set_snoozes, Snooze("another", clock.now_us + DAY_US))
    assert world.summary()["leads"] == before["leads"], "snoozed"
    store.writer.write(set_snoozes, Snooze("another", None))
    assert world.summary()["leads"] == held["leads"]
    store.writer.write(erase_leads, "another")
    assert world.summary()["leads"] == before["leads"]


def test_cursor_of_another_order_is_refused(store: Store, clock: Clock) -> None:
    world: World = random_worklist(store, clock, 7)
    with store.engine.reading() as connection:
        cursor = world.worklist.page(connection, WorklistQuery(limit=1)).next_cursor
    assert cursor is not None
    read_worklist_cursor(cursor, "expected_revenue")
    for other in ("probability", "-expected_revenue"):
        with pytest.raises(InvalidCursor):
            read_worklist_cursor(cursor, other)
