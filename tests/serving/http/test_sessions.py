"""Sessions: read by every worker, ended by time and by the end of the key, impossible to make or change."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.base.settings import ApiKey, read_settings
from serving.http.sessions import LIFETIME_SECONDS, MAX_COOKIE, MAX_NAME, Sessions, tidy_name

NOW = 1_800_000_000.0
KEYS = read_settings({"LEADCAST_API_KEYS": "first,second:read"}).api_keys


def sessions(keys: tuple[ApiKey, ...] = KEYS, now: float = NOW) -> Sessions:
    return Sessions(keys, lambda: now)


def test_another_worker_reads_the_session() -> None:
    cookie = sessions().start(KEYS[1], "Olga Blanc")
    session = sessions().read(cookie)
    assert session is not None
    assert (session.key, session.name) == (KEYS[1], "Olga Blanc")
    assert "first" not in cookie
    assert "second" not in cookie


def test_two_sessions_of_a_key_have_tokens_of_their_own() -> None:
    first, second = (sessions().read(sessions().start(KEYS[0], "")) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.csrf_token != second.csrf_token


@pytest.mark.parametrize(
    ("seconds", "lives"), [(0, True), (LIFETIME_SECONDS - 1, True), (LIFETIME_SECONDS, False)]
)
def test_session_ends_after_twelve_hours(seconds: int, lives: bool) -> None:
    cookie = sessions().start(KEYS[0], "Ann")
    assert (sessions(now=NOW + seconds).read(cookie) is not None) == lives


def test_session_ends_with_its_key() -> None:
    cookie = sessions().start(KEYS[0], "Ann")
    assert sessions(KEYS[1:]).read(cookie) is None
    assert sessions(()).read(cookie) is None


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_changed_cookie_is_no_session(place: int, letter: str) -> None:
    cookie = sessions().start(KEYS[0], "Ann")
    place %= len(cookie)
    changed = cookie[:place] + letter + cookie[place + 1 :]
    session = sessions().read(changed)
    # The last letter of a base64 text has bits that mean nothing.
    assert changed == cookie or session is None or place in (cookie.index(".") - 1, len(cookie) - 1)


def test_content_of_another_session_needs_its_signature() -> None:
    mine, other = (sessions().start(key, "Ann").split(".") for key in KEYS)
    assert sessions().read(f"{mine[0]}.{other[1]}") is None
    content = base64.urlsafe_b64decode(mine[0] + "==")
    longer = msgspec.json.decode(content)
    longer[2] += 1_000
    forged = base64.urlsafe_b64encode(msgspec.json.encode(longer)).rstrip(b"=").decode()
    assert sessions().read(f"{forged}.{mine[1]}") is None


@given(st.text(max_size=2 * MAX_COOKIE))
def test_any_other_text_is_no_session(cookie: str) -> None:
    assert sessions().read(cookie) is None


@given(st.text())
def test_name_is_one_short_line(name: str) -> None:
    tidy = tidy_name(name)
    assert len(tidy) <= MAX_NAME
    assert tidy.isprintable()
    cookie = sessions().start(KEYS[0], name)
    assert cookie.isascii()
    session = sessions().read(cookie)
    assert session is not None
    assert session.name == tidy
