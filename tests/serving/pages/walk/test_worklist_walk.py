"""A morning on the worklist in a browser: rank, narrow, share, keep, and act on its lines."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.builders.pages.browser import Visit
from tests.builders.service.running_service import Service
from tests.serving.pages.walk.conftest import Open

pytestmark = pytest.mark.long

Leads = list[dict[str, Any]]


def shown(page: Page) -> list[str]:
    """The names on the list, in its order."""
    return page.locator(".worklist tbody th.lead > a").all_inner_texts()


def names(leads: Leads) -> list[str]:
    return [lead["name"] for lead in leads]


def ids(page: Page) -> list[str]:
    """The ids on the list; names may occur twice."""
    links = page.locator(".worklist tbody th.lead > a").evaluate_all("all => all.map(a => a.pathname)")
    return [path.removeprefix("/leads/") for path in links]


def line(page: Page, lead: dict[str, Any]) -> Any:
    """The line of a lead, opened."""
    row = page.locator(".worklist tbody tr", has=page.locator(f"a[href^='/leads/{lead['lead_id']}']"))
    row.locator("details.why > summary").click()
    return row


def test_column_ranks_both_ways(visit: Visit, service: Service) -> None:
    page = visit.go("/?limit=20")
    for query in ("order=probability", "order=probability&reverse=true"):
        page.get_by_role("columnheader", name="Chance").get_by_role("link").click()
        expect(page).to_have_url(f"{service.url}/?{query}&limit=20")
        assert shown(page) == names(service.get(f"/v1/leads?{query}&limit=20")["leads"])
    expect(page.get_by_role("columnheader", name="Chance")).to_have_attribute("aria-sort", "ascending")


def test_filters_and_search_narrow_the_list(visit: Visit, service: Service, open_browser: Open) -> None:
    page = visit.go("/")
    page.locator("details.menu summary", has_text="Stage").click()
    page.get_by_role("checkbox", name="proposal").check()
    page.locator("details.menu[open]").get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_have_text(["proposal"])
    page.locator("details.menu summary", has_text="Grade").click()
    page.get_by_role("checkbox", name="A").check()
    page.locator("details.menu[open]").get_by_role("button", name="Apply").click()
    page.get_by_role("searchbox").fill("a")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(3)
    listed = service.get("/v1/leads?stage=proposal&grade=A&q=a&limit=50")
    assert listed["total"] > 0
    assert shown(page) == names(listed["leads"])
    with open_browser(service.url) as colleague:
        assert shown(colleague.go(visit.path)) == shown(page)
    page.get_by_role("link", name="Remove filter proposal").click()
    expect(page.locator(".chip")).to_have_count(2)
    assert shown(page) == names(service.get("/v1/leads?grade=A&q=a&limit=50")["leads"])


def test_view_is_saved_used_and_removed(visit: Visit, service: Service) -> None:
    page = visit.go("/?stage=negotiation&order=probability")
    page.locator("details.menu summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("Late & likely")
    page.get_by_role("button", name="Save this view").click()
    page.goto(service.url)
    page.locator("details.menu summary", has_text="Views").click()
    page.get_by_role("link", name="Late & likely").click()
    assert shown(page) == names(
        service.get("/v1/leads?stage=negotiation&order=probability&limit=50")["leads"]
    )
    page.locator("details.menu summary", has_text="Views").click()
    page.get_by_role("button", name="Remove the view Late & likely").click()
    page.locator("details.menu summary", has_text="Views").click()
    expect(page.get_by_role("link", name="Late & likely")).to_have_count(0)


def test_my_leads_are_remembered(visit: Visit, leads: Leads, service: Service) -> None:
    owner = leads[0]["owner"]
    page = visit.go("/")
    page.locator("details.menu summary", has_text="My leads").click()
    page.locator("details.menu[open]").get_by_role("button", name=owner).click()
    visit.go("/")
    page.get_by_role("link", name="My leads").click()
    expect(page.locator(".chip")).to_have_text(["My leads"])
    mine = visit.context.request.get(f"{service.url}/v1/leads", params={"owner": owner, "limit": 50}).json()
    assert shown(page) == names(mine["leads"])


def test_cut_off_stands_after_the_last_call(visit: Visit, service: Service) -> None:
    page = visit.go("/")
    page.get_by_label("I can make").fill("7")
    page.keyboard.press("Enter")
    rows = page.locator(".worklist tbody tr")
    expect(rows.nth(7)).to_have_class("cut")
    capacity = service.get("/v1/leads/summary?capacity=7")["capacity"]
    expect(rows.nth(7)).to_contain_text(f"7 calls: {capacity['expected_wins']:.1f} wins")
    expect(page.locator(".call-plan output")).to_contain_text(f"{capacity['expected_wins']:.1f} wins")


def test_line_opens_and_the_lead_leads_back(visit: Visit, leads: Leads) -> None:
    page = visit.go("/?grade=A&order=probability")
    first = page.locator(".worklist tbody tr").first
    expect(first.locator(".reasons li").first).to_be_hidden()
    first.locator("details.why > summary").click()
    expect(first.locator(".reasons li").first).to_be_visible()
    name = shown(page)[1]
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.get_by_role("navigation", name="Place in the list").get_by_role("link", name="Leads").click()
    assert visit.path == "/?order=probability&grade=A"


def test_call_is_marked_on_the_line(visit: Visit, leads: Leads, service: Service) -> None:
    lead = leads[10]
    page = visit.go("/")
    line(page, lead).get_by_role("button", name="Called").click()
    expect(page.get_by_text("The call is stored.")).to_be_visible()
    latest = service.get(f"/v1/leads/{lead['lead_id']}")["timeline"][0]
    assert (latest["type"], latest["data"]["kind"], latest["data"]["direction"]) == (
        "interaction",
        "call",
        "outbound",
    )


def test_note_and_snooze_are_kept_on_the_line(visit: Visit, leads: Leads, service: Service) -> None:
    lead = leads[11]
    page = visit.go("/?limit=30")
    row = line(page, lead)
    row.get_by_label("Note").fill("Wants terms for two years")
    row.get_by_label("Snooze until").fill("2190-01-05")
    row.get_by_label("Note").press("Enter")
    expect(page.get_by_text("The note is kept, and the lead is snoozed.")).to_be_visible()
    assert lead["lead_id"] not in ids(page)
    beside = service.get(f"/v1/leads/{lead['lead_id']}/notes")
    assert [note["text"] for note in beside["notes"]] == ["Wants terms for two years"]
    assert beside["snoozed_until"].startswith("2190-01-0")
    page.get_by_role("link", name=re.compile(r"^\d+ snoozed$")).click()
    expect(page.locator(".chip")).to_have_text(["Snoozed"])
    assert lead["lead_id"] in ids(page)


def test_snooze_of_a_week_leaves_the_list(visit: Visit, leads: Leads) -> None:
    lead = leads[12]
    page = visit.go("/?limit=30")
    line(page, lead).get_by_role("button", name="7 days").click()
    expect(page.get_by_text("The lead is snoozed.")).to_be_visible()
    assert lead["lead_id"] not in ids(page)


def test_table_is_downloaded_as_it_is_shown(visit: Visit, service: Service) -> None:
    page = visit.go("/?stage=proposal&order=probability")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    listed = service.get("/v1/leads?stage=proposal&order=probability&limit=100")
    assert [row.split(",")[0] for row in lines[1:]] == [lead["lead_id"] for lead in listed["leads"]]
