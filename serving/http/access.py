"""Access: API keys with scopes, sessions of people; without keys, loopback clients only."""

import hashlib
import hmac
import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

from starlette.requests import cookie_parser
from starlette.types import Scope

from serving.base.problems import Problem
from serving.base.settings import ApiKey
from serving.http.attempts import Attempts
from serving.http.bodies import header
from serving.http.sessions import SESSION_COOKIE, Session, Sessions

OPEN_PATHS = frozenset({"/livez", "/readyz"})
SIGN_IN = "/signin"
STATIC = "/static/"
PAGES = frozenset({"/", "/docs", "/funnel", "/forecast", "/model", "/job", "/welcome", SIGN_IN, "/signout"})
ANONYMOUS_COOKIE = "leadcast_form"  # the token of forms without a session
INGEST_PATHS = frozenset({"/v1/events", "/v1/corrections"})  # by POST
INGEST_PARTS = ("/calls", "/notes", "/snooze")  # of a lead
SCOPE_OF_METHOD = {"GET": "read", "HEAD": "read", "PUT": "ingest", "DELETE": "admin"}
CHALLENGE = 'Bearer realm="leadcast"'
_ANONYMOUS_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")


def required_scope(method: str, path: str) -> str | None:
    """Scope required for a request; None if any valid key suffices: no such method, or a form, which checks its own."""
    if method == "POST" and is_page(path):
        return None
    if method == "POST":
        return "ingest" if path in INGEST_PATHS or path.endswith(INGEST_PARTS) else "score"
    return SCOPE_OF_METHOD.get(method)


def is_page(path: str) -> bool:
    """True for paths whose answers and errors are HTML."""
    return not path.startswith("/v1/") and path not in ("/v1", "/metrics", "/openapi.json", *OPEN_PATHS)


def is_known_page(path: str) -> bool:
    """True for the path of an existing page, or of a lead's page, whether or not the lead exists."""
    return path in PAGES or path.startswith("/leads/")


class Access:
    """Admits a request or raises Problem: 303 to the page for signing in, 400, 401 or 403."""

    def __init__(self, keys: tuple[ApiKey, ...]) -> None:
        self.keys = keys
        self.sessions = Sessions(keys)
        self.attempts = Attempts()

    def admit(self, scope: Scope) -> ApiKey | None:
        """The key of the request; None for open paths and without keys. A session stands for its key."""
        path = scope["path"]
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1:  # RFC 9112, section 3.2
            raise Problem(400, "two-hosts", "A request names one Host.")
        if path in OPEN_PATHS:
            return None
        if not self.keys:
            _check_loopback(scope, hosts[0] if hosts else b"")
            return None
        key = self._key_of(scope)
        if is_open(path):
            return key
        if key is None:
            raise _key_required(scope)
        check_key(key, required_scope(scope["method"], path))
        return key

    def find(self, presented: bytes) -> ApiKey | None:
        """The key with this text; compares with all keys, so that the time does not tell which one matched."""
        digest = hashlib.sha256(presented).digest()
        match = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                match = key
        return match if presented else None

    def _key_of(self, scope: Scope) -> ApiKey | None:
        """The key in `Authorization: Bearer KEY`, else that of the session."""
        credentials = header(scope, b"authorization")
        if credentials is not None:
            kind, _, text = credentials.partition(b" ")
            scope["leadcast.has_bearer"] = True
            return self.find(text.strip()) if kind.lower() == b"bearer" else None
        cookie = cookies_of(scope).get(SESSION_COOKIE)
        if not cookie or not _takes_session(scope):
            return None
        session = self.sessions.read(cookie)
        scope["leadcast.session"] = session
        return session.key if session else None


def _takes_session(scope: Scope) -> bool:
    """True for reading, and for the forms of pages: a browser's cookie changes nothing through the API."""
    return scope["method"] in ("GET", "HEAD") or (scope["method"] == "POST" and is_page(scope["path"]))


def is_open(path: str) -> bool:
    """True for paths that need no key."""
    return path in OPEN_PATHS or path == SIGN_IN or path.startswith(STATIC)


def session_of(scope: Scope) -> Session | None:
    """The session of an admitted request."""
    session: Session | None = scope.get("leadcast.session")
    return session


def scopes_of(scope: Scope) -> frozenset[str] | None:
    """The scopes of an admitted request's key; None if there are no keys, so that everything is allowed."""
    key: ApiKey | None = scope.get("leadcast.key")
    return key.scopes if key else None


def check_scope(scope: Scope, required: str | None) -> None:
    """Raises Problem 403 if an admitted request's key lacks the scope."""
    key: ApiKey | None = scope.get("leadcast.key")
    if key is not None:
        check_key(key, required)


def check_key(key: ApiKey, required: str | None) -> None:
    """Raises Problem 403 if the key lacks the scope."""
    if required is not None and required not in key.scopes:
        raise Problem(403, "missing-scope", f"This key lacks the scope {required}.")


def anonymous_token(scope: Scope) -> str | None:
    """The token of forms without a session, from its cookie; None if the browser has none."""
    token = cookies_of(scope).get(ANONYMOUS_COOKIE, "")
    return token if _ANONYMOUS_TOKEN.fullmatch(token) else None


def cookies_of(scope: Scope) -> dict[str, str]:
    """The cookies of a request."""
    return cookie_parser((header(scope, b"cookie") or b"").decode("latin-1"))


def _key_required(scope: Scope) -> Problem:
    """401; for people in a browser 303 to the page for signing in, from which they come back."""
    detail = "An API key is required: send Authorization: Bearer KEY, or sign in at /signin."
    headers = {"WWW-Authenticate": CHALLENGE}
    if is_page(scope["path"]) and header(scope, b"hx-request") is not None:
        # htmx follows a 303 itself and would show the page for signing in inside this one.
        headers["HX-Redirect"] = f"{SIGN_IN}{_way_back_of_part(scope)}"
    elif is_page(scope["path"]) and b"text/html" in (header(scope, b"accept") or b""):
        return Problem(303, "sign-in", "Sign in first.", headers={"Location": f"{SIGN_IN}{_way_back(scope)}"})
    return Problem(401, "key-needed", detail, headers=headers)


def _way_back(scope: Scope) -> str:
    """The query that brings a person back to the page they wanted."""
    if scope["method"] not in ("GET", "HEAD") or scope["path"] in ("/", "/signout"):
        return ""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return _query_for(raw.partition(b"?")[0], scope.get("query_string") or b"")


def _way_back_of_part(scope: Scope) -> str:
    """The same for a part of a page, which htmx asks for: the page is in HX-Current-URL."""
    try:
        page = urlsplit(header(scope, b"hx-current-url") or b"")
    except ValueError:
        return ""
    return _query_for(page.path, page.query) if page.path else ""


def _query_for(path: bytes, query: bytes) -> str:
    target = path + (b"?" + query if query else b"")
    panel = "&panel=1" if b"panel=1" in query.split(b"&") else ""
    return f"?to={quote(target, safe='')}{panel}"


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
