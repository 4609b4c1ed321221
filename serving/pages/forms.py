"""Forms of the pages, which send all of their fields in the query."""

from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

from serving.http.queries import query_texts


class Form(NamedTuple):
    """The filled fields of a form, and the query string of these fields alone."""

    fields: dict[str, str]
    query: bytes


def read_form(request: Request) -> Form:
    """The form of a request without its empty fields, which stand for the defaults."""
    texts = query_texts(request.scope["query_string"])
    pairs = [(key, value) for key, values in texts.items() for value in values if value.strip()]
    return Form(dict(pairs), urlencode(pairs).encode())
