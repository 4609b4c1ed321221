"""The page of the funnel: what needs attention and where money is lost, then flow, time, drop-off, cohorts, targets."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from features.attributes.identity import is_account
from features.attributes.parsing import BOOLEAN, CATEGORY
from funnel.dates import local_date
from funnel.state.moves import shown_links
from history.config.config import zone_of
from history.text.times import parse_time
from models.bundle import Bundle
from serving.api.reports import may_compare_owners, read_funnel
from serving.api.worklist import read_summary
from serving.http.router import Routes
from serving.pages.forms import read_form
from serving.pages.rendering import is_waiting_page, refreshed, render
from serving.pages.reports.charts import Charts, Words, charts_of
from serving.pages.reports.date_presets import presets
from serving.pages.worklist.links import leak_link, worklist_link
from serving.store.reports.build import Record
from serving.store.scores.worklist.selection import WorklistQuery

# A page shows so many and the number of all: its size must not grow with the data.
MOST_STAGES, MOST_MONTHS, MOST_LINKS = 30, 24, 60
SHOWN_LEAKS, MOST_LEAKS = 8, 40
SHOWN_LEADS = 8
SHOWN_DROP_OFF, MOST_DROP_OFF = 8, 40
SHOWN_GROUPS = 15

routes = Routes()


@routes.get("/funnel")
async def get_funnel_page(request: Request) -> Response:
    """The funnel, with the options of `leadcast funnel` as form fields."""
    form = read_form(request)
    report = await read_funnel(request, form.query)
    if is_waiting_page(request):
        return refreshed()
    state = shown(report.record)
    listed = await read_summary(request.app.state.runtime, WorklistQuery(), None)
    bundle = request.app.state.runtime.watch.current
    zone = zone_of(state["timezone"])
    today = local_date(parse_time(state["as_of"], zone), zone)
    return render(
        "funnel.html",
        request,
        state=state,
        as_of=state["as_of"],
        form=form.fields,
        presets=presets("/funnel", form.fields, today),
        columns=columns_to_group_by(bundle, with_owner=may_compare_owners(request)),
        hides_owners=state["by"] == "owner" and not may_compare_owners(request),
        listed_now=listed_now(state["attention"], listed),
        leak_link=leak_link,
        worklist_link=worklist_link,
        limits={
            "leaks": SHOWN_LEAKS,
            "leads": SHOWN_LEADS,
            "drop_off": SHOWN_DROP_OFF,
            "groups": SHOWN_GROUPS,
        },
        charts=await charts_of(report, _charts, Words(request)),
    )


def listed_now(attention: Record, summary: Mapping[str, Any]) -> dict[str, int]:
    """How many leads the worklist has for each reason, of those whose count differs: it is always that of now."""
    now = {code: figures["leads"] for code, figures in summary["by"].get("attention", {}).items()}
    then = {reason["code"]: reason["leads"] for reason in attention["by_reason"]}
    return {code: now.get(code, 0) for code, leads in then.items() if now.get(code, 0) != leads}


def shown(state: Record) -> Record:
    """The state cut to what a page can hold: the last months, the first stages, the largest flows."""
    total = dict(state["total"])
    total["stages"] = total["stages"][:MOST_STAGES]
    for name in ("months", "cohorts"):
        total[name] = total[name][-MOST_MONTHS:]
    links = sorted(shown_links(state["moves"]), key=lambda link: -link["leads"])[:MOST_LINKS]
    return {
        **state,
        "total": total,
        "moves": {**state["moves"], "links": links},
        "leaks": {**state["leaks"], "shown": state["leaks"]["found"][:MOST_LEAKS]},
        "drop_off": {**state["drop_off"], "shown": state["drop_off"]["found"][:MOST_DROP_OFF]},
        "months_left_out": len(state["total"]["months"]) - len(total["months"]),
        "stages_left_out": len(state["total"]["stages"]) - len(total["stages"]),
    }


def columns_to_group_by(bundle: Bundle | None, *, with_owner: bool) -> list[str]:
    """The columns that the form offers: source, with leave the owner, and the categories that the model knows."""
    known = [] if bundle is None else bundle.vocabulary.attributes
    categories = [attribute.name for attribute in known if attribute.kind in (CATEGORY, BOOLEAN)]
    names = ["source", *(["owner"] if with_owner else []), *categories]
    return [name for name in dict.fromkeys(names) if (with_owner or name != "owner") and not is_account(name)]


def _charts(state: Record, say: Words) -> Charts:
    from funnel.figures import serialized  # imports plotly, which other pages do not need
    from funnel.state.report.figures import state_figures

    return serialized(state_figures(shown(state)), say)
