"""Scripts in every text of the data and of every form: a browser shows them as texts and runs none."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.builders.pages.browser import Visit
from tests.builders.service.running_service import Service

pytestmark = pytest.mark.long

SCRIPT = "<script>window.taken=1;console.error('taken')</script>"
BREAK_OUT = "\"'><img src=x onerror=window.taken=1>"
ADDRESS = "javascript:window.taken=1"
HOSTILE = (SCRIPT, BREAK_OUT, ADDRESS)
ALL = f"{SCRIPT}{BREAK_OUT}"
# What no page of ours has: whatever stands in the data has become an element.
FOREIGN = "main img, main script, [onerror], [onclick], a[href^='javascript' i], [src=x]"


def harmless(page: Page) -> None:
    """No script ran, and no text became an element."""
    assert page.evaluate("window.taken") is None
    assert page.locator(FOREIGN).count() == 0


@pytest.fixture(scope="module")
def hostile_lead(service: Service) -> Iterator[str]:
    """The path of a lead all of whose texts are hostile; gone at the end."""
    lead_id = f"x/{ALL}"
    path = f"/leads/{quote(lead_id, safe='')}"
    attributes = {
        **dict.fromkeys(("full_name", "company", "email", "phone", "url", "crm_url", "website"), ADDRESS),
        "industry": ALL,
        ALL: ALL,
    }
    lead = {"created_at": "2026-05-01T08:00:00Z", "owner": ALL, "source": ALL, "account_id": ALL}
    service.put(f"/v1{path}", {**lead, "attributes": attributes})
    events = [
        ("stage", {"stage": ALL}),
        ("interaction", {"kind": ALL, "channel": ALL, "interaction_id": ALL}),
        ("attributes", {"industry": SCRIPT, ALL: None}),
        ("outcome", {"outcome": "lost", "reason": ALL}),
        ("outcome", {"outcome": "open", "reason": ALL}),
    ]
    sent = [
        {
            "event_id": f"{ALL}{n}",
            "lead_id": lead_id,
            "type": kind,
            "occurred_at": f"2026-05-0{n + 2}T10:00:00Z",
            "data": data,
        }
        for n, (kind, data) in enumerate(events)
    ]
    assert service.get("/v1/events", {"events": sent})["accepted"] == len(sent)
    service.get(f"/v1{path}/notes", {"text": ALL, "author": ALL})
    yield path
    service.delete(f"/v1{path}")


def test_texts_of_the_data_stay_texts(visit: Visit, hostile_lead: str) -> None:
    page = visit.go(hostile_lead)
    expect(page.locator("#notes")).to_contain_text(ALL)
    expect(page.locator("#timeline")).to_contain_text(ALL)
    harmless(page)
    for entry in range(page.locator("#timeline .edit").count()):
        visit.go(hostile_lead)
        page.locator("#timeline .edit").nth(entry).click()
        page.locator("#correct").wait_for()
        harmless(page)
    for path in ("/", f"/?{urlencode({'q': 'script'})}", f"/?{urlencode({'owner': ALL, 'stage': ALL})}"):
        visit.go(path)
        harmless(page)
    for path in ("/funnel?by=owner", "/funnel?by=source", "/forecast?by=owner", "/forecast?by=stage"):
        visit.go(path)
        expect(page.locator(".js-plotly-plot").nth(3)).to_be_attached()
        harmless(page)


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "break out", "address"])
def test_queries_stay_texts(visit: Visit, text: str) -> None:
    given = quote(text, safe="")
    page = visit.page
    for path in (
        f"/?q={given}&owner={given}&stage={given}&source={given}",
        f"/?order={given}",
        f"/?done={given}",
        f"/leads/{given}",
        f"/funnel?by={given}",
        f"/funnel?from={given}&to={given}&as_of={given}",
        f"/forecast?by={given}",
        f"/forecast?period={given}",
        f"/signin?to={given}",
        f"/docs?{given}",
        f"/{given}",
    ):
        visit.go(path)
        harmless(page)


def fill_all(fields: Locator, text: str) -> None:
    """Writes the text into every field that takes one."""
    for n in range(fields.count()):
        fields.nth(n).fill(text)


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "break out", "address"])
def test_forms_give_back_texts(visit: Visit, hostile_lead: str, text: str) -> None:
    page = visit.go("/")
    page.locator("details.menu summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill(text[:40])
    page.get_by_role("button", name="Save this view").click()
    harmless(page)
    page.get_by_role("searchbox").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_contain_text(text)
    harmless(page)
    visit.go(hostile_lead)
    page.get_by_label("Write a note").fill(text)
    page.locator("#notes").get_by_role("button", name="Keep").click()
    expect(page.locator(".notes li").first).to_contain_text(text)
    harmless(page)
    page.locator("#what-if summary").click()
    page.locator("#what-if select[name=attribute]").select_option("industry")
    page.get_by_label("New value").fill(text)
    page.get_by_role("button", name="Show the effect").click()
    page.locator("#what-if .try").wait_for()
    expect(page.get_by_label("New value")).to_have_value(text)
    harmless(page)
    visit.go(hostile_lead)
    interaction = page.locator("#timeline li", has=page.locator(".tag")).filter(has_not_text="stage")
    interaction.get_by_role("link", name="correct").last.click()
    fill_all(page.locator("#correct input[type=text], #correct input:not([type])").filter(visible=True), text)
    page.locator("#correct form").last.locator("button").click()
    harmless(page)
    visit.go("/forecast")
    panel = page.locator("#adjustments")
    panel.locator("summary").first.click()
    panel.get_by_label("Revenue").fill("1000")
    panel.get_by_label("Why").fill(text)
    panel.get_by_role("button", name="Keep").click()
    expect(panel.locator("table")).to_contain_text(text)
    harmless(page)
    panel.locator("summary").first.click()
    panel.get_by_label("Lead id").fill(text)
    panel.get_by_label("Revenue").fill("1000")
    panel.get_by_role("button", name="Keep").click()
    harmless(page)
