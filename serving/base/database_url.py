"""Which database holds the store: what LEADCAST_DATABASE_URL says, checked before anything is opened.

No message repeats a part of the URL but its kind: a password with odd characters may have ended up anywhere in it.
"""

from typing import Any

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from history.errors import InvalidInput

SQLITE = "sqlite://"
FORM = (
    "LEADCAST_DATABASE_URL is not a database URL: give postgresql://USER@HOST:PORT/NAME; "
    "in user and password write @ : / % ? # as %40 %3A %2F %25 %3F %23"
)
OPTIONS = "-c statement_timeout=60000 -c lock_timeout=10000 -c timezone=UTC -c synchronous_commit=on"
DEFAULTS = {
    "application_name": "leadcast",
    "connect_timeout": "3",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}  # of libpq: a server that vanishes without a word is noticed after some 10 seconds


def read_address(url: str | None) -> URL:
    """SQLite's or PostgreSQL's address, None being SQLite under the home; InvalidInput for any other."""
    try:
        address = make_url((url or SQLITE).strip())
    except (ArgumentError, ValueError):
        raise InvalidInput(FORM) from None
    kind = address.get_backend_name()
    if kind == "sqlite":
        return address
    if kind not in ("postgresql", "postgres"):
        raise InvalidInput(f"LEADCAST_DATABASE_URL names {kind!r}; expected sqlite or postgresql")
    address = address.set(drivername="postgresql+psycopg")
    _check(address)
    return address


def connect_arguments(address: URL) -> dict[str, Any]:
    """What connections get beside the URL: limits on waiting, UTF-8; what the URL itself says of them wins."""
    given = address.query.get("options", ())
    options = " ".join([OPTIONS, *([given] if isinstance(given, str) else given)])
    missing = {name: value for name, value in DEFAULTS.items() if name not in address.query}
    return {**missing, "options": options, "client_encoding": "utf8"}


def _check(address: URL) -> None:
    """InvalidInput for what PostgreSQL's client would not take."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    wait = address.query.get("connect_timeout", "0")
    if not 0 <= (address.port or 0) <= 65_535 or not (isinstance(wait, str) and wait.isdecimal()):
        raise InvalidInput("LEADCAST_DATABASE_URL: the port and connect_timeout are whole numbers")
    try:
        _, arguments = address.get_dialect()().create_connect_args(address)
        if "\0" in make_conninfo(**arguments):
            raise InvalidInput(
                "LEADCAST_DATABASE_URL holds a NUL (%00), at which PostgreSQL's client would stop"
            )
    except (ArgumentError, ProgrammingError, ValueError):
        raise InvalidInput(
            "LEADCAST_DATABASE_URL: what follows the ? are options of PostgreSQL's client (libpq), such as "
            "sslmode=require; it does not know one of these"
        ) from None
