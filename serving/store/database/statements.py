"""Prepared statements: compiled once by SQLAlchemy, run on the database's own driver, which returns plain tuples.

SQLAlchemy's execution takes three to ten times as long as SQLite's own: a lead with its four tables took 207 µs, and
takes 69 on the driver. On a server, changes run through SQLAlchemy. The drivers' exceptions are known to
serving.store.database.outages.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Connection,
    Executable,
    Select,
    Table,
    any_,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg

if TYPE_CHECKING:
    from psycopg import Cursor

ROWS_PER_INSERT = 1_000  # of a server, whose messages are limited to 1 GB
Rows = list[tuple[Any, ...]]
Value = TypeVar("Value")
_NAMED_PARAMETERS = sqlite.dialect(paramstyle="named")
_PLACED_PARAMETERS = sqlite.dialect(paramstyle="qmark")
_SERVER = psycopg.dialect()  # type: ignore[no-untyped-call]


def sqlite_driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection below this one, in the same transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def server_cursor(connection: Connection) -> "Cursor":
    """A cursor of PostgreSQL's own driver below this connection, in the same transaction."""
    raw: Any = connection.connection.driver_connection
    cursor: Cursor = raw.cursor(binary=True)
    return cursor


def is_sqlite(connection: Connection) -> bool:
    """True if the connection is to SQLite."""
    return connection.dialect.name == "sqlite"


def sqlite_text(statement: Executable) -> str:
    """The statement's text for SQLite, with named parameters."""
    return str(statement.compile(dialect=_NAMED_PARAMETERS))  # type: ignore[attr-defined]


def _server_text(statement: Executable) -> str:
    """The statement's text for PostgreSQL's driver."""
    return str(statement.compile(dialect=_SERVER))  # type: ignore[attr-defined]


