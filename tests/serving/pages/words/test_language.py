"""The language of a page: the cookie, then Accept-Language, then English."""

import pytest
from starlette.requests import Request

from serving.pages.words.language import COOKIE, accepted, language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, de;q=0.7", "de"),
        ("fr, de;q=0.1", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("de;q=nan", "en"),
        ("de;q=x, en", "en"),
        ("*", "en"),
        ("DE", "de"),
        (";;;,,,=", "en"),
        ("x," * 500 + "de", "en"),
    ],
)
def test_best_language_is_chosen(header: str, language: str) -> None:
    assert accepted(header) == language


@pytest.mark.parametrize(("cookie", "language"), [("de", "de"), ("en", "en"), ("xx", "en"), ("<b>", "en")])
def test_cookie_comes_first(cookie: str, language: str) -> None:
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode()), (b"accept-language", b"en")]
    assert language_of(Request({"type": "http", "headers": headers})) == language
