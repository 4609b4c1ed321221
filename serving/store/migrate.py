"""Brings a store to this version's schema inside the caller's transaction: wholly or not at all."""

from pathlib import Path

from sqlalchemy import Connection, literal, select, text
from sqlalchemy import inspect as inspect_database

from serving.store import schema as db
from serving.store.errors import StoreUnfit

HEAD = "0001"
SCRIPTS = Path(__file__).parent / "migrations"


def stored_revision(connection: Connection) -> str | None:
    """The revision of the schema in the database, None for an empty one."""
    if not inspect_database(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(connection: Connection) -> None:
    """Runs what is missing up to HEAD; StoreUnfit for a store that a newer Leadcast wrote."""
    revision = stored_revision(connection)
    if revision == HEAD:
        _renew_derived(connection)
        return
    if revision is not None and revision > HEAD:
        raise StoreUnfit(
            f"the store has schema {revision}, this Leadcast knows up to {HEAD}: run the newer Leadcast on it"
        )
    _upgrade(connection)


def _renew_derived(connection: Connection) -> None:
    """Makes the tables of scores anew where they have another form, as the first commits wrote them; facts stay.

    Their revision is the same. Every lead then waits for a score.
    """
    found = inspect_database(connection)
    tables = [db.dirty, db.scores]
    if all({c["name"] for c in found.get_columns(t.name)} == set(t.columns.keys()) for t in tables):
        return
    db.metadata.drop_all(connection, tables)
    db.metadata.create_all(connection, tables)
    waiting = select(db.leads.c.lead_no, literal(0), literal(1))
    connection.execute(db.dirty.insert().from_select(["lead_no", "row_no", "is_bulk"], waiting))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version={int(HEAD)}")
