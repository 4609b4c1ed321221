"""The page of the forecast: how much, when, how sure; the target, what changed, and the leads that decide it."""

from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from funnel.dates import local_date
from funnel.forecast.periods import DEFAULT_COUNT, KINDS, MOST
from funnel.forecast.report.explain import PARTS
from funnel.forecast.report.report import BEST_CASE, COMMIT
from history.text.times import parse_time
from serving.api.leads.adjustments import adjustments_of, keep_adjustment, read_adjustment
from serving.api.reports import read_forecast
from serving.api.stored import store_of
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.pages.cookies import own_path
from serving.pages.forms import Form, read_form
from serving.pages.lead.what_if import read_number
from serving.pages.rendering import is_waiting_page, reader_of, refreshed, render, zone_of
from serving.pages.reports.charts import Charts, Words, charts_of
from serving.pages.reports.date_presets import since_presets
from serving.pages.reports.funnel import columns_to_group_by
from serving.pages.worklist.links import worklist_link
from serving.store.reports.build import Record

# A page shows so many and the number of all: its size must not grow with the data.
SHOWN_GROUPS, GROUP_PERIODS = 15, 3
SHOWN_PERIODS = 26
SHOWN_SUMS = 10
SHOWN_EARLIER = 20

routes = Routes()


@routes.get("/forecast")
async def get_forecast_page(request: Request) -> Response:
    """The forecast, explained, with the options of `leadcast forecast` as form fields."""
    form = read_form(request)
    report = await read_forecast(request, explained(form))
    if is_waiting_page(request):
        return refreshed()
    forecast = report.record
    rows: list[Record] = forecast["total"] if "total" in forecast else forecast["periods"]
    kind = form.fields.get("period", "month")
    adjustments = await adjustments_of(store_of(request), kind)
    return render(
        "forecast.html",
        request,
        forecast=forecast,
        as_of=forecast["as_of"],
        rows=rows,
        kind=kind,
        kinds={name: _link(form.fields, period=name, periods=None) for name in KINDS},
        measures=measures_of(forecast),
        groups=groups_of(forecast["periods"]) if "total" in forecast else [],
        parts=PARTS,
        form=form.fields,
        since=since_presets("/forecast", form.fields, _today(request, forecast)),
        columns=["stage", *columns_to_group_by(report.bundle, with_owner=True)],
        bounds={"least": 1, "most": MOST.get(kind, 1), "default": DEFAULT_COUNT.get(kind, 1)},
        definitions={"best_case": BEST_CASE, "commit": COMMIT},
        limits={
            "groups": SHOWN_GROUPS,
            "group_periods": GROUP_PERIODS,
            "periods": SHOWN_PERIODS,
            "sums": SHOWN_SUMS,
        },
        worklist_link=worklist_link,
        current=[one for one in adjustments if is_shown(one, rows)],
        earlier=[one for one in adjustments if not is_shown(one, rows)][:SHOWN_EARLIER],
        charts=await charts_of(report, _charts, Words(request)),
    )


@routes.form("/forecast/adjustments", "score")
async def post_adjusted(request: Request, fields: Fields) -> Response:
    """Keeps what the manager expects, with the name of who is signed in; without figures it is withdrawn."""
    sent: dict[str, str | float] = {name: fields.text(name) for name in ("period", "period_start")}
    sent |= {name: fields.text(name) for name in ("lead_id", "note") if fields.text(name)}
    for name in ("revenue", "wins"):
        if fields.text(name):
            sent[name] = read_number(fields.text(name), name)
    author = reader_of(request)
    if author:
        sent["author"] = author
    await keep_adjustment(store_of(request), read_adjustment(sent))
    return RedirectResponse(own_path(fields.text("to")), 303)


def _today(request: Request, forecast: Record) -> date:
    """The day of the figures in the funnel's zone."""
    zone = zone_of(request)
    return local_date(parse_time(forecast["as_of"], zone), zone)


def is_shown(adjustment: Record, rows: Sequence[Record]) -> bool:
    """True for one that counts now, with a figure, of a period of these rows."""
    has_figure = adjustment["revenue"] is not None or adjustment["wins"] is not None
    starts = {row["period_start"] for row in rows}
    return bool(adjustment["is_current"]) and has_figure and adjustment["period_start"] in starts


def explained(form: Form) -> bytes:
    """The query of the page's figures: that of the form, always explained."""
    query = form.query.decode()
    return (
        query.encode() if "explain" in form.fields else f"{query}{'&' if query else ''}explain=true".encode()
    )


def measures_of(forecast: Record) -> list[str]:
    """revenue and wins, as far as they are known; revenue first."""
    return [name for name in ("revenue", "wins") if forecast["sum"][f"{name}_expected"] is not None]


def groups_of(periods: Sequence[Record]) -> list[list[Record]]:
    """The records of each group, in order of the group's revenue, or wins, over the periods."""
    by_group: dict[str | None, list[Record]] = {}
    for record in periods:
        by_group.setdefault(record["group"], []).append(record)

    def size(records: list[Record]) -> tuple[float, float]:
        return (
            -sum(record["revenue_expected"] or 0.0 for record in records),
            -sum(record["wins_expected"] or 0.0 for record in records),
        )

    return sorted(by_group.values(), key=size)


def _link(fields: Mapping[str, str], **changes: str | None) -> str:
    """The page with some fields of its form changed; None removes one."""
    query = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    return f"/forecast?{urlencode(query)}"


def _charts(forecast: Record, say: Words) -> Charts:
    from funnel.figures import serialized  # imports plotly, which other pages do not need
    from funnel.forecast.report.figures import forecast_figures

    return serialized(forecast_figures(forecast), say)
