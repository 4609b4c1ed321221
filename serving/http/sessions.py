"""Sessions of people who signed in with a key: a signed cookie that every worker can read, and nothing on the server.

The cookie is signed with a secret derived from its key, so that it ends with the key, outlives a restart, and cannot be
made by whoever lacks the key. Scrypt makes guessing a short key from a stolen cookie slow.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from serving.base.settings import ApiKey

SESSION_COOKIE = "leadcast_session"
LIFETIME_SECONDS = 12 * 3600
MAX_NAME = 60  # characters
MAX_COOKIE = 1_000  # bytes
_SALT = b"leadcast session, version 1"
_NONCE_BYTES = 16


class _Content(NamedTuple):
    """What a cookie holds: the label of its key, the person's name, its end in seconds, and what makes it unique."""

    key: str
    name: str
    ends_s: int
    nonce: str


@dataclass(frozen=True)
class Session:
    """A person who signed in; `csrf_token` belongs into every form of this session."""

    key: ApiKey
    name: str
    csrf_token: str


class Sessions:
    """Makes and reads the cookies of sessions. `clock` gives seconds since 1970."""

    def __init__(self, keys: tuple[ApiKey, ...], clock: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self.clock = clock

    def start(self, key: ApiKey, name: str) -> str:
        """The cookie's value of a new session."""
        ends_s = int(self.clock()) + LIFETIME_SECONDS
        content = _Content(key.label, tidy_name(name), ends_s, secrets.token_hex(_NONCE_BYTES))
        payload = msgspec.json.encode(content)
        return f"{_text(payload)}.{_text(_sign(key, payload))}"

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie's value; None if it is over, not ours, changed, or of a key that is gone."""
        signed = _parse(cookie)
        if signed is None:
            return None
        payload, signature = signed
        try:
            content = msgspec.json.decode(payload, type=_Content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        for key in self.keys:
            if key.label == content.key and hmac.compare_digest(_sign(key, payload), signature):
                if content.ends_s <= self.clock():
                    return None
                return Session(key, content.name, _text(_sign(key, b"csrf" + payload)))
        return None


def tidy_name(name: str) -> str:
    """A name as it is shown: one line, printable, at most MAX_NAME characters."""
    line = " ".join(name.split())
    return "".join(letter for letter in line if letter.isprintable())[:MAX_NAME]


def _parse(cookie: str) -> tuple[bytes, bytes] | None:
    """The payload of a cookie's value and its signature; None for another text."""
    payload, dot, signature = cookie.partition(".")
    if not dot or len(cookie) > MAX_COOKIE:
        return None
    try:
        return _bytes(payload), _bytes(signature)
    except (binascii.Error, ValueError):
        return None


def _sign(key: ApiKey, payload: bytes) -> bytes:
    return hmac.digest(_secret(key.digest), payload, "sha256")


@lru_cache(maxsize=1024)
def _secret(digest: bytes) -> bytes:
    """The signing secret of a key; takes about 50 ms once."""
    return hashlib.scrypt(digest, salt=_SALT, n=2**14, r=8, p=1, dklen=32)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
