"""Reads of one statement, which needs no transaction: alone it sees one state of the store.

A transaction takes two more statements and SQLAlchemy's way through its pool. On a server each statement is a round
trip, and so is the question whether a connection of the pool is still alive.
"""

import sqlite3
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Engine

from serving.store.database.outages import as_outage
from serving.store.database.statements import PreparedQuery, Rows

# PostgreSQL would plan a statement with lists anew each time, which takes three times as long as its rows: it takes the
# general plan to be dearer. What is read here is found by keys, also by a plan made while the tables were empty.
_SERVER_SETTINGS: Final = ("SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off")


class SingleReads:
    """Connections of their own to the database of an engine; as many as threads have read at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Any] = []  # a list's pop and append need no lock

    def rows(self, query: PreparedQuery, **parameters: Any) -> Rows | None:
        """All rows of the result; None if the database could not answer, as after a restart of the server.

        A transaction then tells whether it is away: it begins with a connection that is alive.
        """
        reader = None
        try:
            reader = self._taken()
            if isinstance(reader, sqlite3.Connection):
                rows = query.rows_of_file(reader, parameters)
            else:
                rows = query.rows_of_server(reader, parameters)
        except Exception as error:
            if reader is not None:
                with suppress(Exception):
                    _close(reader)
            if as_outage(error) is None:
                raise
            return None
        self._idle.append(reader)
        return rows

    def close(self) -> None:
        """Closes the connections that are not in use."""
        while self._idle:
            _close(self._idle.pop())

    def _taken(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connected()

    def _connected(self) -> Any:
        """A connection that the pool has made and forgets, each statement of which is a transaction; on a server its
        cursor, which is made once."""
        pooled = self._engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        if isinstance(driver, sqlite3.Connection):  # ours never begin a transaction unasked
            return driver
        driver.rollback()
        driver.autocommit = True
        for setting in _SERVER_SETTINGS:
            driver.execute(setting)
        return driver.cursor(binary=True)


def _close(reader: Any) -> None:
    connection = reader if isinstance(reader, sqlite3.Connection) else reader.connection
    connection.close()
