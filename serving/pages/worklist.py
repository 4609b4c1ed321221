"""Pages for people: rendered here, no request to anybody else, readable without scripts."""

import asyncio
import gzip
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from serving.api.errors import expected_problem
from serving.api.worklist import QUERY, read_worklist_key
from serving.base.problems import Problem
from serving.http.queries import Reader, one_of, read_query, read_text
from serving.http.responses import html_answer
from serving.http.router import Routes
from serving.store.errors import StoreUnavailable
from serving.store.scores.worklist import Page, WorklistQuery, worklist

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

PLOTLY = "plotly.min.js"
PACKED_FROM = 100_000  # bytes

routes = Routes()


def percent(value: float | None) -> str:
    """0.1234 as 12 %; below one percent with a digit more."""
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if 0 < value < 0.01 else f"{100 * value:.0f} %"


def money(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def points(value: float) -> str:
    return f"{value:+.1f} points"


def schema_link(schema: Mapping[str, Any]) -> Markup:
    """A JSON Schema in a few words, with links to the records it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(schema_link(s) for s in schema["anyOf"])
    if schema.get("type") == "array":
        return Markup("list of {}").format(schema_link(schema.get("items", {})))
    if "const" in schema or "enum" in schema:
        return escape(", ".join(str(v) for v in schema.get("enum", [schema.get("const")])))
    kind = schema.get("type", "anything")
    return escape(kind if isinstance(kind, str) else " or ".join(kind))


def number(value: float | None) -> str:
    """Three significant digits below a thousand, whole above; nothing for what is unknown."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def moment(text: str | None) -> str:
    """A time of an answer without its fraction of a second."""
    return "" if text is None else re.sub(r"\.\d+", "", text).replace("T", " ").replace("Z", " UTC")


def lead_link(lead_id: str) -> str:
    return f"/leads/{quote(lead_id, safe='')}"


_FILTERS = {
    "percent": percent,
    "money": money,
    "number": number,
    "points": points,
    "moment": moment,
    "lead_link": lead_link,
    "schema_link": schema_link,
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True)
    environment.filters |= _FILTERS
    return environment


def render(template: str, request: Request, /, **values: Any) -> Response:
    """A template as an answer; every page shows the model in use."""
    current = request.app.state.runtime.watch.current
    values["model_version"] = current.version if current else None
    return html_answer(_environment().get_template(template).render(values))


ORDER_LABELS = {
    "expected_revenue": "expected revenue",
    "probability": "probability",
    "created_at": "age, newest first",
}
LEADS_A_PAGE = 50


def _read_filter(text: str) -> str | None:
    return text.strip() or None


_LEADS_READERS: dict[str, Reader] = {
    "order": one_of(ORDER_LABELS),
    "grade": QUERY["grade"],
    "stage": _read_filter,
    "owner": _read_filter,
    "q": _read_filter,
    "cursor": read_text,
}


@routes.get("/")
async def get_leads_page(request: Request) -> Response:
    """The worklist: open leads, best first, with the reasons of each."""
    runtime = request.app.state.runtime
    chosen = read_query(request.scope["query_string"], _LEADS_READERS)
    order = chosen.pop("order", "expected_revenue")
    cursor = chosen.pop("cursor", None)
    wanted = WorklistQuery(order=order, limit=LEADS_A_PAGE, after=read_worklist_key(cursor, order), **chosen)
    notice, page = None, Page((), None)
    try:
        page = await runtime.stored.read(lambda connection: worklist(connection, wanted))
    except StoreUnavailable as outage:
        problem = expected_problem(outage)
        notice = problem.detail if problem else None
    if runtime.watch.current is None:
        notice = "No model is in use yet. Train and promote one: leadcast train DATA --promote always"
    following = {"order": order, **{k: v for k, v in chosen.items() if v}, "cursor": page.next_cursor}
    return render(
        "leads.html",
        request,
        leads=page.entries,
        next_link=f"/?{urlencode(following)}" if page.next_cursor else None,
        notice=notice,
        refused=runtime.watch.refused,
        orders=ORDER_LABELS,
        order=order,
        chosen=chosen,
    )


@routes.get("/docs")
async def get_docs(request: Request) -> Response:
    """The API's description for people, made of the OpenAPI document."""
    document = request.app.state.openapi
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return render("docs.html", request, api=document, operations=operations)


@routes.get("/static/{name}")
async def get_static(request: Request) -> Response:
    """A style sheet, script or picture of the pages."""
    found = _static(request.path_params["name"])
    if found is None:
        raise Problem(404, "not-found", "There is nothing at this path.")
    content, kind = found
    headers = {"cache-control": "max-age=3600"}
    if len(content) > PACKED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        content = await asyncio.to_thread(_packed, request.path_params["name"])
        headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(content, headers=headers, media_type=kind)


@lru_cache(maxsize=1)
def _packed(name: str) -> bytes:
    found = _static(name)
    return b"" if found is None else gzip.compress(found[0], 6, mtime=0)


@lru_cache(maxsize=64)
def _static(name: str) -> tuple[bytes, str] | None:
    if name == PLOTLY:
        from funnel.state.figures import script

        return script(), _KINDS[".js"]
    known = (path for path in (_HERE / "static").iterdir() if path.suffix in _KINDS)
    path = next((path for path in known if path.name == name), None)
    return None if path is None else (path.read_bytes(), _KINDS[path.suffix])
