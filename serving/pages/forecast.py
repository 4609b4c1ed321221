"""The page of the forecast: wins and revenue by period with their intervals."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from funnel.forecast.periods import KINDS
from serving.api.reports import read_forecast
from serving.http.router import Routes
from serving.pages.charts import Charts, Words, charts_of
from serving.pages.forms import read_form
from serving.pages.rendering import render
from serving.store.reports.build import Record

ALL_GROUPS: Final = "(all)"
routes = Routes()


@routes.get("/forecast")
async def get_forecast_page(request: Request) -> Response:
    """The forecast, with the options of `leadcast forecast` as form fields."""
    form = read_form(request)
    report = await read_forecast(request, form.query)
    totals = [{**row, "group": ALL_GROUPS} for row in report.record.get("total", [])]
    periods = [*report.record["periods"], *totals]
    return render(
        "forecast.html",
        request,
        forecast=report.record,
        periods=periods,
        most={kind: _largest(periods, f"{kind}_p90") for kind in ("wins", "revenue")},
        has_amounts=any(period["revenue_expected"] is not None for period in periods),
        has_groups=any("group" in period for period in periods),
        form=form.fields,
        kinds=KINDS,
        charts=list((await charts_of(report, _charts, Words(request))).values()),
    )


def _largest(periods: Sequence[Record], key: str) -> float:
    """The largest value, to which bars are scaled; 1 if no value is positive."""
    return max((period[key] for period in periods if period[key] is not None), default=0.0) or 1.0


def _charts(forecast: Record, say: Words) -> Charts:
    from funnel.figures import serialized
    from funnel.forecast.figures import forecast_figures  # imports plotly, which other pages do not need

    return serialized(forecast_figures(forecast), say)
