"""Style sheet, scripts and icon: served by name, kept for good by digest, compressed if wanted."""

import re

import pytest
from starlette.testclient import TestClient

from funnel.theme import style_part
from serving.pages.assets import (
    CACHE_CONTROL,
    FOLDERS,
    KEPT_FOR_GOOD,
    MEDIA_TYPES,
    PARTS,
    SHEET,
    asset_path,
)
from tests.builders.pages.html_page import SCRIPTS, Page
from tests.builders.pages.page_paths import PATHS

# Text on its background, in both themes: WCAG 2.2, 1.4.3 (4.5 to 1).
TEXTS = [
    *[
        (ink, ground)
        for ink in ("ink", "quiet", "accent", "up", "down")
        for ground in ("page", "surface", "sunken")
    ],
    ("accent", "accent-soft"),
    ("accent-ink", "accent"),
    ("up", "up-soft"),
    ("down", "down-soft"),
    ("warn", "warn-soft"),
    ("ink", "accent-soft"),
    ("ink", "warn-soft"),
    ("ink", "down-soft"),
    ("page", "ink"),
]
# Marks and borders of controls: 1.4.11 (3 to 1).
MARKS = [("line-strong", "surface"), ("accent", "track"), ("won", "surface"), ("lost", "surface")]


def test_scripts_are_compressed_for_clients_that_accept_it(client: TestClient) -> None:
    for script in SCRIPTS:
        assert client.get(script).headers["content-type"].startswith("text/javascript")
    compressed = client.get(SCRIPTS[0], headers={"accept-encoding": "gzip"})
    plain = client.get(SCRIPTS[0], headers={"accept-encoding": "identity"})
    assert (compressed.headers["content-encoding"], compressed.content) == ("gzip", plain.content)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == compressed.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("name", ["nothing.css", "..%2Frendering.py", "%2Fetc%2Fpasswd", "charts.py", "."])
def test_other_name_is_not_found(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_every_asset_has_its_type_and_may_be_kept(client: TestClient) -> None:
    for path in (path for folder in FOLDERS for path in folder.iterdir()):
        if path.suffix in MEDIA_TYPES:
            answer = client.get(f"/static/{path.name}")
            assert answer.content == path.read_bytes()
            assert answer.headers["content-type"].startswith(MEDIA_TYPES[path.suffix])
            assert answer.headers["cache-control"] == CACHE_CONTROL


def test_a_name_with_its_digest_is_kept_for_good(client: TestClient) -> None:
    path = asset_path(SHEET)
    answer = client.get(path)
    assert answer.headers["cache-control"] == KEPT_FOR_GOOD
    other = client.get(re.sub(r"\.[0-9a-f]{12}\.", ".0123456789ab.", path))
    assert (other.content, other.headers["cache-control"]) == (answer.content, CACHE_CONTROL)


def test_sheet_has_every_part_and_loads_nothing(client: TestClient) -> None:
    sheet = client.get(f"/static/{SHEET}").text
    apart = {"charts"}  # plotly looks for it under an id of its own
    assert {path.stem for folder in FOLDERS for path in folder.glob("*.css")} - apart == set(PARTS)
    assert "@import" not in sheet
    assert "url(" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_every_class_of_the_pages_is_styled_or_a_hook(client: TestClient) -> None:
    """A misspelt class is a page that looks broken: no test would see it."""
    sheet = client.get(f"/static/{SHEET}").text + style_part("charts")
    for path in PATHS:
        classes = {
            name for value in re.findall(r'class="([^"]*)"', client.get(path).text) for name in value.split()
        }
        assert {name for name in classes if not re.search(rf"\.{re.escape(name)}\b", sheet)} <= {
            "no-inline-styles"
        }
    assert Page(client.get("/").text).faults == []


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read(theme: int) -> None:
    colours = _colours(theme)
    for ink, ground in TEXTS:
        assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for mark, ground in MARKS:
        assert _contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


def _colours(theme: int) -> dict[str, str]:
    """The colours of the light theme (0), or those of the dark one (1) over them."""
    blocks = style_part("tokens").split("@media")
    colours: dict[str, str] = {}
    for block in blocks[: theme + 1]:
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    return colours


def _contrast(first: str, second: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
