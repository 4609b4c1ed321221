"""From a small phone to a wide screen no page is wider than its window, and no table wider than its box."""

from typing import Any

import pytest

from tests.builders.service.running_service import Service
from tests.serving.pages.walk.conftest import Open

pytestmark = pytest.mark.long

WIDTHS = (360, 480, 699, 700, 820, 1100, 1181, 1280, 1920, 2560)
# Figures behind a chart are as many as they are: their table scrolls.
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll('.scroll')]
  .filter(box => !box.closest('details') && box.scrollWidth > box.clientWidth + 1)
  .map(box => `${box.tagName} of ${box.textContent.trim().slice(0, 30)}: ${box.scrollWidth} in ${box.clientWidth}`)"""


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize(
    "path",
    ["/?limit=8&capacity=5", "lead", "lead?panel=1", "/funnel?by=owner", "/forecast?by=source", "/model"],
)
def test_page_fits_every_width(
    open_browser: Open, service: Service, leads: list[dict[str, Any]], path: str, locale: str
) -> None:
    with open_browser(service.url, locale=locale) as visit:
        page = visit.go(path.replace("lead", f"/leads/{leads[0]['lead_id']}") if path[0] != "/" else path)
        page.wait_for_load_state("networkidle")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(f"innerWidth === {width}")
            page.evaluate(
                "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )
            assert page.evaluate(TOO_WIDE) == [], f"{path} at {width}"
