"""Migrates a store to the schema of this version, inside the caller's transaction: wholly or not at all."""

from pathlib import Path

from sqlalchemy import Connection, literal, select, text
from sqlalchemy import inspect as inspect_database

from serving.store import schema as db
from serving.store.errors import StoreUnfit
from serving.store.leads.leads import LOAD

HEAD = "0010"
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Runs the migrations up to HEAD; raises StoreUnfit for a store of a newer version."""
    revision = stored_revision(connection)
    if revision is not None and revision > HEAD:
        raise StoreUnfit(
            f"the store has schema {revision}, this version of Leadcast knows up to {HEAD}: use the newer one"
        )
    if revision != HEAD:
        _upgrade(connection)
    if revision is not None:
        _recreate_derived(connection)


def stored_revision(connection: Connection) -> str | None:
    """The schema revision of the database; None for an empty one."""
    if not inspect_database(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _recreate_derived(connection: Connection) -> None:
    """Replaces the tables of scores if they have other columns; facts stay, and every lead waits for a score.

    The first commits wrote such tables under the first revision.
    """
    database = inspect_database(connection)
    tables = [db.dirty, db.scores, db.score_records, *db.COUNTS]
    for table in tables:
        if {column["name"] for column in database.get_columns(table.name)} != set(table.columns.keys()):
            break
    else:
        return
    db.metadata.drop_all(connection, tables)
    db.metadata.create_all(connection, tables)
    all_leads = select(db.leads.c.lead_no, literal(0), literal(LOAD))
    connection.execute(db.dirty.insert().from_select(["lead_no", "row_no", "is_bulk"], all_leads))


def _upgrade(connection: Connection, revision: str = HEAD) -> None:
    from alembic import command  # takes 0.2 s; only a new store needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version={int(revision)}")
