"""Searches in memory against LIKE in the database, after any changes, and after a crash."""

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from serving.store import schema as db
from serving.store.leads.leads import erase_leads
from serving.store.scores.search import changes, texts
from serving.store.scores.search.texts import SearchTexts
from serving.store.scores.worklist.selection import WorklistQuery, selected
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_queued
from tests.builders.service.store_fakes import Clock, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]
WORDS = (
    *("Größe", "GROSSE", "100%", "a_b", "%", "_", "\\", "/", "'; --", '"x"', "é", "e\u0301", "İstanbul", "ǅ"),
    *("\U0001f600", "\U0001f468\u200d\U0001f469", "株式会社", "Ωmega", "ﬁn", "K", "O'Brien", "ab", "AB", "b"),
)
QUERIES = (*WORDS, "l", "L1", "ss", "/_", "%_", "a b", "x" * 200, "nobody", "\n", "@example.org", "st")
ROOT = Path(__file__).parents[5]
WRITER = """
import sys
from pathlib import Path
from serving.store.store import Store
from tests.builders.service.scored_store import put, score_queued
from tests.builders.service.store_fakes import FakeModel
store, number = Store(Path(sys.argv[1])), 0
while True:
    put(store, f"L{number % 40}", company=f"Company {number}", owner=str(number % 3))
    score_queued(store, FakeModel())
    number += 1
    print(number, flush=True)
"""


def name(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(1, 4)))


def in_database(store: Store, q: str, owner: str | None = None) -> list[int]:
    filters = WorklistQuery(q=q, owner=() if owner is None else (owner,)).filters
    query = select(db.scores.c.lead_no).where(*selected(filters, None, 0)).order_by(db.scores.c.lead_no)
    with store.engine.reading() as connection:
        return list(connection.execute(query).scalars())


def in_memory(held: SearchTexts, store: Store, q: str, owner: str | None = None) -> list[int]:
    groups = db.worklist_groups.c
    with store.engine.reading() as connection:
        of_owner = select(groups.group_no).where(groups.owner == owner)
        numbers = None if owner is None else list(connection.execute(of_owner).scalars())
        found = held.find(connection, q, numbers)
    assert found is not None
    assert found.dtype == np.int64
    return [int(lead_no) for lead_no in found]


def change(draw: random.Random, store: Store, step: int) -> None:
    """Some leads get other names and owners, some are new, closed, opened again or erased."""
    for _ in range(draw.randrange(6)):
        lead_id, chosen = f"L{draw.randrange(40)}", draw.random()
        known = in_database(store, lead_id.casefold())
        if chosen < 0.6 or not known:
            put(store, lead_id, company=name(draw), email=f"{lead_id}@example.org", owner=draw.choice("xyz"))
        elif chosen < 0.85:
            values: dict[str, Any] = {"outcome": draw.choice(("won", "open", "open"))}
            put(store, lead_id)
            post(store, event(f"{step}-{draw.random()}", lead_id, values, "outcome"))
        else:
            store.writer.write(erase_leads, lead_id)
    score_queued(store, FakeModel(str(step % 3)))


@pytest.mark.parametrize("seed", range(2))
def test_memory_finds_what_like_finds(store: Store, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    draw = random.Random(seed)
    monkeypatch.setattr(texts, "LEAST_CHANGED", 15)  # so that all are read again from time to time
    monkeypatch.setattr(changes, "KEPT", 20)
    held, seldom = SearchTexts(), SearchTexts()
    for step in range(15):
        change(draw, store, step)
        chosen = draw.sample(QUERIES, 4) if step else QUERIES
        for q in chosen:
            assert in_memory(held, store, q) == in_database(store, q)
            assert in_memory(held, store, q, "x") == in_database(store, q, "x")
    for q in QUERIES:
        assert in_memory(seldom, store, q) == in_memory(held, store, q) == in_database(store, q)


def test_search_in_an_empty_store_finds_nothing(store: Store) -> None:
    assert in_memory(SearchTexts(), store, "a") == []


def test_erased_text_leaves_the_memory(store: Store) -> None:
    put(store, "a", company="Canary")
    put(store, "b", company="Other")
    score_queued(store, FakeModel())
    held = SearchTexts()
    assert in_memory(held, store, "canary") == [1]
    assert held._held is not None
    store.writer.write(erase_leads, "a")
    with store.engine.reading() as connection:
        held.follow(connection)
    assert b"canary" not in held._held.text.tobytes()
    assert in_memory(held, store, "canary") == []


def test_older_view_of_the_store_reads_nothing_again(store: Store) -> None:
    put(store, "a", company="Acme")
    score_queued(store, FakeModel())
    held = SearchTexts()
    with store.engine.reading() as connection:
        assert held.find(connection, "acme", None) is not None
        put(store, "b", company="Acme")
        score_queued(store, FakeModel())
        assert in_memory(held, store, "acme") == [1, 2]
        rows = held._held
        assert held.find(connection, "acme", None) is not None
        assert held._held is rows


def test_more_leads_than_fit_are_left_to_the_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_LEADS", 1)
    for lead_id in "ab":
        put(store, lead_id)
    score_queued(store, FakeModel())
    with store.engine.reading() as connection:
        assert SearchTexts().find(connection, "a", None) is None


@pytest.mark.long
def test_killed_writer_leaves_searches_exact(tmp_path: Path, clock: Clock) -> None:
    """Each kill may end a transaction anywhere; a process that searched before follows what was committed."""
    Store(tmp_path, now_us=clock).close()
    store, held, draw = Store(tmp_path, now_us=clock), SearchTexts(), random.Random(1)
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
            assert writer.stdout is not None
            for _ in range(draw.randint(1, 60)):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        for q in ("company", "l1", "2", "company 3"):
            assert in_memory(held, store, q) == in_database(store, q) == in_memory(SearchTexts(), store, q)
            assert in_memory(held, store, q, "1") == in_database(store, q, "1")
    assert in_memory(held, store, "company")
    store.close()
