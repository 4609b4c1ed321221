"""The store's database: LEADCAST_DATABASE_URL, checked before any connection.

Messages repeat no part of the URL but its kind: a password with unescaped characters can end up in any part.
"""

from typing import Any

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from history.base.errors import InvalidInput

SQLITE = "sqlite://"
FORM = (
    "LEADCAST_DATABASE_URL is not a database URL: give postgresql://USER@HOST:PORT/NAME; "
    "in user and password write @ : / % ? # as %40 %3A %2F %25 %3F %23"
)
OPTIONS = "-c statement_timeout=60000 -c lock_timeout=10000 -c timezone=UTC -c synchronous_commit=on"
# libpq's timeouts: a server that vanishes without closing its connections is noticed after about 10 seconds.
DEFAULTS = {
    "application_name": "leadcast",
    "connect_timeout": "3",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def read_address(url: str | None) -> URL:
    """The address of SQLite (None: under the home) or PostgreSQL; raises InvalidInput for any other."""
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
    """Connection arguments beside the URL: timeouts, UTC, UTF-8; options of the URL take precedence."""
    own_options = address.query.get("options", ())
    options = [OPTIONS, *([own_options] if isinstance(own_options, str) else own_options)]
    missing = {name: value for name, value in DEFAULTS.items() if name not in address.query}
    return {**missing, "options": " ".join(options), "client_encoding": "utf8"}


def _check(address: URL) -> None:
    """Raises InvalidInput for an address that PostgreSQL's client would refuse."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    timeout = address.query.get("connect_timeout", "0")
    if not 0 <= (address.port or 0) <= 65_535 or not (isinstance(timeout, str) and timeout.isdecimal()):
        raise InvalidInput("LEADCAST_DATABASE_URL: the port and connect_timeout are whole numbers")
    try:
        _, arguments = address.get_dialect()().create_connect_args(address)
        connection_info = make_conninfo(**arguments)
    except (ArgumentError, ProgrammingError, ValueError):
        raise InvalidInput(
            "LEADCAST_DATABASE_URL: what follows the ? are options of PostgreSQL's client (libpq), such as "
            "sslmode=require; it does not know one of these"
        ) from None
    if "\0" in connection_info:
        raise InvalidInput(
            "LEADCAST_DATABASE_URL contains a NUL (%00), at which PostgreSQL's client would stop"
        )
