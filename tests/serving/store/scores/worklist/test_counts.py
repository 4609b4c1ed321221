"""Counts of open scored leads: after any scores and erasures they equal a plain count of the stored ones."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from history.text.times import format_time
from serving.store import schema as db
from serving.store.leads.leads import erase_leads
from serving.store.scores.worklist.counts import leads_by_range, range_end, rank_range
from serving.store.store import Store
from tests.builders.service.scored_store import post, score_queued
from tests.builders.service.store_fakes import Clock, FakeModel, event
from tests.builders.service.worklist_world import random_worklist

pytest_plugins = ["tests.builders.service.store_fixtures"]
RANKS = some.floats(-2.0, 1e15, allow_nan=False)


@given(RANKS, RANKS)
def test_ranges_are_in_the_order_of_ranks(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert rank_range(low) <= rank_range(high)
    assert low < range_end(rank_range(low))
    if rank_range(low) < rank_range(high):
        assert range_end(rank_range(low)) <= high


def assert_counts_are_current(store: Store) -> None:
    with store.engine.reading() as connection:
        scores = connection.execute(select(db.scores).where(db.scores.c.is_open == 1)).mappings().all()
        closed = connection.execute(select(db.scores.c.group_no).where(db.scores.c.is_open == 0)).scalars()
        groups = connection.execute(select(db.worklist_groups)).mappings().all()
        ranges = dict(leads_by_range(connection))
    assert set(closed) <= {None}
    assert ranges == Counter(rank_range(score["revenue_rank"]) for score in scores)
    by_number = {group["group_no"]: group for group in groups}
    for score in scores:
        group = by_number[score["group_no"]]
        for name in (*db.SUMMED, "owner_key", "stage_key", "source_key"):
            assert group[name] == score[name]
    for number, group in by_number.items():
        members = [score for score in scores if score["group_no"] == number]
        priced = [score["revenue_rank"] for score in members if score["revenue_rank"] >= 0]
        assert (group["leads"], group["priced"]) == (len(members), len(priced))
        assert group["wins"] == pytest.approx(sum(score["probability"] for score in members), abs=1e-9)
        assert group["revenue"] == pytest.approx(sum(priced), rel=1e-9, abs=1e-6)
        if not members:
            assert group["wins"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_counts_follow_scores_and_erasures(store: Store, clock: Clock, seed: int) -> None:
    draw = random.Random(seed)
    world = random_worklist(store, clock, seed)
    assert_counts_are_current(store)
    for _ in range(3):
        change(draw, store, clock.now_us)
        score_queued(store, FakeModel(str(draw.random())))
        assert_counts_are_current(store)
    for lead in world.open_leads:
        store.writer.write(erase_leads, lead.lead_id)
    assert_counts_are_current(store)
    assert world.total() == 0


def change(draw: random.Random, store: Store, now_us: int) -> None:
    """Some leads move to another stage, some are won, one is erased."""
    with store.engine.reading() as connection:
        ids = list(connection.execute(select(db.leads.c.lead_id).order_by(db.leads.c.lead_no)).scalars())
    entries: list[tuple[str, dict[str, Any]]] = [
        ("stage", {"stage": draw.choice(("demo", "offer"))}),
        ("outcome", {"outcome": "won"}),
        ("interaction", {"kind": "call"}),
    ]
    for lead_id in draw.sample(ids, 8):
        kind, data = draw.choice(entries)
        post(store, event(f"{draw.random()}", lead_id, data, kind, occurred_at=format_time(now_us)))
    store.writer.write(erase_leads, draw.choice(ids))
