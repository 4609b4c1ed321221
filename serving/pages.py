"""Pages for people: rendered here, no request to anybody else, readable without scripts."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from serving.answers import html_answer
from serving.problems import Problem
from serving.routes import PlainRoute

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter(route_class=PlainRoute, include_in_schema=False)


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


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True)
    environment.filters |= {"percent": percent, "money": money, "points": points, "schema_link": schema_link}
    return environment


def render(template: str, request: Request, /, **values: Any) -> Response:
    """A template as an answer; every page shows the model in use."""
    current = request.app.state.runtime.watch.current
    values["model_version"] = current.version if current else None
    return html_answer(_environment().get_template(template).render(values))


@router.get("/docs")
async def get_docs(request: Request) -> Response:
    """The API's description for people, made of the OpenAPI document."""
    document = request.app.openapi()
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return render("docs.html", request, api=document, operations=operations)


@router.get("/static/{name}")
async def get_static(request: Request) -> Response:
    """A style sheet, script or picture of the pages."""
    found = _static(request.path_params["name"])
    if found is None:
        raise Problem(404, "not-found", "There is nothing at this path.")
    content, kind = found
    return Response(content, headers={"cache-control": "max-age=3600"}, media_type=kind)


@lru_cache(maxsize=64)
def _static(name: str) -> tuple[bytes, str] | None:
    path = _HERE / "static" / name
    if path.name != name or path.suffix not in _KINDS or not path.is_file():
        return None
    return path.read_bytes(), _KINDS[path.suffix]
