"""A lead's page in a browser: what-if, corrections, notes, snoozes, calls, and the way through the list."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.builders.pages.browser import Visit
from tests.builders.service.running_service import Service

pytestmark = pytest.mark.long

Leads = list[dict[str, Any]]


def path_of(lead: dict[str, Any]) -> str:
    return f"/leads/{lead['lead_id']}"


def test_what_if_shows_its_effect_and_keeps_nothing(visit: Visit, leads: Leads, service: Service) -> None:
    lead = leads[20]
    before = service.get(f"/v1{path_of(lead)}")
    page = visit.go(path_of(lead))
    page.locator("#what-if summary").click()
    page.get_by_label("Interaction, now").select_option("demo")
    page.get_by_label("From whom").select_option("outbound")
    page.get_by_role("button", name="Show the effect").click()
    expect(page.locator("#what-if .try")).to_contain_text("becomes")
    expect(page.locator("#what-if .try")).to_contain_text("Nothing was stored.")
    assert visit.path == path_of(lead)  # htmx has replaced the part alone
    expect(page.get_by_label("Interaction, now")).to_have_value("demo")
    assert service.get(f"/v1{path_of(lead)}")["timeline"] == before["timeline"]


def test_wrong_event_is_corrected(visit: Visit, leads: Leads, service: Service) -> None:
    lead = next(
        lead
        for lead in leads[21:]
        if service.get(f"/v1{path_of(lead)}?kind=interaction")["timeline"]
        or service.get(f"/v1{path_of(lead)}")["timeline"][0]["type"] == "interaction"
    )
    latest = service.get(f"/v1{path_of(lead)}")["timeline"][0]
    page = visit.go(path_of(lead))
    page.get_by_role("link", name="correct").first.click()
    page.locator("#correct").get_by_label("What").fill("site_visit")
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_text("The event is corrected")).to_be_visible()
    corrected = service.get(f"/v1{path_of(lead)}")["timeline"][0]
    assert corrected["event_id"] == latest["event_id"]
    assert corrected["data"]["kind"] == "site_visit"
    page.get_by_role("link", name="correct").first.click()
    page.get_by_role("button", name="It did not happen").click()
    expect(page.get_by_text("The event is corrected")).to_be_visible()
    events = [entry["event_id"] for entry in service.get(f"/v1{path_of(lead)}")["timeline"]]
    assert latest["event_id"] not in events


def test_note_is_written_and_removed(visit: Visit, leads: Leads) -> None:
    page = visit.go(path_of(leads[22]))
    page.get_by_label("Write a note").fill("Line one\nline two")
    page.locator("#notes").get_by_role("button", name="Keep").click()
    expect(page.locator(".notes li")).to_contain_text("Line one")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The note is removed.")).to_be_visible()
    expect(page.locator(".notes li")).to_have_count(0)


def test_lead_sleeps_until_it_is_woken(visit: Visit, leads: Leads) -> None:
    page = visit.go(path_of(leads[23]))
    page.locator("summary", has_text="Snooze").click()
    page.get_by_label("Until").fill("2190-01-05")
    page.locator("details.menu[open]").get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("Snoozed until 5 Jan 2190.")).to_be_visible()
    page.locator("summary", has_text="Snooze").click()
    page.get_by_role("button", name="End the snooze").click()
    expect(page.get_by_text("The lead is back in the list.")).to_be_visible()


def test_call_is_marked_and_the_score_follows(visit: Visit, leads: Leads, service: Service) -> None:
    lead = leads[24]
    page = visit.go(path_of(lead))
    page.get_by_role("button", name="I called").click()
    expect(page.get_by_text("The call is stored.")).to_be_visible()
    expect(page.locator("#timeline li").first).to_contain_text("Call, from us")


def test_previous_and_next_follow_the_view(visit: Visit, service: Service) -> None:
    listed = service.get("/v1/leads?stage=qualified&order=probability&limit=3")["leads"]
    page = visit.go("/?stage=qualified&order=probability")
    page.locator(".worklist tbody th.lead > a").first.click()
    for lead in listed[1:]:
        page.get_by_role("link", name="Next", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(lead["name"])
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(listed[1]["name"])


def test_timeline_shows_one_kind(visit: Visit, leads: Leads) -> None:
    page = visit.go(path_of(leads[0]))
    page.locator("#timeline").get_by_label("Kind").select_option("stage")
    page.locator("#timeline").get_by_role("button", name="Filter").click()
    entries = page.locator("#timeline .timeline li")
    assert entries.count() > 0
    assert all("Moved to" in text for text in entries.all_inner_texts())
