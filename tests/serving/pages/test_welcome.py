"""The first start over HTTP: who may upload, what is refused, and the way from an export to the worklist."""

import asyncio
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

import serving.pages.welcome
from serving.jobs.jobs import Jobs
from tests.builders.exports.import_cases import Case
from tests.builders.exports.simulated_crm import simulated
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE
from tests.builders.service.running_service import Service, until
from tests.builders.service.service_client import caller, service
from tests.builders.service.store_fakes import FakeRuntime, application

FILE = {"files": ("deals.csv", b"a,b\n1,2\n")}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with caller(application(FakeRuntime(tmp_path / "home", None)), accept="text/html") as made:
        yield made


def token_of(client: Any) -> str:
    return Page(client.get("/welcome").text).fields["csrf_token"]


def jobs_left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "home" / "jobs").glob("*"))


def test_without_a_model_the_worklist_leads_here(client: TestClient) -> None:
    assert 'href="/welcome"' in client.get("/").text
    page = client.get("/welcome").text
    assert 'enctype="multipart/form-data"' in page
    assert "At most 200 MB" in page
    assert Page(page).faults == []
    german = client.get("/welcome", headers={"accept-language": "de"}).text
    assert "Legen Sie einen Export Ihres CRM ab" in german


def test_without_the_training_packages_the_page_says_what_to_install(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving.pages.welcome, "missing_packages", lambda _extra: ["lightgbm"])
    page = client.get("/welcome").text
    assert "pip install &#39;leadcast[train]&#39;" in page or "pip install 'leadcast[train]'" in page
    assert "multipart" not in page


@pytest.mark.parametrize("path", ["/welcome/upload", "/welcome/train", "/welcome/discard"])
def test_forms_need_the_scope_and_the_token(tmp_path: Path, path: str) -> None:
    guard, runtime = service(tmp_path / "keys", LEADCAST_API_KEYS="full,reader:read+score+ingest")
    reader = caller(guard).post(path, files=FILE, headers={"authorization": "Bearer reader"})
    assert (reader.status_code, reader.json()["type"]) == (403, "urn:leadcast:problem:missing-scope")
    assert caller(guard).post(path, files=FILE).status_code == 401
    runtime.stored.store.close()
    forged = caller(application(FakeRuntime(tmp_path / "home", None))).post(path, files=FILE)
    assert forged.status_code == 403
    assert not (tmp_path / "home" / "jobs").exists()


def test_reader_sees_no_form(tmp_path: Path) -> None:
    guard, runtime = service(tmp_path, model=False, LEADCAST_API_KEYS="full,reader:read")
    page = caller(guard, authorization="Bearer reader").get("/welcome").text
    assert "scope admin" in page
    assert "multipart" not in page
    runtime.stored.store.close()


def test_two_uploads_at_once_are_one(client: TestClient, tmp_path: Path) -> None:
    claim = asyncio.run(Jobs(tmp_path / "home").claim())
    answer = client.post(f"/welcome/upload?csrf_token={token_of(client)}", files=FILE)
    assert answer.status_code == 409
    assert "One job at a time" in answer.text or "runs" in answer.text
    claim.release()


@pytest.mark.parametrize(
    ("data", "files", "status"),
    [
        ({"system": "abacus"}, FILE, 422),
        ({"system": HOSTILE}, FILE, 422),
        ({"currency": "euros"}, FILE, 422),
        ({"pipeline": "x" * 300}, FILE, 422),
        ({"system": ""}, {"files": ("", b"")}, 422),
        ({}, {"files": ("x.csv", b"x" * ((1 << 20) + 1))}, 413),
    ],
)
def test_refused_upload_leaves_nothing(
    tmp_path: Path, data: dict[str, str], files: dict[str, tuple[str, bytes]], status: int
) -> None:
    runtime = FakeRuntime(tmp_path / "home", None)
    runtime.settings = type(runtime.settings)(home=tmp_path / "home", upload_mb=1)
    with caller(application(runtime), accept="text/html") as client:
        answer = client.post(f"/welcome/upload?csrf_token={token_of(client)}", data=data, files=files)
        assert answer.status_code == status
        assert HOSTILE not in answer.text
        assert jobs_left(tmp_path) == ["lock"]
        assert not Jobs(tmp_path / "home").is_busy()


def test_training_without_an_import_is_refused(client: TestClient) -> None:
    assert client.post("/welcome/train", data={"csrf_token": token_of(client)}).status_code == 409
    again = client.post("/welcome/discard", data={"csrf_token": token_of(client)}, follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, "/welcome")


@pytest.mark.long  # imports, trains and loads with the real commands
def test_export_becomes_a_worklist(tmp_path: Path) -> None:
    world = simulated(tmp_path / "crm", leads=500)
    Case("pipedrive", "objects").export(world, tmp_path / "export")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for path in (tmp_path / "export").rglob("*"):
            if path.is_file():
                written.write(path, path.relative_to(tmp_path))
    server = Service(tmp_path / "home", LEADCAST_LOG="off")  # nobody reads its stderr meanwhile
    try:
        until(lambda: answers(server))
        with httpx.Client(base_url=server.url, headers={"accept": "text/html"}, timeout=60) as browser:
            token = token_of(browser)
            files = {"files": ("Export.zip", archive.getvalue())}
            for currency in ("", "eur"):
                upload = browser.post(
                    f"/welcome/upload?csrf_token={token}", files=files, data={"currency": currency}
                )
                assert (upload.status_code, upload.headers["location"]) == (303, "/welcome")
                finished(browser, tmp_path / "home")
                assert ("2 currencies (EUR, USD)" in browser.get("/welcome").text) == (currency == "")
            page = Page(browser.get("/welcome").text)
            assert page.faults == []
            assert "an export of Pipedrive" in page.words
            assert "This data can be trained on" in page.words
            assert "Export.zip/" in page.words
            assert browser.post("/welcome/train", data={"csrf_token": token}).status_code == 303
            finished(browser, tmp_path / "home")
            until(lambda: browser.get("/welcome").status_code == 303)
            assert browser.get("/welcome").headers["location"] == "/"
            until(lambda: browser.get("/v1/leads").json()["total"] > 0)
            assert jobs_left(tmp_path) == ["lock", "state.json", "versions.json"]
    finally:
        server.end()


def answers(server: Service) -> bool:
    try:
        return httpx.get(f"{server.url}/livez").status_code == 200
    except httpx.TransportError:
        return False


def ended(browser: httpx.Client) -> bool:
    return "hx-refresh" in browser.get("/job").headers


def finished(browser: httpx.Client, home: Path) -> None:
    """Waits for the end of a job as long as it goes forward."""
    file = home / "jobs" / "state.json"
    while not ended(browser):
        before = file.read_bytes()
        until(lambda before=before: file.read_bytes() != before or ended(browser))  # type: ignore[misc]
