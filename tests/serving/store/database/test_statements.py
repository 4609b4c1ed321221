"""Prepared statements: lists of any length, replaced rows, counted changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, select, update

from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery, PreparedUpdate, in_parts
from serving.store.store import Store

pytest_plugins = ["tests.builders.service.store_fixtures"]
VALUES = PreparedQuery(select(db.settings.c.name, db.settings.c.value), among=db.settings.c.name)
REPLACE = PreparedInsert(db.settings, "name", ("value",))
RENAME = PreparedUpdate(
    update(db.settings).where(db.settings.c.name == bindparam("old")).values(name=bindparam("new"))
)


@given(values=st.lists(st.integers()), size=st.integers(1, 5))
def test_parts_are_all_values_in_order(values: list[int], size: int) -> None:
    parts = list(in_parts(values, size))
    assert [value for part in parts for value in part] == values
    assert all(1 <= len(part) <= size for part in parts)


@pytest.mark.parametrize("count", [1, 3, 1500])
def test_rows_with_a_known_key_are_replaced(store: Store, count: int) -> None:
    names = [f"n{i}" for i in range(count)]
    with store.engine.writing() as connection:
        for value in ("old", "new"):
            REPLACE.run(connection, [{"name": name, "value": value} for name in names])
        assert sorted(VALUES.rows(connection, some=names)) == sorted((name, "new") for name in names)
        assert VALUES.rows(connection, some=["unknown"]) == []


def test_update_counts_its_rows(store: Store) -> None:
    with store.engine.writing() as connection:
        REPLACE.run(connection, [{"name": "a", "value": "1"}])
        assert RENAME.count(connection, old="a", new="b") == 1
        assert RENAME.count(connection, old="a", new="b") == 0
        assert VALUES.rows(connection, some=["a", "b"]) == [("b", "1")]
