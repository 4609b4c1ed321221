"""Jobs on pages: started by admins with the page's form alone, one at a time, shown with and without scripts."""

import asyncio
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.jobs.jobs import Claim, Jobs
from serving.jobs.state import JobState, write_state
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE
from tests.builders.service.service_client import caller, service
from tests.builders.service.store_fakes import FakeRuntime, application

KEYS = "full,reader:read"
PATHS = ("/model/train", "/model/promote", "/model/rollback", "/model/versions", "/job/cancel")


@pytest.fixture
def held(tmp_path: Path) -> Claim:
    """A job of another worker that runs in the home."""
    return asyncio.run(Jobs(tmp_path / "home").claim())


@pytest.mark.parametrize("path", PATHS)
def test_forms_need_the_scope_and_the_token(tmp_path: Path, path: str) -> None:
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS=KEYS)
    client = caller(guard)
    reader = client.post(path, data={"version": "1"}, headers={"authorization": "Bearer reader"})
    assert (reader.status_code, reader.json()["type"]) == (403, "urn:leadcast:problem:missing-scope")
    assert client.post(path, data={"version": "1"}).status_code == 401
    runtime.stored.store.close()


@pytest.mark.parametrize("path", PATHS)
def test_forged_form_starts_nothing(tmp_path: Path, path: str) -> None:
    client = caller(application(FakeRuntime(tmp_path / "home", None)))
    assert client.post(path, data={"version": "1"}).status_code == 403
    assert not (tmp_path / "home" / "jobs").exists()


@pytest.mark.parametrize("version", ["", "champion", "1; rm", "../1", "-h"])
def test_only_numbers_are_promoted(tmp_path: Path, version: str) -> None:
    with caller(application(FakeRuntime(tmp_path / "home", None))) as client:
        token = Page(client.get("/model").text).fields["csrf_token"]
        answer = client.post("/model/promote", data={"csrf_token": token, "version": version})
        assert answer.status_code == 422


def test_second_job_is_refused_in_words(tmp_path: Path, held: Claim) -> None:
    with caller(application(FakeRuntime(tmp_path / "home", None)), accept="text/html") as client:
        token = Page(client.get("/model").text).fields["csrf_token"]
        answer = client.post("/model/train", data={"csrf_token": token})
        assert answer.status_code == 409
        assert "One job at a time" in answer.text or "runs" in answer.text
    held.release()


def running(client_home: Path, **fields: object) -> None:
    write_state(client_home / "jobs", JobState("train", ["train", "versions"], HOSTILE, 1, **fields))  # type: ignore[arg-type]


def test_progress_is_shown_with_and_without_scripts(tmp_path: Path, held: Claim) -> None:
    with caller(application(FakeRuntime(tmp_path / "home", None))) as client:
        running(tmp_path / "home", text=HOSTILE, share=0.42)
        page = client.get("/model").text
        assert 'value="42"' in page
        assert '<meta http-equiv="refresh" content="3">' in page
        assert Page(page).faults == []
        part = client.get("/job")
        assert 'hx-get="/job"' in part.text
        assert "hx-refresh" not in part.headers
    held.release()


def test_running_job_is_cancelled_from_its_page(tmp_path: Path, held: Claim) -> None:
    with caller(application(FakeRuntime(tmp_path / "home", None))) as client:
        running(tmp_path / "home")
        page = client.get("/model")
        assert 'action="/job/cancel"' in page.text
        sent = {"csrf_token": Page(page.text).fields["csrf_token"], "to": "/model"}
        answer = client.post("/job/cancel", data=sent, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/model")
        assert (tmp_path / "home" / "jobs" / "cancel").read_text() == "1"
        running(tmp_path / "home", status="cancelled", step=1, ended_us=2)
        words = Page(client.get("/model").text).words
        assert "The training was cancelled." in words
        assert "Done before: Train and judge" in words
        answer = client.post("/job/cancel", data=sent, follow_redirects=False)
        assert answer.status_code == 303
    held.release()


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"status": "failed", "error": HOSTILE}, "The training failed."), ({}, "The training was interrupted.")],
)
def test_failure_is_shown_and_the_page_loaded_anew(
    tmp_path: Path, held: Claim, fields: dict[str, str], words: str
) -> None:
    running(tmp_path / "home", **fields)
    held.release()
    client: TestClient = caller(application(FakeRuntime(tmp_path / "home", None)))
    page = client.get("/model").text
    assert words in page
    assert Page(page).faults == []
    assert client.get("/job").headers["hx-refresh"] == "true"


def test_fault_of_the_service_names_its_place_to_admins(tmp_path: Path) -> None:
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS=KEYS)
    runtime.watch.current = None
    folder = runtime.settings.home / "jobs"
    folder.mkdir(parents=True)
    state = JobState("train", ["train"], None, 1, status="failed", fault="KeyError: jobs.py:9 work")
    write_state(folder, state)
    seen = {}
    for key in ("full", "reader"):
        page = caller(guard, authorization=f"Bearer {key}").get("/model", headers={"accept": "text/html"})
        words = Page(page.text).words
        assert "The training failed." in words
        assert "a fault of the service" in words
        seen[key] = "KeyError" in words
    assert seen == {"full": True, "reader": False}
    runtime.stored.store.close()