def is_among_of_file(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """True if the column is in the list of this name. For SQLite.

    A JSON list is one parameter: the statement is the same for any length, so that SQLite compiles it once.
    """
    values = func.json_each(bindparam(name)).table_valued("value")
    return column.in_(select(values.c.value))


def is_among_of_server(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """True if the column is in the list of this name. For PostgreSQL."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


class PreparedQuery:
    """A query by its parameters. With `among`, it takes values `some` and returns the rows whose column is in them."""

    def __init__(
        self, query: Select[Any] | CompoundSelect[Any], among: ColumnElement[Any] | None = None
    ) -> None:
        self._lists: tuple[str, ...] = ()
        if among is not None:
            assert isinstance(query, Select)
            self._prepare({"some": (query, among)})
        else:
            self.text, self._server_text = sqlite_text(query), _server_text(query)

    @classmethod
    def of_lists(cls, parts: Mapping[str, tuple[Select[Any], ColumnElement[Any]]]) -> "PreparedQuery":
        """Queries of equal columns as one; each takes a list of values under its name, as `some`."""
        query = cls.__new__(cls)
        query._prepare(parts)
        return query

    @classmethod
    def by_database(cls, of_file: Executable, of_server: Executable, lists: Sequence[str]) -> "PreparedQuery":
        """A query in the words of each database, SQLite's first; `lists` are the names of its lists."""
        query = cls.__new__(cls)
        query._lists = tuple(lists)
        query.text, query._server_text = sqlite_text(of_file), _server_text(of_server)
        return query

    def _prepare(self, parts: Mapping[str, tuple[Select[Any], ColumnElement[Any]]]) -> None:
        self._lists = tuple(parts)
        of_file, of_server = [], []
        for name, (query, column) in parts.items():
            of_file.append(query.where(is_among_of_file(column, name)))
            of_server.append(query.where(is_among_of_server(column, name)))
        self.text = sqlite_text(of_file[0] if len(parts) == 1 else union_all(*of_file))
        self._server_text = _server_text(of_server[0] if len(parts) == 1 else union_all(*of_server))

    def rows(self, connection: Connection, **parameters: Any) -> Rows:
        """All rows of the result."""
        if is_sqlite(connection):
            return self.rows_of_file(sqlite_driver(connection), parameters)
        return self.rows_of_server(server_cursor(connection), parameters)

    def rows_of_file(self, driver: sqlite3.Connection, parameters: dict[str, Any]) -> Rows:
        """`rows` on SQLite's own connection."""
        for name in self._lists:
            parameters[name] = json.dumps(parameters[name])
        return driver.execute(self.text, parameters).fetchall()

    def rows_of_server(self, cursor: "Cursor", parameters: dict[str, Any]) -> Rows:
        """`rows` by a cursor of PostgreSQL's own driver."""
        for name in self._lists:
            parameters[name] = list(parameters[name])  # psycopg takes a tuple for a row
        return cursor.execute(self._server_text, parameters).fetchall()


class PreparedUpdate:
    """An update or delete by its parameters, for one row or many."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._text = sqlite_text(statement)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Runs the statement once for each set of parameters."""
        if is_sqlite(connection):
            sqlite_driver(connection).executemany(self._text, rows)
        else:
            connection.execute(self._statement, rows)

    def count(self, connection: Connection, **parameters: Any) -> int:
        """Runs the statement once; returns the number of changed rows."""
        if is_sqlite(connection):
            return sqlite_driver(connection).execute(self._text, parameters).rowcount
        return int(connection.execute(self._statement, parameters).rowcount)


def in_parts(values: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    """The values in parts of `size`, one for each statement."""
    return (values[start : start + size] for start in range(0, len(values), size))


def rows_of_lists(*columns: ColumnElement[Any]) -> Any:
    """A table of equally long lists, one parameter for each column and named like it. For PostgreSQL (unnest)."""
    lists = (bindparam(str(column.key), type_=ARRAY(column.type)) for column in columns)
    names = (str(column.key) for column in columns)
    return func.unnest(*lists).table_valued(*names).render_derived()


class PreparedInsert:
    """Inserts whole rows into a table. With `key`, a row with the same key gets its columns `replaced` updated.

    Rows are mappings with the table's columns, and may have others. PostgreSQL gets them as one statement with a list
    for each column: 154 to 186 µs an event in groups of 64, against 352 to 405 row by row. SQLite gets tuples: its
    driver looks up each named parameter in each row.
    """

    def __init__(self, table: Table, key: str | None = None, replaced: Sequence[str] = ()) -> None:
        self._names = [column.name for column in table.columns]
        lists = rows_of_lists(*table.columns)
        self._lists: Any = postgresql.insert(table).from_select(self._names, select(*lists.c))
        rows: Any = sqlite.insert(table)
        if key is not None:
            self._lists = _updating(self._lists, table, key, replaced)
            rows = _updating(rows, table, key, replaced)
        compiled: Any = rows.compile(dialect=_PLACED_PARAMETERS)
        assert compiled.positiontup == self._names
        self._text = str(compiled)
        self._values = itemgetter(*self._names)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts at least one row; no key may occur twice."""
        if is_sqlite(connection):
            sqlite_driver(connection).executemany(self._text, map(self._values, rows))
            return
        for part in in_parts(rows, ROWS_PER_INSERT):
            connection.execute(self._lists, {name: [row[name] for row in part] for name in self._names})


class PreparedRewrite:
    """Sets columns of rows that are stored, known by their key.

    On SQLite an update, which takes three quarters of an insert of whole rows that are there; PostgreSQL gets lists.
    """

    def __init__(self, table: Table, key: str, replaced: Sequence[str]) -> None:
        self._of_server = PreparedInsert(table, key, replaced)
        columns = ", ".join(f'"{name}" = ?' for name in replaced)
        self._text = f'UPDATE "{table.name}" SET {columns} WHERE "{key}" = ?'
        self._values = itemgetter(*replaced, key)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Sets the columns of at least one row; rows are whole, and no key may occur twice."""
        if is_sqlite(connection):
            sqlite_driver(connection).executemany(self._text, map(self._values, rows))
        else:
            self._of_server.run(connection, rows)


def _updating(insert: Any, table: Table, key: str, replaced: Sequence[str]) -> Any:
    """The insert with ON CONFLICT (key) DO UPDATE of the columns `replaced`."""
    new_values = {name: insert.excluded[name] for name in replaced}
    return insert.on_conflict_do_update(index_elements=[table.c[key]], set_=new_values)
