"""Every page with scripts off: it shows the same, and its forms work."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.builders.pages.browser import Visit, visiting
from tests.builders.service.running_service import Service

pytestmark = pytest.mark.long


@pytest.fixture
def plain(chromium: Browser, service: Service) -> Any:
    """A browser that runs no script."""
    with visiting(chromium, service.url, java_script_enabled=False) as visit:
        yield visit


@pytest.mark.parametrize("path", ["/", "/funnel", "/forecast", "/model", "/welcome", "/docs"])
def test_page_shows_its_content(plain: Visit, path: str) -> None:
    page = plain.go(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[data-chart]:visible")).to_have_count(0)
    for summary in page.locator("figure.chart details summary").all():
        summary.click()
    tables = page.locator("figure.chart table:visible")
    expect(tables).to_have_count(6 if path in ("/funnel", "/forecast") else 0)
    expect(page.get_by_role("button", name="Keys")).to_be_hidden()


def test_worklist_works(plain: Visit, leads: list[dict[str, Any]], service: Service) -> None:
    lead = leads[30]
    page = plain.go("/")
    page.locator("details.menu summary", has_text="Stage").click()
    page.get_by_role("checkbox", name="proposal").check()
    page.locator("details.menu[open]").get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_have_text(["proposal"])
    page.get_by_label("I can make").fill("3")
    page.get_by_label("I can make").press("Enter")
    expect(page.locator("tr.cut")).to_have_count(1)
    plain.go("/?limit=40")
    row = page.locator(".worklist tbody tr", has=page.locator(f"a[href^='/leads/{lead['lead_id']}']"))
    row.locator("details.why > summary").click()
    row.get_by_label("Note").fill("Without a script")
    row.get_by_label("Note").press("Enter")  # which marks no line as called
    expect(row.get_by_label("Note")).to_have_value("Without a script")
    row.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("The note is kept.")).to_be_visible()
    assert service.get(f"/v1/leads/{lead['lead_id']}/notes")["notes"][0]["text"] == "Without a script"


def test_lead_works(plain: Visit, leads: list[dict[str, Any]]) -> None:
    page = plain.go(f"/leads/{leads[31]['lead_id']}")
    page.locator("#what-if summary").click()
    page.get_by_label("Stage, now").select_option("negotiation")
    page.get_by_role("button", name="Show the effect").click()
    expect(page.locator("#what-if .try")).to_contain_text("Nothing was stored.")
    plain.go(f"/leads/{leads[31]['lead_id']}")
    page.get_by_role("button", name="I called").click()
    expect(page.get_by_text("The call is stored.")).to_be_visible()
    page.locator("summary", has_text="Snooze").click()
    page.get_by_role("button", name="for 3 days").click()
    expect(page.get_by_text("The lead is snoozed.")).to_be_visible()


def test_reports_work(plain: Visit) -> None:
    page = plain.go("/funnel")
    page.get_by_label("Compare by").select_option("source")
    page.get_by_role("button", name="Show").click()
    assert "by=source" in plain.path
    plain.go("/forecast")
    page.get_by_role("navigation", name="Period").get_by_role("link", name="Weeks").click()
    assert "period=week" in plain.path


def test_language_is_chosen(plain: Visit) -> None:
    page = plain.go("/model")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Modell")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Model")
