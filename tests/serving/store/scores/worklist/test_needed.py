"""Leads that need attention: as a plain count over what was sent finds them, within the budget of each owner."""

from collections import Counter

import numpy as np
import pytest

from history.text.times import DAY_US
from serving.store import schema as db
from serving.store.database.transaction import Transaction
from serving.store.scores.worklist.counts import count_scores, forget_scores
from serving.store.scores.worklist.needed import high_value
from serving.store.store import Store
from tests.builders.service.scored_store import put, score_queued
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel
from tests.builders.service.worklist_world import folded, needed, random_worklist

pytest_plugins = ["tests.builders.service.store_fixtures"]


@pytest.mark.parametrize("seed", range(10, 20))
def test_attention_equals_the_plain_count(store: Store, clock: Clock, seed: int) -> None:
    world = random_worklist(store, clock, seed)
    for _ in range(4):  # as time passes without a new score
        whole = world.entries()
        found = {entry["lead_id"]: entry["attention"] for entry in whole if entry["attention"]}
        assert found == needed(world, whole)
        clock.now_us += 2 * DAY_US


def test_an_owner_has_no_more_than_the_budget(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 11, count=60)
    clock.now_us += 40 * DAY_US
    counts = Counter(folded(entry["owner"]) for entry in world.entries() if entry["attention"])
    assert max(counts.values()) == 2
    assert len(counts) > 3


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11, 57])
def test_high_value_is_the_quantile_of_known_revenues(store: Store, count: int) -> None:
    draw = np.random.default_rng(count)
    put(store)
    score_queued(store, FakeModel())
    revenues = [*draw.gamma(1.0, 100.0, count).tolist(), -1.5]
    with store.engine.writing() as connection:
        row = dict(connection.execute(db.scores.select()).mappings().one())
        transaction = Transaction(connection, NOW_US)
        forget_scores(transaction, [1])
        connection.execute(db.scores.delete())
        for lead_no, revenue in enumerate(revenues, start=1):
            if lead_no > 1:
                lead = {"lead_no": lead_no, "lead_id": str(lead_no), "created_us": 0, "attributes": "{}"}
                connection.execute(db.leads.insert(), [lead])
            score = {**row, "lead_no": lead_no, "revenue_rank": revenue}
            (group_no,) = count_scores(transaction, [score])
            connection.execute(db.scores.insert(), [{**score, "group_no": group_no}])
        transaction.finish()
    with store.engine.reading() as connection:
        found = high_value(connection)
    assert found == (None if count == 1 else pytest.approx(np.quantile(revenues[:-1], 0.9), rel=1e-12))
