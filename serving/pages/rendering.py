"""Renders the pages' templates. Pages need no script and load nothing from other hosts."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, tzinfo
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from history.config.config import FunnelConfig
from models.bundle import Bundle
from serving.base.clock import clock_us
from serving.http.access import ANONYMOUS_COOKIE, scopes_of, session_of
from serving.http.responses import html_response
from serving.pages.assets import asset_path
from serving.pages.cookies import form_token, set_cookie
from serving.pages.words.catalogue import LANGUAGES, Translator
from serving.pages.words.formats import Formats
from serving.pages.words.language import language_of
from serving.pages.words.names import (
    aside_words,
    channel_words,
    column_name,
    column_words,
    kind_words,
    touch_words,
)
from serving.pages.words.sentences import decision_words, progress_words

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = {"leads": "/", "funnel": "/funnel", "forecast": "/forecast", "model": "/model"}


def render(template: str, request: Request, /, status: int = 200, **values: Any) -> Response:
    """A page made of a template, in the reader's language, with what the frame around every page shows.

    `as_of` in values (RFC 3339 or microseconds) is the time that the frame and "5 days ago" refer to; default: now.
    """
    token, is_new = form_token(request)
    context = {**frame_of(request), "csrf_token": token, **values}
    page = environment(language_of(request), zone_of(request)).get_template(template)
    answer = html_response(page.render(context), status)
    if is_new:
        set_cookie(answer, request, ANONYMOUS_COOKIE, token)
    return answer


def frame_of(request: Request) -> dict[str, Any]:
    """What every template may use: who reads, what they may do, the model in use, the current section."""
    runtime = request.app.state.runtime
    bundle = runtime.watch.current
    scopes = scopes_of(request.scope)
    has_keys = bool(runtime.settings.api_keys)
    return {
        "model_version": bundle.version if bundle else None,
        "model_is_loading": runtime.watch.is_loading,
        "as_of": clock_us(),
        "section": section_of(request.scope["path"]),
        "sections": SECTIONS,
        "no_keys": not has_keys,
        "may_read": scopes is not None or not has_keys,
        "reader": reader_of(request),
        "session": session_of(request.scope),
        "can": lambda scope: scopes is None or scope in scopes,
        "panel": is_panel(request),
        "here": here(request),
        "notices": [],
    }


def reader_of(request: Request) -> str | None:
    """Who reads: the name given when signing in, else the label of the key; None without keys."""
    session = session_of(request.scope)
    key = request.scope.get("leadcast.key")
    if session and session.name:
        return session.name
    return f"key {key.label}" if key else None


def is_panel(request: Request) -> bool:
    """True inside a CRM's frame (`panel=1`): narrow, without the navigation."""
    return b"panel=1" in request.scope["query_string"].split(b"&")


def refreshed() -> Response:
    """The answer to a page that waited for a report: it reads itself anew, with scripts and charts (htmx)."""
    return Response(headers={"HX-Refresh": "true"})


def is_waiting_page(request: Request) -> bool:
    """True for the question of a page whether its report is prepared by now."""
    return "hx-request" in request.headers


def here(request: Request) -> str:
    """The path and query of a page that was read; "/" for what was posted."""
    if request.method not in ("GET", "HEAD"):
        return "/"
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    query: bytes = request.scope["query_string"]
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def formats_of(request: Request) -> Formats:
    """The figures and dates of this reader, for texts that are not made in a template."""
    return Formats(language_of(request), zone_of(request))


def zone_of(request: Request) -> ZoneInfo:
    """The funnel's time zone, in which all times are shown; UTC while no model tells it."""
    bundle: Bundle | None = request.app.state.runtime.watch.current
    return (FunnelConfig() if bundle is None else bundle.config).zone


def section_of(path: str) -> str | None:
    """The part of the navigation that a path belongs to."""
    if path.startswith("/leads/"):
        return "leads"
    return next((name for name, start in SECTIONS.items() if path == start), None)


class CompiledTemplates(FileSystemBytecodeCache):
    """Compiled templates, in this process and beside the templates, as Python keeps its own if it may write there.

    An environment for another language or zone does not compile again, nor does the next start.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), f"jinja2-{version('jinja2')}-%s.cache")
        self.by_key: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        known = self.by_key.get(bucket.key)
        if known is not None:
            bucket.bytecode_from_string(known)
            return
        with suppress(OSError):
            super().load_bytecode(bucket)
        if bucket.code is not None:
            self.by_key[bucket.key] = bucket.bytecode_to_string()

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.by_key[bucket.key] = bucket.bytecode_to_string()
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


COMPILED = CompiledTemplates(TEMPLATES / "__pycache__")


def preparations() -> Iterator[Callable[[], object]]:
    """Short steps that compile every template: without them, the first page of a worker takes 0.5 s more."""
    for language in LANGUAGES:
        yield partial(Formats(language).money, 1.0, "EUR")  # reads the language's numbers
        for path in sorted(TEMPLATES.glob("*.html")):
            yield partial(environment(language, UTC).get_template, path.name)


@lru_cache(maxsize=16)
def environment(language: str, zone: tzinfo) -> Environment:
    """The templates in one language and time zone."""
    # Autoescape: names of leads and stages are any text, markup included.
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        auto_reload=False,
        bytecode_cache=COMPILED,
    )
    formats = Formats(language, zone)
    translate = Translator(formats)
    made.globals |= {"t": translate, "asset": asset_path, "language": language, "languages": LANGUAGES}
    made.filters |= {name: getattr(formats, name) for name in _FORMATS}
    made.filters |= {"dialled": dialled, "lead_link": lead_link, "schema_link": schema_link}

    @pass_context
    def ago(context: Context, moment: str | int | None) -> str:
        """today, yesterday, 5 days ago, in 3 days: calendar days to the page's as_of."""
        if moment is None:
            return ""
        days = formats.days_between(moment, context["as_of"])
        near = {0: "today", 1: "yesterday", -1: "tomorrow"}.get(days)
        return translate(f"frame.{near}") if near else formats.distance(days)

    made.filters |= {
        "ago": ago,
        "aside": partial(aside_words, translate=translate),
        "channel": partial(channel_words, translate=translate),
        "column": partial(column_words, translate=translate),
        "column_name": partial(column_name, translate=translate),
        "kind": partial(kind_words, translate=translate),
        "decision": partial(decision_words, translate=translate),
        "progress_words": partial(progress_words, translate=translate),
        "touch": partial(touch_words, translate=translate),
    }
    return made


_FORMATS = (
    "whole",
    "percent",
    "money",
    "short_money",
    "number",
    "measure",
    "tenths",
    "wins",
    "points",
    "whole_points",
    "day",
    "short_day",
    "weekday",
    "month",
    "period",
    "clock",
    "local_input",
    "moment",
)


def dialled(phone: str) -> str:
    """A phone number as a tel: link takes it, without an extension."""
    return re.sub(r"(?i)\s*(x|ext).*|[^0-9+]", "", phone)


def lead_link(lead_id: str, view: str = "") -> str:
    """The path of a lead's page; view: the query of the list that leads to it, for its neighbours."""
    path = f"/leads/{quote(lead_id, safe='')}"
    return f"{path}?view={quote(view, safe='')}" if view else path


def schema_link(schema: Mapping[str, Any]) -> Markup:
    """A JSON Schema in a few words, with links to its named records."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(schema_link(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return Markup("list of {}").format(schema_link(schema.get("items", {})))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return escape(", ".join(str(value) for value in values))
    kind = schema.get("type", "anything")
    return escape(kind if isinstance(kind, str) else " or ".join(kind))
