"""MLflow's tables from SQL are those that its migrations make, and another MLflow makes its own."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from training.registry.tables import TABLES, create_tables, open_with_mlflow, tables_of


def in_any_order(tables: str) -> list[list[str]]:
    """The lines of each statement: migrations write constraints and indexes in another order each time."""
    return sorted(
        sorted(line.rstrip(",") for line in statement.split("\n")) for statement in tables.split(";\n")
    )


def test_tables_are_those_of_mlflows_migrations(tmp_path: Path) -> None:
    open_with_mlflow(tmp_path / "migrated.db")
    create_tables(tmp_path / "created.db")
    created, migrated = (tables_of(tmp_path / name) for name in ("created.db", "migrated.db"))
    assert in_any_order(created) == in_any_order(migrated)


def test_a_new_home_takes_no_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def migrate(*_: object, **__: object) -> None:
        raise AssertionError(
            "MLflow's tables have changed: python -m training.registry.tables > training/registry/mlflow_tables.sql"
        )

    monkeypatch.setattr("alembic.command.upgrade", migrate)
    create_tables(tmp_path / "mlflow.db")


def test_tables_that_mlflow_refuses_are_made_by_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older MLflow does not know the revision that the SQL names."""
    newer = tmp_path / "newer.sql"
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES.read_text(encoding="utf-8"))
        connection.execute("UPDATE alembic_version SET version_num = 'of the future'")
        connection.commit()
        newer.write_text("\n".join(connection.iterdump()), encoding="utf-8")
    monkeypatch.setattr("training.registry.tables.TABLES", newer)
    create_tables(tmp_path / "created.db")
    open_with_mlflow(tmp_path / "migrated.db")
    created, migrated = (tables_of(tmp_path / name) for name in ("created.db", "migrated.db"))
    assert in_any_order(created) == in_any_order(migrated)
