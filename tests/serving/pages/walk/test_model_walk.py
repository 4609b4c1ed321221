"""The model's page in a browser: another version is promoted, with progress, and the way back."""

import pytest
from playwright.sync_api import Page, expect

from tests.builders.pages.browser import Visit

pytestmark = pytest.mark.long
JOB_MS = 120_000  # a job starts commands


def in_use(page: Page) -> str:
    return page.locator("#versions tr", has_text="in use").locator("th").inner_text().split()[0]


def test_version_is_promoted_and_rolled_back(visit: Visit) -> None:
    page = visit.go("/model")
    page.get_by_role("button", name="List the registry's versions").click()
    expect(page.get_by_role("button", name="Use version 2")).to_be_visible(timeout=JOB_MS)
    assert in_use(page) == "1"
    page.get_by_role("button", name="Use version 2").click()
    expect(page.get_by_role("button", name="Use version 1")).to_be_visible(timeout=JOB_MS)
    assert in_use(page) == "2"
    page.get_by_role("button", name="Back to the version before").click()
    expect(page.get_by_role("button", name="Use version 2")).to_be_visible(timeout=JOB_MS)
    assert in_use(page) == "1"
