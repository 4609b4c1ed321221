"""What is pictured: every page, and every state that a page can be in."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Page

Act = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    """A page by its path at a service, what is done there first, and the reader's language.

    `path` may hold {lead}: the id of the lead at the top of the worklist, ready for a path.
    """

    name: str
    path: str
    act: Act | None = None
    language: str = "en-GB"


@dataclass(frozen=True)
class Size:
    """A window in CSS pixels."""

    name: str
    width: int
    height: int


DESKTOP, TABLET, PHONE = Size("desktop", 1280, 900), Size("tablet", 820, 1180), Size("phone", 360, 780)
PAPER = Size("paper", 1280, 740)  # of the documentation
WIDE = Size("wide", 2560, 1300)
PRINT = Size("print", 718, 1047)  # A4 without margins of 1 cm, at 96 dots an inch
SIZES = (DESKTOP, TABLET, PHONE)
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


def opened(selector: str) -> Act:
    """Opens the first <details> or link of this selector."""
    return lambda page: page.locator(selector).first.click()


# For README and the documentation, of the window alone: name of the file, page, window and scheme.
DOCS: Final[tuple[tuple[str, str, Size, Literal["light", "dark"]], ...]] = (
    ("worklist", "/?capacity=5", PAPER, "light"),
    ("worklist-dark", "/?capacity=5", PAPER, "dark"),
    ("worklist-phone", "/?capacity=5", PHONE, "light"),
    ("lead", "/leads/{lead}", PAPER, "light"),
    ("forecast", "/forecast", DESKTOP, "light"),
    ("funnel", "/funnel", PAPER, "light"),
)
# With a model and leads: the demo.
PAGES = (
    Shot("worklist", "/?limit=12"),
    Shot("worklist-calls", "/?capacity=5&limit=12"),
    Shot("worklist-expanded", "/?limit=12", opened("tbody .why summary")),
    Shot("worklist-menu", "/?grade=A&attention=silent", opened(".menu summary")),
    Shot(
        "worklist-attention",
        "/?attention=unanswered&limit=12",
        opened(".menu:has([type=checkbox][name=attention]) summary"),
    ),
    Shot("worklist-no-match", "/?q=nobody+of+this+name"),
    Shot("worklist-german", "/?capacity=5&limit=12", language="de-DE"),
    Shot("lead", "/leads/{lead}"),
    Shot("lead-panel", "/leads/{lead}?panel=1"),
    Shot("lead-what-if", "/leads/{lead}", opened("#what-if summary")),
    Shot("lead-german", "/leads/{lead}", language="de-DE"),
    Shot("lead-unknown", "/leads/nobody"),
    Shot("funnel", "/funnel"),
    Shot("funnel-by-source", "/funnel?by=source"),
    Shot("funnel-german", "/funnel", language="de-DE"),
    Shot("forecast", "/forecast"),
    Shot("forecast-by-owner", "/forecast?by=owner"),
    Shot("forecast-quarter", "/forecast?period=quarter"),
    Shot("forecast-german", "/forecast", language="de-DE"),
    Shot("model", "/model"),
    Shot("model-german", "/model", language="de-DE"),
    Shot("error-german", "/?grade=Z", language="de-DE"),
    Shot("error-not-found", "/nowhere"),
    Shot("error-parameter", "/?grade=Z"),
    Shot("api", "/docs"),
)
# What people take to a meeting on paper.
PRINTED = ("worklist-calls", "lead", "funnel", "forecast", "model")
# A model, and no lead.
EMPTY = (
    Shot("empty-worklist", "/"),
    Shot("empty-funnel", "/funnel"),
    Shot("empty-forecast", "/forecast"),
)
# Nothing at all: the first start.
FRESH = (
    Shot("no-model-worklist", "/"),
    Shot("no-model-funnel", "/funnel"),
    Shot("no-model-forecast", "/forecast"),
    Shot("no-model-model", "/model"),
    Shot("welcome", "/welcome"),
    Shot("welcome-german", "/welcome", language="de-DE"),
)
# With keys, before signing in.
LOCKED = (Shot("signin", "/signin"), Shot("signin-first", "/forecast"))


def top_lead(service: str) -> str:
    """The id, ready for a path, of the first lead of the worklist with something to do about it; else of the first."""
    ids = [quote(lead["lead_id"], safe="") for lead in _read(f"{service}/v1/leads?limit=20")["leads"]]
    advised = (lead for lead in ids if _read(f"{service}/v1/leads/{lead}").get("suggestions"))
    return next(advised, ids[0] if ids else "none")


def _read(url: str) -> Any:
    with urlopen(url, timeout=60) as answer:
        return json.load(answer)
