"""Access: API keys with scopes; without keys, loopback clients only."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import Scope

from serving.base.problems import Problem
from serving.base.settings import ApiKey
from serving.http.bodies import header

OPEN_PATHS = frozenset({"/livez", "/readyz"})
PAGES = frozenset({"/", "/docs", "/funnel", "/forecast", "/model"})
INGEST_PATHS = frozenset({"/v1/events", "/v1/corrections"})  # by POST
SCOPE_OF_METHOD = {"GET": "read", "HEAD": "read", "PUT": "ingest", "DELETE": "admin"}
CHALLENGE = 'Bearer realm="leadcast"'
PAGE_CHALLENGE = 'Basic realm="leadcast", charset="UTF-8"'


def required_scope(method: str, path: str) -> str | None:
    """Scope required for a request; None if any valid key suffices (no handler for this method)."""
    if method == "POST":
        return "ingest" if path in INGEST_PATHS else "score"
    return SCOPE_OF_METHOD.get(method)


def is_page(path: str) -> bool:
    """True for paths whose answers and errors are HTML."""
    return not path.startswith("/v1/") and path not in ("/v1", "/metrics", "/openapi.json", *OPEN_PATHS)


def is_known_page(path: str) -> bool:
    """True for the path of an existing page, or of a lead's page, whether or not the lead exists."""
    return path in PAGES or path.startswith("/leads/")


class Access:
    """Admits a request or raises Problem 400, 401 or 403."""

    def __init__(self, keys: tuple[ApiKey, ...]) -> None:
        self.keys = keys

    def admit(self, scope: Scope) -> ApiKey | None:
        """The key of the request; None for open paths and without keys."""
        path = scope["path"]
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1:  # RFC 9112, section 3.2
            raise Problem(400, "two-hosts", "A request names one Host.")
        if path in OPEN_PATHS:
            return None
        if not self.keys:
            _check_loopback(scope, hosts[0] if hosts else b"")
            return None
        key = self._find(_presented_key(scope, is_page(path)))
        if key is None:
            raise _key_required(path)
        required = required_scope(scope["method"], path)
        if required is not None and required not in key.scopes:
            raise Problem(403, "missing-scope", f"This key lacks the scope {required}.")
        return key

    def _find(self, presented: bytes | None) -> ApiKey | None:
        """The key with this text; compares with all keys, so that the time does not tell which one matched."""
        digest = hashlib.sha256(presented or b"").digest()
        match = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                match = key
        return match if presented else None


def _presented_key(scope: Scope, page: bool) -> bytes | None:
    """The key in `Authorization: Bearer KEY`; on pages also a browser's Basic password (RFC 7617)."""
    kind, _, credentials = (header(scope, b"authorization") or b"").partition(b" ")
    if kind.lower() == b"bearer":
        return credentials.strip()
    if page and kind.lower() == b"basic" and scope["method"] in ("GET", "HEAD"):
        try:
            return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return None
    return None


def _key_required(path: str) -> Problem:
    challenge = f"{CHALLENGE}, {PAGE_CHALLENGE}" if is_page(path) else CHALLENGE
    detail = "An API key is required: send Authorization: Bearer KEY."
    return Problem(401, "key-needed", detail, headers={"WWW-Authenticate": challenge})


def _check_loopback(scope: Scope, host: bytes) -> None:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        detail = "Without LEADCAST_API_KEYS only clients on this machine are answered."
        raise Problem(403, "loopback-only", detail)
    if is_domain_name(host):
        detail = (
            "Without LEADCAST_API_KEYS call the service by an address or as localhost, not by a domain name."
        )
        raise Problem(403, "loopback-only", detail)


@lru_cache(maxsize=1024)
def is_domain_name(host: bytes) -> bool:
    """True if Host is a DNS name. Such a name can be pointed at this machine (DNS rebinding).

    A page under it could then read and erase leads from its visitor's browser.
    """
    try:
        name = (urlsplit(f"//{host.decode('latin-1')}").hostname or "").rstrip(".")
    except ValueError:
        return True
    last = name.rpartition(".")[2]
    return "." in name and last != "localhost" and not last.isdigit()


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """True if a host name or address means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
