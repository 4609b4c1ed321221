"""Migrations: wholly or not at all; old stores keep their facts, newer ones are refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from history.base.errors import InvalidInput
from serving.store import migrate
from serving.store.corrections import find_events
from serving.store.database.engine import StoreEngine
from serving.store.events import store_events
from serving.store.leads.leads import PutLead, put_leads
from serving.store.schema import metadata
from serving.store.scores.rescoring.changed_leads import count_waiting
from serving.store.scores.search.texts import SearchTexts
from serving.store.store import Store
from tests.builders.service.scored_store import history, listed, score_queued
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event, read_events

pytest_plugins = ["tests.builders.service.store_fixtures"]
TABLES_SINCE = (  # revision 0001
    *("corrections", "notes", "snoozes", "adjustments", "score_records", "reports"),
    *("worklist_groups", "rank_counts", "packed_rows", "search_changes"),
)


def put(owner: str) -> PutLead:
    return PutLead("a", NOW_US - 10**12, {"owner": owner})


def found(texts: SearchTexts, store: Store, q: str) -> list[int]:
    with store.engine.reading() as connection:
        numbers = texts.find(connection, q, None)
    return [] if numbers is None else [int(lead_no) for lead_no in numbers]


def test_migrated_schema_equals_the_declared_one(store: Store) -> None:
    with store.engine.writing() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_store_of_the_first_commits_keeps_its_facts(
    tmp_path: Path, store_url: str | None, clock: Clock
) -> None:
    """Its tables of scores had fewer columns under the same revision: every write failed."""
    with closing(Store(tmp_path, store_url, clock)) as early:
        early.writer.write(put_leads, put("Ann"))
        with early.engine.writing() as connection:
            _downgrade_derived(connection)
    with closing(Store(tmp_path, store_url, clock)) as store:
        with store.engine.writing() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
            assert count_waiting(connection) == 1
        assert store.writer.write(put_leads, put("Ann")) == "unchanged"
        assert store.writer.write(put_leads, put("Bob")) == "updated"


def _downgrade_derived(connection: Connection) -> None:
    connection.execute(text("DROP TABLE dirty"))
    connection.execute(text("CREATE TABLE dirty (lead_no BIGINT PRIMARY KEY, row_no BIGINT NOT NULL)"))
    for name in ("probability", "status", "as_of_us", "through_row", "version"):
        connection.execute(text(f"ALTER TABLE scores DROP COLUMN told_{name}"))


def test_events_of_a_store_without_corrections_can_be_corrected(
    tmp_path: Path, store_url: str | None, clock: Clock
) -> None:
    events = [event("1", "a", {"stage": "new"}, "stage"), event("2", "a", {"n": 1, "m": 2}, "attributes")]
    with closing(Store(tmp_path, store_url, clock)) as early:
        early.writer.write(put_leads, put("Ann"))
        early.writer.write(store_events, read_events({"events": events}))
        with early.engine.writing() as connection:
            for table in TABLES_SINCE:
                connection.execute(text(f"DROP TABLE {table}"))
            for name in ("leads_by_account", "changes_of_account"):
                connection.execute(text(f"DROP INDEX {name}"))
            connection.execute(text("ALTER TABLE leads DROP COLUMN account"))
            for column in ("lead_no", "event_id"):
                connection.execute(text(f"ALTER TABLE event_ids DROP COLUMN {column}"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            if store_url is None:
                connection.execute(text("PRAGMA user_version=1"))
    with closing(Store(tmp_path, store_url, clock)) as store, store.engine.reading() as connection:
        stored = find_events(connection, ["1", "2"])
        assert sorted((e.lead_id, e.table, len(e.rows)) for e in stored.values()) == [
            ("a", "attribute_changes", 2),
            ("a", "stages", 1),
        ]


def test_scores_of_an_earlier_version_stay_until_leads_are_scored_again(
    tmp_path: Path, store_url: str | None, clock: Clock
) -> None:
    with closing(Store(tmp_path, store_url, clock)) as early:
        if early.engine.path is not None:
            early.engine.path.touch()
        with early.engine._writer.begin() as connection:
            migrate._upgrade(connection, "0003")
            values = {"lead_no": 1, "lead_id": "a", "created_us": NOW_US - 10**12, "attributes": "{}"}
            connection.execute(
                text("INSERT INTO leads VALUES (:lead_no, :lead_id, :created_us, :attributes)"), values
            )
            connection.execute(text(OLD_SCORE), {"created_us": NOW_US - 10**12, "as_of_us": NOW_US})
    with closing(Store(tmp_path, store_url, clock)) as store:
        (entry,) = listed(store).values()
        assert (entry["lead_id"], entry["owner"], entry["change_7d"]) == ("a", "Ann", None)
        texts = SearchTexts()
        assert found(texts, store, "a") == [1]
        assert score_queued(store, FakeModel()) == 1
        assert listed(store)["a"]["next_action"] == "Make the first contact"
        store.writer.write(put_leads, PutLead("a", NOW_US - 10**12, {"company": "Zenith"}))
        score_queued(store, FakeModel())
        assert found(texts, store, "zenith") == [1], "searches follow changes after the upgrade"
        assert [entry["delta"] for entry in history(store)] != [0.0], "the move is from the kept score"


def test_accounts_of_an_earlier_version_get_their_column(
    tmp_path: Path, store_url: str | None, clock: Clock
) -> None:
    attributes = ['{"account_id": "acme"}', '{"account_id": 7.0}', '{"note": "account_id"}', "{}"]
    with closing(Store(tmp_path, store_url, clock)) as early:
        if early.engine.path is not None:
            early.engine.path.touch()
        with early.engine._writer.begin() as connection:
            migrate._upgrade(connection, "0005")
            for number, values in enumerate(attributes, start=1):
                connection.execute(
                    text("INSERT INTO leads VALUES (:number, :lead_id, 0, :attributes)"),
                    {"number": number, "lead_id": f"l{number}", "attributes": values},
                )
    with closing(Store(tmp_path, store_url, clock)) as store, store.engine.reading() as connection:
        rows = connection.execute(text("SELECT account FROM leads ORDER BY lead_no")).scalars()
        assert list(rows) == ["acme", "7", None, None]


OLD_SCORE = """
INSERT INTO scores (lead_no, is_open, revenue_rank, probability, created_us, status, grade, stage, owner, search,
as_of_us, through_row, model_version, told_probability, told_status, told_as_of_us, told_through_row, told_version,
record)
VALUES (1, 1, 50.0, 0.5, :created_us, 'scored', 'A', NULL, 'Ann', 'a', :as_of_us, 0, '1', 0.5, 'scored', :as_of_us, 0,
'1', '{"lead_id": "a", "probability": 0.5, "owner": "Ann"}')
"""


def test_failed_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = migrate._upgrade

    def failing(connection: Connection) -> None:
        upgrade(connection)
        raise ZeroDivisionError

    engine = StoreEngine(tmp_path)
    monkeypatch.setattr(migrate, "_upgrade", failing)
    with pytest.raises(ZeroDivisionError):
        engine.ensure()
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    monkeypatch.setattr(migrate, "_upgrade", upgrade)
    engine.ensure()
    engine.close()


def test_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = StoreEngine(tmp_path)
    with engine.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.close()
    with pytest.raises(InvalidInput, match="9999"):
        StoreEngine(tmp_path).ensure()
