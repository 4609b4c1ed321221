"""Chromium on pages of a service: what it complains of, and what it asks other hosts for, are faults of the page."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    sync_playwright,
)

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# Chromium tells this of every page with such a status; 503 is the answer without a model.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503) ")
# axe-core leaves out the sizes of targets, which WCAG 2.2 AA asks for, unless told otherwise.
ALL_RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_SHIFT = """() => new Promise(told => {
  let sum = 0;
  const seen = new PerformanceObserver(list => { for (const shift of list.getEntries()) sum += shift.value; });
  seen.observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => told(sum)));
})"""


def chromium_path() -> str:
    """The system's Chromium; skips the test without one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for found in map(shutil.which, names) if found), None)
    if path is None:
        pytest.skip("no browser: apt-get install chromium")
    return path


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser. While it runs, this thread has an event loop: a test beside it cannot call asyncio.run."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One person's browser on a service; `faults` collects what no page may cause."""

    url: str
    context: BrowserContext
    faults: list[str] = field(default_factory=list)
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(60_000)
        self.context.on("page", self._watch)
        self.page = self.context.new_page()

    def go(self, path: str) -> Page:
        """Loads a page of the service."""
        self.page.goto(self.url + path)
        return self.page

    @property
    def path(self) -> str:
        """Path and query of the page that is shown."""
        return self.page.url.removeprefix(self.url)

    def _watch(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"error {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not REFUSED.match(message.text):
            self.faults.append(f"{message.type} {message.text} ({message.location.get('url')})")

    def _dismiss(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:", "about:")):
            self.faults.append(f"request {request.url}")


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visit]:
    """A browser without cookies, in English and of a desktop's size unless `options` differ; it ends without faults."""
    context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "UTC", **options})
    visit = Visit(url, context)
    try:
        yield visit
    finally:
        context.close()
    assert visit.faults == []


def violations(page: Page, part: str | None = None, **options: Any) -> list[str]:
    """What axe-core finds on the page, or in a part of it (a selector), of any impact: the rule, and the places.

    Options are those of axe.run.
    """
    answer = Axe().run(page, context=part, options={**ALL_RULES, **options}).response
    return [
        f"{found['id']}: {[node['target'] for node in found['nodes']]} {found['nodes'][0]['html']}"
        for found in answer["violations"]
    ]


def layout_shift(page: Page) -> float:
    """The sum of the layout shifts since the page began to load (as in CLS, web.dev/cls)."""
    shift: float = page.evaluate(_SHIFT)
    return shift


def is_wider_than_window(page: Page) -> bool:
    """True if the document scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
