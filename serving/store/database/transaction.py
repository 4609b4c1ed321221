"""One write transaction: its connection, its time, and the numbers that it assigns."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select, update

from serving.store import schema as db
from serving.store.database.statements import PreparedQuery, PreparedUpdate

FIRST_NUMBER = 1
RESTORED = "restored"  # the setting that another value follows with every restoration of a backup

_IS_NAMED = db.settings.c.name == bindparam("setting")
_READ_SETTING = PreparedQuery(select(db.settings.c.value).where(_IS_NAMED))
_UPDATE_SETTING = PreparedUpdate(
    update(db.settings).where(_IS_NAMED).values(value=bindparam("text")),
)


def read_setting(connection: Connection, name: str) -> str | None:
    """The value of a setting or counter; None if it was never written."""
    rows = _READ_SETTING.rows(connection, setting=name)
    return rows[0][0] if rows else None


def write_setting(connection: Connection, name: str, value: str) -> None:
    """Inserts or updates a setting."""
    if not _UPDATE_SETTING.count(connection, setting=name, text=value):
        connection.execute(db.settings.insert(), [{"name": name, "value": value}])


@dataclass
class Transaction:
    """One write.

    now_us is the arrival time of its rows, microseconds UTC. The counter row_no numbers the rows of all fact tables
    in their order of arrival; a lead_no is never assigned twice.
    """

    connection: Connection
    now_us: int
    _next: dict[str, int] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def numbers(self, counter: str, count: int) -> range:
        """Assigns the next `count` numbers of a counter (row_no, lead_no or entry_no)."""
        # Counters are settings, read and written in the same transaction: a rollback takes its numbers back.
        if counter not in self._next:
            self._next[counter] = int(read_setting(self.connection, counter) or FIRST_NUMBER)
        first = self._next[counter]
        self._next[counter] = first + count
        self._changed.add(counter)
        return range(first, first + count)

    def finish(self) -> None:
        """Stores the counters; called last inside the database transaction."""
        for counter in self._changed:
            write_setting(self.connection, counter, str(self._next[counter]))
