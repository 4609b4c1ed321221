"""Statements that are run again and again: SQLite's driver gets their text, made once, and gives plain tuples back.

The database layer's way through each statement takes several times as long as SQLite takes for it. Other databases get
the statements as they are. What the driver raises, store_errors knows.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Executable,
    Select,
    Table,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

ROWS_AT_ONCE = 1_000  # of one statement for a server, which takes 1 GB at most
Rows = list[tuple[Any, ...]]
_NAMED = sqlite.dialect(paramstyle="named")


def driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under this one, in the same transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def text_of(statement: Executable) -> str:
    """The statement in SQLite's words, its parameters by name."""
    return str(statement.compile(dialect=_NAMED))  # type: ignore[attr-defined]


class Query:
    """A query by its parameters; with `among`, of the rows whose column is one of the texts or numbers `some`."""

    def __init__(self, query: Select[Any], among: ColumnElement[Any] | None = None) -> None:
        if among is None:
            self._query, self.text = query, text_of(query)
        else:
            self._query = query.where(among == any_(bindparam("some", type_=ARRAY(among.type))))
            listed = func.json_each(bindparam("some")).table_valued("value")
            self.text = text_of(query.where(among.in_(select(listed.c.value))))

    def rows(self, connection: Connection, **values: Any) -> Rows:
        if is_sqlite(connection):
            if "some" in values:
                values["some"] = json.dumps(values["some"])
            return driver(connection).execute(self.text, values).fetchall()
        return list(map(tuple, connection.execute(self._query, values)))


class Change:
    """An update or delete by its parameters, for one row or many."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._text = text_of(statement)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if is_sqlite(connection):
            driver(connection).executemany(self._text, rows)
        else:
            connection.execute(self._statement, rows)

    def count(self, connection: Connection, **values: Any) -> int:
        """Runs it once; how many rows it changed."""
        if is_sqlite(connection):
            return driver(connection).execute(self._text, values).rowcount
        return int(connection.execute(self._statement, values).rowcount)


def listed(*columns: ColumnElement[Any]) -> Any:
    """The rows of equally long lists, one parameter for each column, named like it; not for SQLite."""
    lists = (bindparam(str(column.key), type_=ARRAY(column.type)) for column in columns)
    return func.unnest(*lists).table_valued(*(str(column.key) for column in columns)).render_derived()


class Insertion:
    """Whole rows into a table; where one with the same `key` is there, its columns `replaced` change instead.

    A server gets them as one statement with a list for each column: row by row takes it several times as long.
    """

    def __init__(self, table: Table, key: str | None = None, replaced: Sequence[str] = ()) -> None:
        self._names = [column.name for column in table.columns]
        source = listed(*table.columns)
        self._lists: Any = postgresql.insert(table).from_select(self._names, select(*source.c))
        rows: Any = sqlite.insert(table)
        if key is not None:
            self._lists, rows = (
                made.on_conflict_do_update(
                    index_elements=[table.c[key]], set_={name: made.excluded[name] for name in replaced}
                )
                for made in (self._lists, rows)
            )
        self._text = text_of(rows)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """At least one row, each key once."""
        if is_sqlite(connection):
            driver(connection).executemany(self._text, rows)
            return
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            connection.execute(self._lists, {name: [row[name] for row in some] for name in self._names})
