"""Pages for people: whole without scripts, nothing from elsewhere, whatever a lead is called; errors are pages too."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from cli.main import leadcast
from models.bundle import Bundle
from models.pointer import load_champion, read_pointer
from serving.store.scores.rescoring import rescore_dirty
from tests.builders.running_service import Service, until
from tests.builders.service_client import caller
from tests.builders.store_fakes import FakeRuntime, application, event

EVIL = "<img src=x onerror=\"document.title='taken'\">/../‮';--"
PATHS = ("/", "/funnel", "/forecast", "/model", "/docs", f"/leads/{quote(EVIL, safe='')}")
VOID = {"meta", "link", "br", "input", "img", "hr"}
SCRIPTS = ("/static/plotly.min.js", "/static/pictures.js")
PICTURES = {"/funnel": 6, "/forecast": 4, "/forecast?explain=true&period=quarter": 6}


class Page(HTMLParser):
    """Reads a page and notes what must not be there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.wrong: list[str] = []
        self.pictures: list[dict[str, Any]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script" and (dict(attrs).get("src") not in SCRIPTS or "defer" not in dict(attrs)):
            self.wrong.append("script of another origin, or one that the page waits for")
        for name, value in attrs:
            if name.startswith("on") or name == "style" or tag in ("iframe", "style", "img"):
                self.wrong.append(f"{tag} {name}")
            if name == "data-picture":
                self.pictures.append(json.loads(value or ""))
            if name in ("href", "src", "action"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.wrong.append("script in the page")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture
def client(tmp_path: Path, bundle: Bundle) -> Iterator[TestClient]:
    """An application with one stored and scored lead of an evil name in an evil stage."""
    runtime = FakeRuntime(tmp_path / "home", bundle)
    with caller(application(runtime)) as made:
        given = {"created_at": "2026-05-01T08:00:00Z", "owner": EVIL, "attributes": {EVIL: EVIL, "seats": 12}}
        assert made.put(f"/v1/leads/{quote(EVIL, safe='')}", json=given).status_code == 201
        events = [
            event("e1", EVIL, {"stage": EVIL}, "stage"),
            event("e2", EVIL, {"kind": EVIL, "channel": EVIL}),
            event("e3", EVIL, {EVIL: None, "seats": 3}, "attributes"),
        ]
        assert made.post("/v1/events", json={"events": events}).json()["accepted"] == 3
        rescore_dirty(runtime.stored.store, bundle)
        yield made


@pytest.mark.parametrize("path", [*PATHS, "/leads/unknown", "/forecast?period=fortnight", "/funnel?by=<b>"])
def test_a_page_is_whole_and_asks_nobody_else(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    page = Page(answer.text)
    assert page.wrong == []
    assert page.open == []
    assert [link for link in page.links if not link.startswith(("/", "#")) or link.startswith("//")] == []
    assert "<img" not in answer.text


@pytest.mark.parametrize("path", PICTURES)
def test_pictures_are_data_that_a_script_of_ours_draws(client: TestClient, path: str) -> None:
    page = Page(client.get(path).text)
    assert len(page.pictures) == PICTURES[path]
    assert all(picture["data"] and picture["layout"]["title"]["text"] for picture in page.pictures)
    for script in SCRIPTS:
        assert client.get(script).headers["content-type"].startswith("text/javascript")
    packed = client.get(SCRIPTS[0], headers={"accept-encoding": "gzip"})
    plain = client.get(SCRIPTS[0], headers={"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("start", ["/", "/funnel"])
def test_every_link_leads_to_a_page(client: TestClient, start: str) -> None:
    for link in set(Page(client.get(start).text).links):
        assert client.get(link).status_code == 200, link


def test_the_lead_page_shows_score_reasons_and_timeline(client: TestClient) -> None:
    name = quote(EVIL, safe="")
    shown, told = client.get(f"/leads/{name}").text, client.get(f"/v1/leads/{name}").json()
    assert f"{100 * told['score']['probability']:.0f} %" in shown
    for entry in told["timeline"]:
        assert re.sub(r"\.\d+", "", entry["occurred_at"])[:10] in shown
    for reason in told["score"]["reasons"]:
        assert reason["label"].split("<")[0] in shown


def test_empty_fields_of_a_form_mean_the_default(client: TestClient) -> None:
    assert client.get("/forecast?as_of=&period=month&periods=&by=").status_code == 200
    assert client.get("/funnel?as_of=&from=&to=&by=").status_code == 200
    assert client.get("/?order=probability&grade=&stage=&owner=&q=").status_code == 200


def test_a_caller_that_asks_for_json_alone_gets_a_problem(client: TestClient) -> None:
    refused = client.get("/leads/unknown", headers={"accept": "application/json"})
    assert refused.headers["content-type"] == "application/problem+json"


def shown_by_browser(address: str, tmp_path: Path, log: Path) -> str:
    """The page as Chromium makes it, and its requests in the log; no name but this machine's resolves."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no browser: apt-get install chromium")
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"--log-net-log={log}"),
        *("--virtual-time-budget=20000", "--window-size=1200,2000"),
        *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        [chromium, *options, address], capture_output=True, text=True, timeout=90, check=True, env=environment
    )
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize(("command", "count"), [("funnel", 6), ("forecast", 6)])
def test_a_report_is_drawn_from_its_file_alone(
    champion_home: Path, crm: Path, tmp_path: Path, command: str, count: int
) -> None:
    page, log = tmp_path / "report.html", tmp_path / "net.json"
    options = ["--report", str(page), "--no-snapshot"]
    options += ["--output", str(tmp_path / "f.csv")] if command == "forecast" else []
    done = CliRunner().invoke(leadcast, [command, str(crm), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    shown = shown_by_browser(page.as_uri(), tmp_path, log)
    assert len(re.findall(r'<div id="figure-\w+"[^>]*js-plotly-plot', shown)) == count
    # a page from a file has the origin null; what the browser asks for itself is not of an origin
    by_page = [line for line in log.read_text().splitlines() if '"initiator":"null"' in line]
    assert [line for line in by_page if '"url":"http' in line] == []


@pytest.mark.long
def test_a_browser_draws_our_pictures_and_calls_nobody_else(trained_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(trained_home, tmp_path / "home"))
    service = Service(home)
    try:
        until(service.is_ready)
        name = quote(EVIL, safe="")
        service.put(f"/v1/leads/{name}", {"created_at": "2026-05-01T08:00:00Z", "owner": EVIL})
        for path in (*PATHS, "/forecast?explain=true&period=quarter"):
            log = tmp_path / "net.json"
            shown = shown_by_browser(service.url + path, tmp_path, log)
            assert "Leadcast</title>" in shown, path
            assert "taken</title>" not in shown
            drawn = re.findall(r'<div class="picture js-plotly-plot" id="picture-\w+"', shown)
            assert len(drawn) == PICTURES.get(path, 0), path
            # one event a line; what the browser asks for itself (updates, time) has another initiator
            by_page = [line for line in log.read_text().splitlines() if f'"initiator":"{service.url}' in line]
            asked = {url for line in by_page for url in re.findall(r'"url":"([^"]+)"', line)}
            own = ["/static/leadcast.css"]
            own += ["/static/pictures.css", *SCRIPTS] if path in PICTURES else []
            assert asked - {f"{service.url}/favicon.ico"} == {service.url + name for name in own}
    finally:
        service.process.terminate()
        service.process.communicate()
