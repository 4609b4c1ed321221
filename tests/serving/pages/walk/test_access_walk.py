"""Signing in and out in a browser, and what a reader sees of what an admin may do."""

import pytest
from playwright.sync_api import Page, expect

from tests.builders.pages.browser import Visit
from tests.builders.service.running_service import Service
from tests.serving.pages.walk.conftest import Open

pytestmark = pytest.mark.long


def sign_in(visit: Visit, key: str, name: str = "", path: str = "/") -> Page:
    page = visit.go(path)
    page.get_by_label("Key").fill(key)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Sign in").click()
    return page


def lead_path(page: Page) -> str:
    return page.locator(".worklist tbody th.lead > a").first.get_attribute("href") or ""


def test_person_signs_in_works_and_signs_out(open_browser: Open, guarded: Service) -> None:
    with open_browser(guarded.url) as visit:
        page = sign_in(visit, "wrong-key", path="/forecast?period=week")
        expect(page.get_by_role("alert")).to_contain_text("This key is not known.")
        page.get_by_label("Key").fill("admins-key")
        page.get_by_label("Your name").fill("Olga Blanc")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("How much, when, how sure")
        assert visit.path == "/forecast?period=week"
        expect(page.locator(".meta")).to_contain_text("Olga Blanc")
        visit.go("/")
        visit.go(lead_path(page))
        page.get_by_label("Write a note").fill("Mine")
        page.locator("#notes").get_by_role("button", name="Keep").click()
        expect(page.locator(".notes li")).to_contain_text("Olga Blanc")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        visit.go("/model")
        assert visit.path == "/signin?to=%2Fmodel"


def test_reader_sees_figures_and_no_form(open_browser: Open, guarded: Service) -> None:
    with open_browser(guarded.url) as visit:
        page = sign_in(visit, "readers-key")
        expect(page.locator(".worklist tbody tr").first).to_be_visible()
        paths = {"/": lead_path(page), "/forecast": "/forecast", "/model": "/model", "/welcome": "/welcome"}
        for path in paths.values():
            visit.go(path)
            actions = page.locator("main form[method=post]").evaluate_all(
                "forms => forms.map(form => form.getAttribute('action'))"
            )
            assert actions == [], path
        visit.go("/")
        assert page.locator("form#act").count() == 0
        page.locator("details.menu summary", has_text="Views").click()  # a view is kept in the browser
        page.get_by_label("Name of this view").fill("Mine")
        page.get_by_role("button", name="Save this view").click()
        page.locator("details.menu summary", has_text="Views").click()
        expect(page.get_by_role("link", name="Mine", exact=True)).to_be_visible()


def test_admin_sees_what_a_reader_does_not(open_browser: Open, guarded: Service) -> None:
    with open_browser(guarded.url) as visit:
        page = sign_in(visit, "admins-key", path="/model")
        expect(page.get_by_role("button", name="Train on what the store knows now")).to_be_visible()
        visit.go("/welcome")
        expect(page.get_by_label("Files: CSV")).to_be_visible()
        visit.go("/funnel")
        expect(page.get_by_label("Compare by").locator("option[value=owner]")).to_have_count(1)


def test_form_of_a_session_that_ended_changes_nothing(open_browser: Open, guarded: Service) -> None:
    with open_browser(guarded.url) as visit:
        page = sign_in(visit, "admins-key")
        visit.go(lead_path(page))
        visit.context.clear_cookies()
        page.get_by_role("button", name="I called").click()
        expect(page.get_by_role("heading", level=1)).not_to_contain_text("called")
        assert "done=called" not in visit.path
