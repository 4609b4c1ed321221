"""Reads of one statement: what is committed counts at once, and a lost connection is no answer but no error either."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import column, select, table

from serving.store import schema as db
from serving.store.database.single_reads import SingleReads
from serving.store.database.statements import PreparedQuery
from serving.store.database.transaction import write_setting
from serving.store.errors import StoreUnavailable
from serving.store.leads.lead_heads import HEADS, heads_in, lead_heads
from serving.store.leads.whole_leads import WHOLE_LEADS
from serving.store.store import Store
from tests.builders.service.scored_store import put
from tests.builders.service.store_fakes import Clock

if TYPE_CHECKING:
    from tests.builders.service.store_fixtures import Server

pytest_plugins = ["tests.builders.service.store_fixtures"]
EXPLAINED = copy(WHOLE_LEADS)
EXPLAINED._server_text = f"EXPLAIN {WHOLE_LEADS._server_text}"
VALUES = PreparedQuery(select(db.settings.c.value), among=db.settings.c.name)


def opened(store: Store) -> SingleReads:
    store.engine.ensure()
    return store.engine.single_reads


def test_rows_are_those_of_a_transaction(store: Store) -> None:
    for lead_id in ("a", "b", "Ünï"):
        put(store, lead_id, owner="Ann", n=1.5)
    asked = ["a", "Ünï", "unknown"]
    with store.engine.reading() as connection:
        heads = lead_heads(connection, asked)
    rows = opened(store).rows(HEADS, some=asked)
    assert rows is not None
    assert heads_in(rows) == heads


def test_what_is_committed_counts_at_once(store: Store) -> None:
    reads = opened(store)
    for value in ("1", "2"):
        with store.engine.writing() as connection:
            write_setting(connection, "x", value)
            assert reads.rows(VALUES, some=["x"]) != [(value,)]
        assert reads.rows(VALUES, some=["x"]) == [(value,)]


def test_threads_have_connections_of_their_own(store: Store) -> None:
    reads = opened(store)
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(lambda _: reads.rows(VALUES, some=["none"]), range(200)))
    assert rows == [[]] * 200
    assert 1 <= len(reads._idle) <= 4
    reads.close()
    assert reads._idle == []


def test_a_wrong_statement_is_a_bug(store: Store) -> None:
    wrong = PreparedQuery(select(column("no_such_column")).select_from(table("settings")))
    if store.url is None:
        assert opened(store).rows(wrong) is None  # SQLite's error is the one of an outage
        with pytest.raises(StoreUnavailable), store.engine.reading() as connection:
            wrong.rows(connection)
    else:
        with pytest.raises(Exception, match="no_such_column"):
            opened(store).rows(wrong)


@pytest.mark.long
def test_a_plan_made_while_the_store_is_empty_looks_up_by_keys(tmp_path: Path, postgres: "Server") -> None:
    with closing(Store(tmp_path, postgres.database(), Clock())) as store:
        reads = opened(store)
        plan = reads.rows(EXPLAINED, some=["a"], unread=["a"])
        assert plan is not None
        assert not [step for (step,) in plan if "Seq Scan" in step]
        assert reads._idle[0].execute("SHOW plan_cache_mode").fetchall() == [("force_generic_plan",)]


@pytest.mark.long
def test_after_a_restart_of_the_server_reads_go_on(tmp_path: Path, postgres: "Server") -> None:
    with closing(Store(tmp_path, postgres.database(), Clock())) as store:
        put(store, "a")
        reads = opened(store)
        assert reads.rows(HEADS, some=["a"])
        postgres.stop()
        assert reads.rows(HEADS, some=["a"]) is None
        with pytest.raises(StoreUnavailable), store.engine.reading() as connection:
            lead_heads(connection, ["a"])
        postgres.start()
        with store.engine.reading() as connection:
            assert lead_heads(connection, ["a"])
        assert reads.rows(HEADS, some=["a"])
