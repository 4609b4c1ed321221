"""Forms of the pages send all fields; empty ones mean the defaults."""

from starlette.requests import Request
from starlette.testclient import TestClient

from serving.pages.forms import Form, read_form


def test_empty_form_fields_mean_the_defaults(client: TestClient) -> None:
    assert client.get("/forecast?as_of=&period=month&periods=&by=").status_code == 200
    assert client.get("/funnel?as_of=&from=&to=&by=").status_code == 200
    assert client.get("/?order=probability&grade=&stage=&owner=&q=").status_code == 200


def form_of(query: bytes) -> Form:
    return read_form(Request({"type": "http", "query_string": query, "headers": []}))


def test_query_has_the_filled_fields_alone() -> None:
    form = form_of(b"by=owner&as_of=&periods=+&q=a%26b")
    assert form.fields == {"by": "owner", "q": "a&b"}
    assert form.query == b"by=owner&q=a%26b"


def test_field_sent_twice_stays_twice_so_that_reading_refuses_it() -> None:
    assert form_of(b"by=a&by=b").query == b"by=a&by=b"
