"""Prepared statements: lists of any length, replaced rows, counted changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, select, update

from serving.store import schema as db
from serving.store.database.statements import (
    PreparedInsert,
    PreparedQuery,
    PreparedRewrite,
    PreparedUpdate,
    in_parts,
)
from serving.store.store import Store

pytest_plugins = ["tests.builders.service.store_fixtures"]
VALUES = PreparedQuery(select(db.settings.c.name, db.settings.c.value), among=db.settings.c.name)
REPLACE = PreparedInsert(db.settings, "name", ("value",))
REWRITE = PreparedRewrite(db.search_changes, "change_no", ("lead_no",))
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


@pytest.mark.parametrize("count", [1, 3, 1500])
def test_named_columns_of_stored_rows_are_set(store: Store, count: int) -> None:
    changes = db.search_changes
    with store.engine.writing() as connection:
        stored = [{"change_no": i, "lead_no": 10 * i} for i in range(count + 1)]
        PreparedInsert(changes).run(connection, stored)
        REWRITE.run(connection, [{"change_no": i, "lead_no": i} for i in range(count)])
        rows = connection.execute(select(changes).order_by(changes.c.change_no)).all()
    assert [tuple(row) for row in rows] == [*((i, i) for i in range(count)), (count, 10 * count)]


def test_update_counts_its_rows(store: Store) -> None:
    with store.engine.writing() as connection:
        REPLACE.run(connection, [{"name": "a", "value": "1"}])
        assert RENAME.count(connection, old="a", new="b") == 1
        assert RENAME.count(connection, old="a", new="b") == 0
        assert VALUES.rows(connection, some=["a", "b"]) == [("b", "1")]
