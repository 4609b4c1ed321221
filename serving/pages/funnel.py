"""The page of the funnel: stages, conversion, time, leaks, and leads that need attention."""

from starlette.requests import Request
from starlette.responses import Response

from serving.api.reports import read_funnel
from serving.http.router import Routes
from serving.pages.charts import Charts, charts_of
from serving.pages.forms import read_form
from serving.pages.rendering import render
from serving.store.reports.build import Record

routes = Routes()


@routes.get("/funnel")
async def get_funnel_page(request: Request) -> Response:
    """The funnel, with the options of `leadcast funnel` as form fields."""
    form = read_form(request)
    report = await read_funnel(request, form.query)
    stages = report.record["total"]["stages"]
    return render(
        "funnel.html",
        request,
        state=report.record,
        most=max((stage["conversion"]["onward"]["leads"] for stage in stages), default=0),
        form=form.fields,
        charts=await charts_of(report, _charts),
    )


def _charts(state: Record) -> Charts:
    from funnel.figures import serialized  # imports plotly, which other pages do not need
    from funnel.state.figures import state_figures  # imports plotly, which other pages do not need

    return serialized(state_figures(state))
