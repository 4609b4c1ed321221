"""Brings a store to this version's schema inside the caller's transaction: wholly or not at all."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy import inspect as inspect_database

from serving.store_errors import StoreUnfit

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
        return
    if revision is not None and revision > HEAD:
        raise StoreUnfit(
            f"the store has schema {revision}, this Leadcast knows up to {HEAD}: run the newer Leadcast on it"
        )
    _upgrade(connection)


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
