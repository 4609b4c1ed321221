"""Renders the pages' templates. Pages need no script and load nothing from other hosts."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from serving.http.responses import html_response

TEMPLATES = Path(__file__).parent / "templates"
NO_MODEL = "No model is in use yet. Train and promote one: leadcast train DATA --promote always"


def render(template: str, request: Request, /, **values: Any) -> Response:
    """A page made of a template; every page shows the version of the current model."""
    bundle = request.app.state.runtime.watch.current
    values["model_version"] = bundle.version if bundle else None
    return html_response(_environment().get_template(template).render(values))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Autoescape: names of leads and stages are any text, markup included.
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    environment.filters |= _FILTERS
    environment.globals["no_model"] = NO_MODEL
    return environment


def percent(value: float | None) -> str:
    """0.1234 as 12 %; below one percent with one more digit."""
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if 0 < value < 0.01 else f"{100 * value:.0f} %"


def money(value: float | None) -> str:
    """A whole amount with thousands separators."""
    return "" if value is None else f"{value:,.0f}"


def points(value: float) -> str:
    """Percentage points with their sign."""
    return f"{value:+.1f} points"


def number(value: float | None) -> str:
    """Three significant digits below a thousand, a whole number above; empty for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def moment(text: str | None) -> str:
    """An RFC 3339 time in UTC without its fraction of a second."""
    return "" if text is None else re.sub(r"\.\d+", "", text).replace("T", " ").replace("Z", " UTC")


def dialled(phone: str) -> str:
    """A phone number as a tel: link takes it, without an extension."""
    return re.sub(r"(?i)\s*(x|ext).*|[^0-9+]", "", phone)


def lead_link(lead_id: str) -> str:
    """The path of a lead's page."""
    return f"/leads/{quote(lead_id, safe='')}"


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


_FILTERS = {
    "percent": percent,
    "money": money,
    "number": number,
    "points": points,
    "moment": moment,
    "dialled": dialled,
    "lead_link": lead_link,
    "schema_link": schema_link,
}
