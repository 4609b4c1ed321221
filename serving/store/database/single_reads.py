"""Reads of one statement, which needs no transaction: alone it sees one state of the store.

A transaction takes two more statements and SQLAlchemy's way through its pool. On a server each statement is a round
trip, and so is the question whether a connection of the pool is still alive.
"""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine

from serving.store.database.outages import as_outage
from serving.store.database.statements import PreparedQuery, Rows


class SingleReads:
    """Connections of their own to the database of an engine; as many as threads have read at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Any] = []  # a list's pop and append need no lock

    def rows(self, query: PreparedQuery, **parameters: Any) -> Rows | None:
        """All rows of the result; None if the database could not answer, as after a restart of the server.

        A transaction then tells whether it is away: it begins with a connection that is alive.
        """
        driver = None
        try:
            driver = self._taken()
            if isinstance(driver, sqlite3.Connection):
                rows = query.rows_of_file(driver, parameters)
            else:
                rows = query.rows_of_server(driver, parameters)
        except Exception as error:
            if driver is not None:
                with suppress(Exception):
                    driver.close()
            if as_outage(error) is None:
                raise
            return None
        self._idle.append(driver)
        return rows

    def close(self) -> None:
        """Closes the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _taken(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connected()

    def _connected(self) -> Any:
        """A connection that the pool has made and forgets; each of its statements is a transaction."""
        pooled = self._engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        if not isinstance(driver, sqlite3.Connection):  # SQLite's connections of ours never begin one unasked
            driver.rollback()
            driver.autocommit = True
        return driver
