"""The pages by keyboard alone: the list's keys, the order of Tab, the skip link, and a focus that is seen."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.builders.pages.browser import Visit

pytestmark = pytest.mark.long

FOCUSED = "document.activeElement"
# The focus is seen if what has it differs from how it looks without.
IS_SEEN = """() => {
  const here = document.activeElement, style = getComputedStyle(here);
  const box = here.getBoundingClientRect();
  const isMarked = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  return isMarked && box.width > 0 && box.height > 0;
}"""


def focused_lead(page: Page) -> str:
    return str(page.evaluate(f"{FOCUSED}.innerText"))


def test_keys_move_open_search_and_explain(visit: Visit, leads: list[dict[str, Any]]) -> None:
    page = visit.go("/")
    names = page.locator(".worklist tbody th.lead > a").all_inner_texts()
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert focused_lead(page) == names[place]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(names[1])
    visit.go("/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("j?")  # in a field, keys are letters
    expect(page.get_by_role("searchbox")).to_have_value("j?")
    visit.go("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("k")
    assert focused_lead(page) == names[-1]


def test_skip_link_comes_first_and_skips(visit: Visit) -> None:
    page = visit.go("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.querySelector('main').contains({FOCUSED})")


def test_menu_opens_chooses_and_closes_by_keyboard(visit: Visit) -> None:
    page = visit.go("/")
    menu = page.locator("details.menu", has_text="Stage").first
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)


@pytest.mark.parametrize("path", ["/?limit=3", "/model", "/forecast", "/funnel", "lead"])
def test_tab_visits_all_in_order_and_is_seen(visit: Visit, leads: list[dict[str, Any]], path: str) -> None:
    page = visit.go(f"/leads/{leads[0]['lead_id']}" if path == "lead" else path)
    page.evaluate(f"{FOCUSED}.blur()")
    places: list[int] = []
    number = f"[...document.querySelectorAll('*')].indexOf({FOCUSED})"
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate(f"{FOCUSED} === document.body"):
            break
        place = page.evaluate(number)
        if places and place == places[-1] and page.evaluate(f"{FOCUSED}.type") == "date":
            continue  # day, month, year and calendar of a date: the browser marks the part itself
        assert page.evaluate(IS_SEEN), page.evaluate(f"{FOCUSED}.outerHTML.slice(0, 200)")
        places.append(place)
    else:
        pytest.fail("the keyboard never leaves the page")
    assert places == sorted(places)
    assert len(set(places)) == len(places) >= 10
