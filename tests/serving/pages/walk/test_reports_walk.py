"""The funnel and the forecast in a browser: periods, groups, charts, and what the manager expects."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.builders.pages.browser import Visit
from tests.builders.service.running_service import Service

pytestmark = pytest.mark.long


def test_presets_choose_the_period_of_the_funnel(visit: Visit, service: Service) -> None:
    page = visit.go("/funnel")
    presets = page.get_by_role("navigation", name="Periods")
    presets.get_by_role("link", name="Last month").click()
    this_month = datetime.now(UTC).date().replace(day=1)
    start = (this_month - timedelta(days=1)).replace(day=1)
    assert visit.path == f"/funnel?from={start}&to={this_month}"
    expect(presets.get_by_role("link", name="Last month")).to_have_attribute("aria-current", "true")
    expect(page.get_by_label("From")).to_have_value(str(start))
    entered = service.get(f"/v1{visit.path}")["total"]["flow"]["entered"]
    expect(page.locator(".card", has_text="Entered").locator(".big")).to_have_text(f"{entered:,}")
    presets.get_by_role("link", name="Everything").click()
    assert visit.path == "/funnel"


def test_funnel_is_grouped_and_leads_to_its_leads(visit: Visit) -> None:
    page = visit.go("/funnel")
    page.get_by_label("Compare by").select_option("source")
    page.get_by_role("button", name="Show").click()
    assert "by=source" in visit.path
    page.locator("h2", has_text="By source").wait_for()
    page.locator("#attention .actions a").first.click()
    # The funnel stands at the end of the data and the worklist at now: their numbers may differ.
    assert visit.path.startswith("/?attention=")
    expect(page.locator(".worklist tbody tr").first).to_be_visible()


@pytest.mark.parametrize(("path", "count"), [("/funnel", 6), ("/forecast", 6)])
def test_charts_are_drawn_in_both_themes(visit: Visit, path: str, count: int) -> None:
    page = visit.go(path)
    drawn = page.locator("[data-chart].js-plotly-plot")
    expect(drawn).to_have_count(count)
    label = page.locator(".main-svg text").first
    in_light = label.evaluate("text => getComputedStyle(text).fill")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".main-svg text").first).not_to_have_css("fill", in_light)
    page.locator("figure.chart details summary").first.click()
    expect(page.locator("figure.chart table").first).to_be_visible()


def test_forecast_by_owner_has_a_total_of_its_own(visit: Visit, service: Service) -> None:
    page = visit.go("/forecast")
    page.locator("select[name=by]").select_option("owner")
    page.get_by_role("button", name="Show").click()
    answer = service.get("/v1/forecast?period=month&periods=3&by=owner")
    owners = {record["group"] for record in answer["periods"]}
    table = page.locator("table", has=page.get_by_role("columnheader", name="Owner", exact=True))
    expect(table.locator("tbody tr")).to_have_count(len(owners) + 1)
    expect(table.locator("tr.total")).to_contain_text("All together")
    page.get_by_role("link", name="Quarters").click()
    expect(page.locator("tr.total")).to_be_visible()
    assert "period=quarter" in visit.path


def test_manager_keeps_and_withdraws_an_expectation(visit: Visit, service: Service) -> None:
    page = visit.go("/forecast")
    panel = page.locator("#adjustments")
    panel.locator("summary", has_text="Say what you expect").click()
    panel.get_by_label("Revenue").fill("123456")
    panel.get_by_label("Why").fill("the fair")
    panel.get_by_role("button", name="Keep").click()
    expect(panel.locator("table")).to_contain_text("123,456")
    expect(panel.locator("table")).to_contain_text("the fair")
    month = datetime.now(UTC).date().replace(day=1)
    kept = service.get("/v1/forecast/adjustments?period=month")["adjustments"]
    assert [(one["period_start"], one["revenue"]) for one in kept if one["is_current"]] == [
        (str(month), 123_456.0)
    ]
    panel.locator("summary", has_text="Say what you expect").click()
    panel.get_by_role("button", name="Keep").click()
    expect(panel.locator("table")).to_have_count(0)
