"""The first day in a browser: an export is dropped and recognised, or its reading cancelled."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.builders.exports.import_cases import Case
from tests.builders.exports.simulated_crm import simulated
from tests.builders.service.running_service import Service
from tests.serving.pages.walk.conftest import Open

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of a small export of Pipedrive."""
    folder = tmp_path_factory.mktemp("export")
    Case("pipedrive", "objects").export(simulated(folder / "crm", leads=120), folder / "files")
    return sorted(path for path in (folder / "files").rglob("*") if path.is_file())


def send(page: Page, files: Sequence[Path]) -> None:
    page.get_by_label("Files").set_input_files(files)
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("Keep the amounts of one currency").fill("EUR")
    page.get_by_role("button", name="Import and check").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without scripts"])
def test_export_is_dropped_and_recognised(
    open_browser: Open, fresh: Service, export: list[Path], scripts: bool
) -> None:
    with open_browser(fresh.url, java_script_enabled=scripts) as visit:
        page = visit.go("/")
        page.get_by_role("link", name="Start with an export of your CRM").click()
        send(page, export)
        found = page.locator("#found")
        found.wait_for(timeout=120_000)
        expect(found).to_contain_text("an export of Pipedrive")
        expect(found).to_contain_text("This data can be trained on")
        expect(page.locator("#traps")).to_be_visible()
        page.get_by_role("button", name="Discard and start over").click()
        expect(page.get_by_label("Files")).to_be_visible()


def test_training_is_cancelled(open_browser: Open, fresh: Service, export: list[Path]) -> None:
    with open_browser(fresh.url) as visit:
        page = visit.go("/welcome")
        send(page, export)
        page.get_by_role("button", name="Train and open the worklist").click(timeout=120_000)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("The training was cancelled.")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("button", name="Train and open the worklist")).to_be_visible()
        page.get_by_role("button", name="Discard and start over").click()
        expect(page.get_by_label("Files")).to_be_visible()


def test_file_that_is_no_export_is_refused_in_words(
    open_browser: Open, fresh: Service, tmp_path: Path
) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    with open_browser(fresh.url) as visit:
        page = visit.go("/welcome")
        send(page, [tmp_path / "notes.csv"])
        refused = page.get_by_role("alert")
        refused.wait_for(timeout=120_000)
        expect(refused).to_contain_text("No system's export was recognised in: notes.csv")
