"""Every page and state in a browser: axe-core finds nothing, nothing moves while it loads, and it fits a phone."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.builders.pages.browser import DESKTOP, PHONE, Visit, is_wider_than_window, layout_shift, violations
from tests.builders.service.running_service import Service
from tests.serving.pages.walk.conftest import Open

pytestmark = pytest.mark.long

WIDTHS = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
LARGEST_SHIFT = 0.01
STILL: dict[str, Any] = {"reduced_motion": "reduce"}  # colours in transition have no contrast of their own
COLOURS: dict[str, Any] = {
    "runOnly": ["color-contrast", "link-in-text-block"],
    "rules": {},
}  # all that a theme changes
# A list in short and a reference in part: their other rows and sections come from the same lines of a template.
FEW = "limit=8"
SECTIONS_KEPT = 6
PAGES = (
    f"/?{FEW}",
    f"/?{FEW}&capacity=5&order=probability&q=a&grade=A&grade=B",
    "/?q=nobody-is-called-so",
    "/funnel?by=owner",
    "/forecast",
    "/forecast?period=week&by=owner",
    "/model",
    "/welcome",
    "/docs",
    "/leads/unknown",
    "/forecast?period=fortnight",
)


def check(page: Page) -> None:
    """The page as it is, then with all its parts open, in light and in dark."""
    assert not is_wider_than_window(page)
    page.evaluate("for (const part of document.querySelectorAll('details:not(.menu)')) part.open = true")
    assert not is_wider_than_window(page)
    page.evaluate(
        "kept => document.querySelectorAll('main > section').forEach((part, n) => n < kept || part.remove())",
        SECTIONS_KEPT if page.url.endswith("/docs") else 1000,
    )
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, **COLOURS) == []
    page.emulate_media(color_scheme="light")


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def sized(request: pytest.FixtureRequest, open_browser: Open, service: Service) -> Any:
    """A browser on the service of the world, of a phone's and of a desktop's size."""
    with open_browser(service.url, viewport=request.param, **STILL) as visit:
        yield visit


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible(sized: Visit, path: str) -> None:
    page = sized.go(path)
    assert layout_shift(page) < LARGEST_SHIFT
    check(page)


@pytest.mark.parametrize("query", ["", "?panel=1"])
def test_lead_is_accessible(sized: Visit, leads: list[dict[str, Any]], query: str) -> None:
    page = sized.go(f"/leads/{leads[0]['lead_id']}{query}")
    assert layout_shift(page) < LARGEST_SHIFT
    page.locator("#timeline .edit").first.evaluate("link => link.click()")
    page.locator("#correct").wait_for()
    page.locator("#what-if summary").click()
    page.get_by_label("Stage, now").select_option(index=1)
    page.get_by_role("button", name="Show the effect").click()
    page.locator("#what-if .try").wait_for()
    check(page)


def test_menus_are_accessible(sized: Visit) -> None:
    page = sized.go(f"/?{FEW}")
    menus = page.locator("details.menu:visible")
    for n in range(menus.count()):
        menus.nth(n).locator("summary").click()
        assert violations(page, "details.menu[open]") == []
        assert not is_wider_than_window(page)
        page.keyboard.press("Escape")


@pytest.mark.parametrize("path", [f"/?{FEW}", "/funnel", "/forecast", "/model"])
def test_german_page_is_accessible(open_browser: Open, service: Service, path: str) -> None:
    with open_browser(service.url, viewport=PHONE, locale="de-DE", **STILL) as visit:
        page = visit.go(path)
        assert page.locator("html").get_attribute("lang") == "de"
        assert not is_wider_than_window(page)  # German words are longer
        assert violations(page) == []


@WIDTHS
@pytest.mark.parametrize("path", ["/", "/welcome", "/model", "/funnel", "/forecast"])
def test_page_without_a_model_is_accessible(
    open_browser: Open, fresh: Service, viewport: Any, path: str
) -> None:
    with open_browser(fresh.url, viewport=viewport, **STILL) as visit:
        check(visit.go(path))


@WIDTHS
def test_signing_in_is_accessible(open_browser: Open, guarded: Service, viewport: Any) -> None:
    with open_browser(guarded.url, viewport=viewport, **STILL) as visit:
        page = visit.go("/")
        check(page)
        page.get_by_label("Key").fill("unknown")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        check(page)


def test_axe_sees_a_violation(visit: Visit) -> None:
    page = visit.go("/welcome")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert [found.partition(":")[0] for found in violations(page)] == ["image-alt"]
