"""MLflow's SQLite tables for a new home: from SQL, where MLflow would make them by seventy migrations.

`python -m training.registry.tables > training/registry/mlflow_tables.sql` writes the SQL anew, which a change of
MLflow's tables asks for; a test compares the file with what the installed MLflow makes.
"""

import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

TABLES = Path(__file__).with_name("mlflow_tables.sql")


def create_tables(database: Path) -> None:
    """Makes MLflow's tables in a file that does not exist: those of the SQL if the installed MLflow takes them.

    Another version of MLflow upgrades or refuses them; if it refuses, it makes its own.
    """
    from mlflow.exceptions import MlflowException

    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(TABLES.read_text(encoding="utf-8"))
    try:
        open_with_mlflow(database)
    except MlflowException:
        own = database.with_name(f"own-{database.name}")  # MLflow keeps the refused file open
        open_with_mlflow(own)
        os.replace(own, database)


def open_with_mlflow(database: Path) -> None:
    """Lets MLflow check the file, and make its tables and first experiment if they are missing."""
    from mlflow.tracking import MlflowClient

    MlflowClient(tracking_uri=sqlite_uri(database), registry_uri=sqlite_uri(database)).search_experiments()


def sqlite_uri(database: Path) -> str:
    """SQLAlchemy's address of a SQLite file, with ? and % of its path escaped.

    The driver is named because MLflow creates the folders of a bare sqlite:/// address, and takes the escaped names.
    """
    return f"sqlite+pysqlite:///{str(database).replace('%', '%25').replace('?', '%3F')}"


def tables_of(database: Path) -> str:
    """The SQL of a file's tables and of what migrations write into them; rows of experiments are left out."""
    with closing(sqlite3.connect(database)) as connection:
        return "".join(_lines(connection))


def _lines(connection: sqlite3.Connection) -> Iterator[str]:
    for statement in connection.iterdump():
        if not statement.startswith('INSERT INTO "experiments"'):
            yield from (f"{line.rstrip()}\n" for line in statement.split("\n"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        open_with_mlflow(database)
        sys.stdout.write(tables_of(database))


if __name__ == "__main__":
    main()
