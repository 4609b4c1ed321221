"""LEADCAST_DATABASE_URL: refused before anything listens where it cannot be used, and never repeated."""

import pytest

from history.base.errors import InvalidInput
from serving.base.database_url import connect_arguments, read_address
from serving.base.settings import read_settings

SECRET = "Geheim0815"
REFUSED = [
    SECRET,
    f"host=127.0.0.1 password={SECRET}",
    f"postgresql://u:{SECRET}@127.0.0.1:abc/db",
    f"postgresql://u:{SECRET}@127.0.0.1:99999/db",
    f"postgresql://u:{SECRET}%00@127.0.0.1/db",
    f"postgresql://u:{SECRET}@127.0.0.1/db?no_such_option=1",
    f"postgresql://u:{SECRET}@127.0.0.1/db?connect_timeout=soon",
    f"postgresql://u:{SECRET}@/db?host=a:1&host=b:x",
    f"mysql://u:{SECRET}@h/db",
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_cannot_be_an_address_is_refused_with_the_settings(url: str) -> None:
    with pytest.raises(InvalidInput, match="LEADCAST_DATABASE_URL") as caught:
        read_settings({"LEADCAST_DATABASE_URL": url, "LEADCAST_LOG": "loud"})
    assert len(caught.value.problems) == 2
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40%2F%C3%A4@h:5432/db?sslmode=require",
        "postgresql+psycopg://leadcast@/leadcast",
        "postgres://u@h/db",
        "postgresql://u@/db?host=/var/run/postgresql",
        "postgresql://u@/db?host=a:1&host=b:2",
        " postgresql://u@h/db\n",
        "postgresql://",
    ],
)
def test_postgresqls_own_ways_of_writing_it_are_read(url: str) -> None:
    assert read_settings({"LEADCAST_DATABASE_URL": url}).database_url == url
    assert read_address(url).drivername == "postgresql+psycopg"


def test_no_address_and_an_empty_one_are_sqlite() -> None:
    assert read_settings({"LEADCAST_DATABASE_URL": ""}).database_url is None
    assert read_address(None).get_backend_name() == "sqlite"


def test_what_the_address_says_of_waiting_wins() -> None:
    own = connect_arguments(read_address("postgresql://h/db"))
    assert own["connect_timeout"] == "3"
    assert own["tcp_user_timeout"] == "10000"
    url = "postgresql://h/db?connect_timeout=9&options=-csearch_path%3Dcrm%20-cstatement_timeout%3D5s"
    given = connect_arguments(read_address(url))
    assert "connect_timeout" not in given
    assert given["options"].startswith(own["options"])
    assert given["options"].endswith("-csearch_path=crm -cstatement_timeout=5s")
    assert given["client_encoding"] == "utf8"
