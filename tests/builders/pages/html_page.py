"""Reads a page and collects what a page of the service must not contain."""

import json
import re
from html.parser import HTMLParser
from typing import Any

VOID_TAGS = {"meta", "link", "br", "input", "img", "hr"}
FORBIDDEN_TAGS = ("iframe", "style", "img")
FRAME_SCRIPTS = ("/static/htmx.min.js", "/static/frame.js")
CHART_SCRIPTS = ("/static/plotly.min.js", "/static/charts.js")
LIST_SCRIPT = "/static/worklist.js"
SCRIPTS = (*FRAME_SCRIPTS, *CHART_SCRIPTS, LIST_SCRIPT)


def without_digest(path: str) -> str:
    """The path of an asset without the digest of its content: /static/leadcast.css."""
    return re.sub(r"\.[0-9a-f]{12}(?=\.[a-z]+$)", "", path)


class Page(HTMLParser):
    """What a page holds; `faults` lists inline scripts and styles, foreign scripts and wrong nesting.

    `words` has plain spaces where a figure has spaces that do not break.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.links: list[str] = []
        self.faults: list[str] = []
        self.charts: list[dict[str, Any]] = []
        self.words = ""
        self.fields: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)
        if tag == "script" and (
            without_digest(dict(attrs).get("src") or "") not in SCRIPTS or "defer" not in dict(attrs)
        ):
            self.faults.append("script of another origin, or one that the page waits for")
        if tag == "input":
            self.fields[dict(attrs).get("name") or ""] = dict(attrs).get("value") or ""
        for name, value in attrs:
            if name.startswith("on") or name == "style" or tag in FORBIDDEN_TAGS:
                self.faults.append(f"{tag} {name}")
            if name == "data-chart":
                self.charts.append(json.loads(value or ""))
            is_post = name == "action" and dict(attrs).get("method") == "post"
            if name in ("href", "src", "action") and not is_post:
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        self.words += data.replace("\u00a0", " ")
        if self.open_tags[-1:] == ["script"]:
            self.faults.append("script in the page")

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.faults.append(f"/{tag}")
