"""The page of the worklist: whom to call first, why, and what to do next."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response

from models.bundle import Bundle
from serving.api.errors import expected_problem
from serving.api.worklist import CAPACITY, PAGE, SELECTION, csv_response, worklist_query
from serving.http.queries import Many, Reader, one_of, optional, read_filter, read_query, read_text
from serving.http.router import Routes
from serving.pages.lead.page import notices_of
from serving.pages.lead.reasons import ReasonWords
from serving.pages.lead.steps import step_words
from serving.pages.rendering import formats_of, render
from serving.pages.words.catalogue import Translator
from serving.pages.words.language import DEFAULT
from serving.pages.words.refusals import detail_words
from serving.pages.worklist.address import DEFAULT_ORDER, FILTERS, Address, address_of
from serving.pages.worklist.line_forms import SNOOZE_DAYS
from serving.pages.worklist.saved_views import my_owner, saved_views
from serving.store import schema as db
from serving.store.errors import StoreUnavailable
from serving.store.scores.worklist.entries import Shown
from serving.store.scores.worklist.selection import ORDERS, WorklistQuery
from serving.store.scores.worklist.worklist import Page

MOST_OPTIONS: Final = 60  # of a menu, the most frequent

routes = Routes()


def _read_trimmed(text: str) -> str | None:
    trimmed: str | None = read_filter(text.strip())
    return trimmed


READERS: dict[str, Reader] = {
    **SELECTION,
    **PAGE,
    **dict.fromkeys(("stage", "owner", "source"), Many(_read_trimmed)),
    "q": _read_trimmed,
    "order": optional(SELECTION["order"]),
    "limit": optional(PAGE["limit"]),
    "capacity": optional(CAPACITY["capacity"]),
    "format": one_of(("html", "csv")),
    "panel": read_text,
    "done": read_text,
}


@dataclass(frozen=True)
class Listed:
    """What the page shows: a page of leads that begins after `before` others, its sums, and those of all leads.

    has_leads: the store has any, scored or not, open or closed.
    """

    page: Page
    before: int
    summary: Mapping[str, Any]
    whole: Mapping[str, Any]
    has_leads: bool


SOME_CALLS: Final = 10  # a day, until a reader says how many
NOTHING: Final = Listed(Page((), None, 0), 0, {}, {"by": {}}, has_leads=False)


@routes.get("/")
async def get_worklist_page(request: Request) -> Response:
    """Open leads, by default the highest expected revenue first. During an outage the page says so."""
    runtime = request.app.state.runtime
    values = read_query(request.scope["query_string"], READERS)
    as_csv = values.pop("format", "html") == "csv"
    values.pop("panel", None)
    done = values.pop("done", None)
    values = {key: value for key, value in values.items() if value is not None}
    capacity = values.pop("capacity", None)
    address = address_of({**values, "capacity": capacity})
    query = worklist_query(values)
    if as_csv:
        return await csv_response(runtime, query)
    outage, listed = None, NOTHING
    as_of = {}
    try:
        listed = await read_listed(runtime, query, capacity)
        as_of = {"as_of": listed.page.now_us}
    except StoreUnavailable as raised:
        problem = expected_problem(raised)
        outage = detail_words(problem, Translator(formats_of(request))) if problem else None
    return render(
        "leads.html",
        request,
        **_shown(request, listed, address),
        **as_of,
        notices=notices_of(done, Translator(formats_of(request))),
        outage=outage,
        refused=runtime.watch.refused,
        snooze_days=SNOOZE_DAYS,
        some_calls=SOME_CALLS,
        call_id=secrets.token_hex(8),
    )


async def read_listed(runtime: Any, query: WorklistQuery, capacity: int | None) -> Listed:
    """Everything that the page shows, of one view of the store. Raises StoreUnavailable."""
    bundle, worklist = runtime.watch.current, runtime.stored.worklist
    config = None if bundle is None else bundle.config

    def read(connection: Connection) -> Listed:
        page = partial(worklist.page, connection, config=config)
        summary = partial(worklist.summary, connection, config=config)
        return Listed(
            page(query),
            worklist.count_before(connection, query, config),
            summary(query, capacity),
            summary(WorklistQuery()),
            connection.execute(select(db.leads.c.lead_no).limit(1)).first() is not None,
        )

    listed: Listed = await runtime.stored.read(read)
    return listed


def _shown(request: Request, listed: Listed, address: Address) -> dict[str, Any]:
    """The values of the template."""
    translate = Translator(formats_of(request))
    page, capacity = listed.page, listed.summary.get("capacity")
    first, last = listed.before + 1, listed.before + len(page.shown)
    mine = my_owner(request)
    steps = [step_words(shown.step, translate, page.now_us) for shown in page.shown]
    bundle = request.app.state.runtime.watch.current
    entries = _entries(page, bundle, translate)
    return {
        "rows": list(zip(entries, steps, strict=True)),
        "first": first,
        "last": last,
        "total": page.total,
        "summary": listed.summary,
        "stored_leads": listed.has_leads,
        "all_leads": listed.whole.get("leads", 0) + listed.whole.get("snoozed", 0),
        "capacity": capacity,
        # The line is drawn after this row of the page, if the last lead that can be called is on it.
        "cut_after": capacity["n"] - listed.before if capacity and first <= capacity["n"] <= last else None,
        "address": address,
        "view": urlencode([("view", view)]) if (view := address.query(capacity=None, limit=None)) else "",
        "orders": list(ORDERS),
        "order": address.one("order", DEFAULT_ORDER),
        "is_reverse": bool(address.one("reverse")),
        "menus": {name: _options(name, listed.whole["by"].get(name, {}), address) for name in FILTERS},
        "chips": list(_chips(address, mine, translate)),
        "mine": mine,
        "views": saved_views(request),
        "next_link": address.link(cursor=page.next_cursor) if page.next_cursor else None,
        "currency": bundle.config.currency if bundle else None,
        "per_owner": page.per_owner,
        "horizon": bundle.config.horizon_days if bundle else None,
    }


def _entries(page: Page, bundle: Bundle | None, translate: Translator) -> list[dict[str, Any]]:
    """The entries with their reasons in the reader's language; those of another model keep the API's words."""
    if bundle is None or translate.formats.language == DEFAULT:
        return list(page.entries)  # English is the API's language: 7 ms less for 150 reasons
    words = ReasonWords.of(bundle, translate)

    def entry(shown: Shown) -> dict[str, Any]:
        if shown.entry["model_version"] != bundle.version:
            return shown.entry
        reasons = [{**reason, "label": words.sentence(reason)} for reason in shown.reasons]
        return {**shown.entry, "reasons": reasons}

    return [entry(shown) for shown in page.shown]


def _options(name: str, figures: Mapping[str, Any], address: Address) -> list[dict[str, Any]]:
    """The values of a column to choose from, the most frequent first; those chosen are always among them."""
    chosen = {text.casefold() for text in address.texts.get(name, ())}
    options = [
        {"value": value, "leads": of_value["leads"], "is_chosen": value.casefold() in chosen}
        for value, of_value in figures.items()
        if value
    ]
    known = {option["value"].casefold() for option in options}
    others = [
        {"value": text, "leads": 0, "is_chosen": True}
        for text in address.texts.get(name, ())
        if text.casefold() not in known
    ]
    if name == "grade":
        options.sort(key=lambda option: str(option["value"]))
    shown = [*(o for o in options if o["is_chosen"]), *(o for o in options if not o["is_chosen"])]
    return [*others, *(options if len(options) <= MOST_OPTIONS else shown[:MOST_OPTIONS])]


def _chips(address: Address, mine: str | None, translate: Translator) -> Iterator[tuple[str, str]]:
    """Text and link of each active filter; the link removes it."""
    for name in FILTERS:
        for text in address.texts.get(name, ()):
            yield _chip_text(name, text, mine, translate), address.without(name, text)
    if address.one("q"):
        yield f"\u201c{address.one('q')}\u201d", address.link(q=None)
    if address.one("snoozed"):
        yield translate("worklist.snoozed"), address.link(snoozed=None)


def _chip_text(name: str, text: str, mine: str | None, translate: Translator) -> str:
    if name == "attention":
        return translate("worklist.attention_" + text)
    if name == "grade":
        return translate("frame.grade", grade=text)
    if name == "owner" and mine is not None and text.casefold() == mine.casefold():
        return translate("worklist.my_leads")
    return text
