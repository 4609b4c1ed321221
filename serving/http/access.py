"""Who may call what: keys with scopes, or loopback peers alone where no keys are set."""

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
SCOPE_OF_METHOD = {"GET": "read", "HEAD": "read", "PUT": "ingest", "DELETE": "admin"}
CHALLENGE = 'Bearer realm="leadcast"'
PAGE_CHALLENGE = 'Basic realm="leadcast", charset="UTF-8"'


def needed_scope(method: str, path: str) -> str | None:
    """The scope that a call needs; None where any key will do, because there is nothing to be had."""
    if method == "POST":
        return "ingest" if path == "/v1/events" else "score"
    return SCOPE_OF_METHOD.get(method)


def is_page(path: str) -> bool:
    """Whether a path is for people: its answers and errors are HTML."""
    return not path.startswith("/v1/") and path not in ("/v1", "/metrics", "/openapi.json", *OPEN_PATHS)


def is_known_page(path: str) -> bool:
    """Whether one of our pages is, or could be, at the path."""
    return path in PAGES or path.startswith("/leads/")


class Access:
    """Lets a request in or raises Problem 400, 401 or 403."""

    def __init__(self, keys: tuple[ApiKey, ...]) -> None:
        self.keys = keys

    def admit(self, scope: Scope) -> ApiKey | None:
        """The key of the caller, None where none is needed."""
        path = scope["path"]
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1:
            raise Problem(400, "two-hosts", "A request names one Host.")
        if path in OPEN_PATHS:
            return None
        if not self.keys:
            _check_peer(scope, hosts[0] if hosts else b"")
            return None
        key = self._find(_presented(scope, is_page(path)))
        if key is None:
            raise _unknown(path)
        needed = needed_scope(scope["method"], path)
        if needed is not None and needed not in key.scopes:
            raise Problem(403, "missing-scope", f"This key lacks the scope {needed}.")
        return key

    def _find(self, presented: bytes | None) -> ApiKey | None:
        """The key among all, in the same time wherever it stands and whether or not it is there."""
        digest = hashlib.sha256(presented or b"").digest()
        found = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found if presented else None


def _presented(scope: Scope, page: bool) -> bytes | None:
    """The key in `Authorization: Bearer KEY`; on pages a browser may send it as a Basic password."""
    kind, _, credentials = (header(scope, b"authorization") or b"").partition(b" ")
    if kind.lower() == b"bearer":
        return credentials.strip()
    if page and kind.lower() == b"basic" and scope["method"] in ("GET", "HEAD"):
        try:
            return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return None
    return None


def _unknown(path: str) -> Problem:
    challenge = f"{CHALLENGE}, {PAGE_CHALLENGE}" if is_page(path) else CHALLENGE
    detail = "An API key is needed: send Authorization: Bearer KEY."
    return Problem(401, "key-needed", detail, headers={"WWW-Authenticate": challenge})


def _check_peer(scope: Scope, host: bytes) -> None:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        detail = "Without LEADCAST_API_KEYS only callers on the same machine are answered."
        raise Problem(403, "loopback-only", detail)
    if is_domain_name(host):
        detail = "Without LEADCAST_API_KEYS the service is called by an address or as localhost, not by a domain name."
        raise Problem(403, "loopback-only", detail)


@lru_cache(maxsize=1024)
def is_domain_name(host: bytes) -> bool:
    """Whether a Host header holds a name with a dot, which is no address: anybody can make such a name lead here.

    A page under it could then read and erase leads in its visitor's browser (DNS rebinding).
    """
    try:
        name = (urlsplit(f"//{host.decode('latin-1')}").hostname or "").rstrip(".")
    except ValueError:
        return True
    last = name.rpartition(".")[2]
    return "." in name and last != "localhost" and not last.isdigit()


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and nothing else."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
