"""The page of the worklist: its filters, its next page, and a notice while no model or store is there."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.pages import worklist as page_of_leads
from serving.store.errors import StoreUnavailable
from serving.store.scores.rescoring import rescore_dirty
from tests.builders.html_page import Page
from tests.builders.page_paths import LEAD_PAGE
from tests.builders.service_client import caller
from tests.builders.store_fakes import FakeModel, FakeRuntime, application, fake_score


def test_page_links_to_each_lead(client: TestClient) -> None:
    links = Page(client.get("/").text).links
    assert any(link == LEAD_PAGE for link in links)


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), ("q=title", 1), ("q=nothing", 0), ("owner=Bob", 0), ("stage=%20", 1), ("order=created_at", 1)],
)
def test_filters_choose_the_leads(client: TestClient, query: str, count: int) -> None:
    assert Page(client.get(f"/?{query}").text).links.count(LEAD_PAGE) == count


def test_next_page_keeps_order_and_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_of_leads, "LEADS_PER_PAGE", 2)
    runtime = FakeRuntime(tmp_path / "home", None)
    with caller(application(runtime)) as client:
        for i in range(3):
            lead = {"created_at": f"2026-05-0{i + 1}T08:00:00Z", "owner": "Ann"}
            assert client.put(f"/v1/leads/L{i}", json=lead).status_code == 201
        rescore_dirty(runtime.stored.store, FakeModel(), score=fake_score)  # type: ignore[arg-type]
        first = client.get("/?order=created_at&owner=Ann")
        (following,) = (link for link in Page(first.text).links if "cursor=" in link)
        assert "order=created_at" in following
        assert "owner=Ann" in following
        leads = [
            link
            for page in (first, client.get(following))
            for link in dict.fromkeys(Page(page.text).links)
            if link.startswith("/leads/")
        ]
        assert leads == ["/leads/L2", "/leads/L1", "/leads/L0"]
        assert "No model is in use yet" in first.text


def test_outage_is_a_notice_on_the_page(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(page_of_leads, "read_page", fail)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "gone" not in answer.text
    assert not any(link.startswith("/leads/") for link in Page(answer.text).links)
