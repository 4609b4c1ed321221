"""`make screenshots`: writes a picture of every page and state into build/screenshots/.

python -m tests.screenshots                    everything, over the demo's data at a fixed instant
python -m tests.screenshots --only worklist    the pictures whose name starts so
python -m tests.screenshots --url http://127.0.0.1:3000    the pages of a running service
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from tests.screenshots.shots import (
    DESKTOP,
    DOCS,
    EMPTY,
    FRESH,
    LOCKED,
    PAGES,
    PRINT,
    PRINTED,
    SCHEMES,
    SIZES,
    WIDE,
    Shot,
    Size,
    top_lead,
)
from tests.screenshots.world import KEY, ROOT, World

OUT = ROOT / "build" / "screenshots"
IMAGES = ROOT / "docs" / "images"
WORLD = World(ROOT / "build" / "screenshots-world")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
JOB_PATIENCE_MS = 120_000
TALLEST = 8_000  # pixels of a picture


class Camera:
    """Takes the pictures whose name starts with `only`; counts them on the terminal."""

    def __init__(self, browser: Browser, out: Path, only: str) -> None:
        self.browser, self.out, self.only = browser, out, only
        self.taken = 0

    def wants(self, shots: tuple[Shot, ...]) -> bool:
        """True if any picture of these is to be taken."""
        return any(self._is_wanted(shot.name, size) for shot in shots for size in (*SIZES, WIDE))

    def take_all(self, service: str, shots: tuple[Shot, ...]) -> None:
        """Every shot on every size of window in light and dark, and once on a wide one."""
        lead = top_lead(service) if any("{lead}" in shot.path for shot in shots) else ""
        for shot in shots:
            for size in (*SIZES, WIDE):
                if self._is_wanted(shot.name, size):
                    with self.page(size, shot.language) as page:
                        page.goto(service + shot.path.format(lead=lead), wait_until="load")
                        if shot.act:
                            shot.act(page)
                        self.save_both(page, shot.name, size)
                        if size is DESKTOP and shot.name in PRINTED:
                            self.save_printed(page, shot.name)

    def _is_wanted(self, name: str, size: Size) -> bool:
        whole = f"{name}-{size.name}-"
        return whole.startswith(self.only) or self.only.startswith(whole)

    @contextmanager
    def page(self, size: Size, language: str = "en-GB") -> Iterator[Page]:
        """A page in a session of its own; a message of its scripts on the console is told."""
        context = self.browser.new_context(
            viewport={"width": size.width, "height": size.height},
            locale=language,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.on("pageerror", lambda error: _tell(f"! {page.url}: {error}\n"))
        try:
            yield page
        finally:
            context.close()

    def save_both(self, page: Page, name: str, size: Size) -> None:
        """The page as it is, in light and dark; a wide one in light alone."""
        page.set_viewport_size({"width": size.width, "height": size.height})
        for scheme in SCHEMES[:1] if size is WIDE else SCHEMES:
            page.emulate_media(color_scheme=scheme)
            self.save(page, f"{name}-{size.name}-{scheme}")

    def save_printed(self, page: Page, name: str) -> None:
        """The page as it is on paper, in light."""
        page.emulate_media(media="print", color_scheme=SCHEMES[0])
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        # Paper asks the style sheet for its own width, but no script learns of it.
        page.evaluate("addEventListener('resize', event => event.stopImmediatePropagation(), true)")
        page.set_viewport_size({"width": PRINT.width, "height": PRINT.height})
        self.save(page, f"{name}-{PRINT.name}")

    def save(self, page: Page, name: str) -> None:
        """The page down to its end or TALLEST; tells if it is wider than the window."""
        if not name.startswith(self.only):
            return
        page.screenshot(path=self.out / f"{name}.png", full_page=True, clip=_part(page))
        self.told(name)
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if too_wide > 0:
            _tell(f"!     {name} is {too_wide} px wider than the window\n")

    def told(self, name: str) -> None:
        self.taken += 1
        _tell(f"{self.taken:4d}  {name}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--url", help="a running service, instead of the demo's data")
    parser.add_argument("--only", default="", metavar="PAGE", help="the start of the pictures' names")
    parser.add_argument("--docs", action="store_true", help="the pictures of docs/images/ alone")
    parser.add_argument("--out", type=Path, default=OUT, help="the folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        parser.error("no browser: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        camera = Camera(browser, options.out, options.only)
        if options.docs:
            take_docs(camera)
        elif options.url:
            camera.take_all(options.url.rstrip("/"), PAGES)
        else:
            take_world(camera)
        browser.close()
    _tell(f"{camera.taken} pictures in {options.out}\n")


def take_world(camera: Camera) -> None:
    """The demo's pages, then the states before it: no leads, no model, a locked door, an import and a training."""
    WORLD.build()
    if camera.wants(PAGES):
        with WORLD.service(WORLD.home) as service:
            camera.take_all(service, PAGES)
    if camera.wants(EMPTY):
        with WORLD.service(WORLD.new_home("empty", "bundles", "champion.json")) as service:
            camera.take_all(service, EMPTY)
    if camera.wants(LOCKED):
        with WORLD.service(WORLD.new_home("locked"), LEADCAST_API_KEYS=KEY) as service:
            camera.take_all(service, LOCKED)
    if camera.wants((*FRESH, Shot("job", ""))):
        with WORLD.service(WORLD.new_home("fresh")) as service:
            camera.take_all(service, FRESH)
            if camera.wants((Shot("job", ""),)):
                take_jobs(camera, service)


def take_docs(camera: Camera) -> None:
    """What README and the documentation show, without the banner of a service without keys."""
    WORLD.build()
    with WORLD.service(WORLD.home) as service:
        lead = top_lead(service)
        for name, path, size, scheme in DOCS:
            with camera.page(size) as page:
                page.emulate_media(color_scheme=scheme)
                page.goto(service + path.format(lead=lead), wait_until="load")
                page.evaluate("document.querySelector('.banner').remove()")
                page.screenshot(path=IMAGES / f"{name}.png")
                camera.told(name)


def take_jobs(camera: Camera, service: str) -> None:
    """The import of an export and the training on it while they run, and what was found between."""
    with camera.page(DESKTOP) as page:
        page.goto(f"{service}/welcome")
        page.locator("input[type=file]").set_input_files(WORLD.export)
        page.locator("main form button").first.click()
        page.wait_for_selector("#job progress")
        camera.save_both(page, "job-import", DESKTOP)
        page.wait_for_selector("#found", timeout=JOB_PATIENCE_MS)
        for size in SIZES:
            camera.save_both(page, "job-found", size)
        page.set_viewport_size({"width": DESKTOP.width, "height": DESKTOP.height})
        page.locator("form[action='/welcome/train'] button").click()
        page.wait_for_selector("#job progress")
        for size in SIZES:
            camera.save_both(page, "job-training", size)


def _part(page: Page) -> FloatRect:
    """The whole page; of a very long one its beginning: a picture of 100,000 pixels takes the browser minutes."""
    width, height = page.evaluate(
        "[document.documentElement.clientWidth, document.documentElement.scrollHeight]"
    )
    return {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}


def _tell(text: str) -> None:
    sys.stderr.write(text)


if __name__ == "__main__":
    main()
