"""Reports of a large store: prepared beside the service, equal to those that are computed at once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from serving.store.database.locks import LeaderElection
from serving.store.reports import prepare as module
from serving.store.reports.build import Source, encoded
from serving.store.reports.kept import Schedule
from serving.store.reports.prepare import prepare
from serving.store.store import Store
from tests.builders.service.service_client import caller, problem
from tests.builders.service.store_fakes import FakeRuntime, application, event

LEAD = {"created_at": "2026-05-01T08:00:00Z", "attributes": {}}
EVERYTHING = Schedule(every_us=0, least_rows=0)
PATHS = (
    "/v1/funnel",
    "/v1/funnel?by=source&from=2026-01-01&to=2026-04-01",
    "/v1/forecast",
    "/v1/forecast?explain=true",
    "/v1/forecast?period=week&periods=5&by=stage",
    "/v1/forecast?explain=true&since=2026-05-20",
)


class Served:
    """An application over a home as if its store were large, and the child's work in this process."""

    def __init__(self, home: Path) -> None:
        pointer = read_pointer(home)
        assert pointer is not None
        self.bundle: Bundle = load_champion(pointer)
        # The application must not become the leader, whose child would prepare at times of its own.
        self.election = LeaderElection(home / "reports.lock")
        assert self.election.is_leader()
        self.runtime = FakeRuntime(home, self.bundle, reports=EVERYTHING)
        self.store = Store(home)

    def prepare(self) -> int:
        return prepare(self.store, Schedule(10**15, 0), self.bundle)

    def renew(self) -> int:
        """Prepares what is outdated, too."""
        return prepare(self.store, Schedule(1, 0), self.bundle)


@pytest.fixture
def served(loaded_home: Path, tmp_path: Path) -> Iterator[Served]:
    served = Served(Path(shutil.copytree(loaded_home, tmp_path / "large")))
    yield served
    served.store.close()
    served.election.close()


@pytest.fixture
def large(served: Served) -> Iterator[TestClient]:
    with caller(application(served.runtime)) as client:
        yield client


def test_prepared_reports_equal_computed_ones(large: TestClient, served: Served, client: TestClient) -> None:
    for path in PATHS:
        waiting = large.get(path)
        assert problem(waiting, 503)["type"].endswith("outlook-preparing")
        assert waiting.headers["retry-after"] == "5"
    assert served.prepare() == len(PATHS) - 1, "one forecast holds the other, explained"
    for path in PATHS:
        assert large.get(path).json() == client.get(path).json()
    assert served.prepare() == 0
    for path in ("/funnel", "/forecast"):
        assert large.get(path).status_code == 200


def test_a_change_makes_a_report_outdated_until_it_is_renewed(large: TestClient, served: Served) -> None:
    assert served.prepare() == 2
    before = large.get("/v1/funnel").json()
    assert large.put("/v1/leads/new one", json=LEAD).status_code == 201
    outdated = large.get("/v1/funnel").json()
    *others, warning = outdated["warnings"]
    assert {**outdated, "warnings": others} == before
    assert warning["code"] == "report_outdated"
    assert "being prepared" in large.get("/funnel").text
    assert served.renew() == 2
    after = large.get("/v1/funnel").json()
    assert after["total"]["flow"]["entered"] == before["total"]["flow"]["entered"] + 1
    assert "report_outdated" not in {warning["code"] for warning in after["warnings"]}


def test_page_waits_for_its_report_and_reads_itself_anew(large: TestClient, served: Served) -> None:
    for path in ("/funnel", "/forecast"):
        waiting = large.get(path)
        assert waiting.status_code == 503
        assert f'hx-get="{path}"' in waiting.text
        assert large.get(path, headers={"HX-Request": "true"}).status_code == 204
    served.prepare()
    for path in ("/funnel", "/forecast"):
        assert large.get(path, headers={"HX-Request": "true"}).headers["hx-refresh"] == "true"
        assert large.get(path).status_code == 200


@pytest.mark.parametrize("query", ["by=nothing", "from=2026-05-01&to=2026-04-01"])
def test_refusal_is_prepared_too(large: TestClient, served: Served, client: TestClient, query: str) -> None:
    assert large.get(f"/v1/funnel?{query}").status_code == 503
    served.prepare()
    refused, expected = large.get(f"/v1/funnel?{query}"), client.get(f"/v1/funnel?{query}")
    assert refused.json()["errors"] == expected.json()["errors"]


def test_times_that_cannot_be_read_are_refused_at_once(large: TestClient) -> None:
    for path in ("/v1/funnel?to=x", "/v1/forecast?since=x", "/v1/funnel?as_of=1200-01-01"):
        assert large.get(path).status_code == 422


def test_too_many_new_questions_are_busy(large: TestClient) -> None:
    answers = [large.get(f"/v1/forecast?periods={number}") for number in range(1, 11)]
    assert [answer.json()["type"].rpartition("-")[2] for answer in answers] == ["preparing"] * 8 + [
        "busy"
    ] * 2


def test_a_lead_erased_during_the_work_is_not_kept(
    large: TestClient, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert large.put("/v1/leads/new one", json=LEAD).status_code == 201
    made = module._make
    count = 0

    def make(source: Source, *rest: object) -> object:
        nonlocal count
        count += 1
        result = made(source, *rest)  # type: ignore[arg-type]
        if count == 1:
            assert large.delete("/v1/leads/new one").status_code == 204
        return result

    monkeypatch.setattr(module, "_make", make)
    assert served.prepare() == 2
    assert count == 3, "the first one was made again"
    assert b"new one" not in encoded(large.get("/v1/funnel").json())


def test_event_between_two_reports_is_in_the_second(large: TestClient, served: Served) -> None:
    """The kept histories are of one state of the store."""
    served.prepare()
    assert large.put("/v1/leads/new one", json=LEAD).status_code == 201
    won = event("o", "new one", {"outcome": "won", "amount": 77}, "outcome")
    assert large.post("/v1/events", json={"events": [won]}).json()["accepted"] == 1
    assert large.get("/v1/funnel?by=source").status_code == 503
    assert served.prepare() == 1
    assert "report_outdated" in large.get("/v1/funnel").text
    assert "report_outdated" not in large.get("/v1/funnel?by=source").text
