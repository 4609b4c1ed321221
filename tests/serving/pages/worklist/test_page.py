"""The page of the worklist: its figures are the API's, its links keep the view, and each state has a way on."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from serving.pages.words.formats import Formats
from serving.pages.worklist import page as page_of_leads
from serving.store.errors import StoreUnavailable
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import LEAD_PAGE
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import Clock, FakeModel, FakeRuntime, application, fake_score
from tests.builders.service.worklist_world import CONFIG, World, random_worklist

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[World, TestClient]]:
    """A random worklist behind the service."""
    runtime, clock = FakeRuntime(tmp_path / "home", FakeModel(config=CONFIG)), Clock()
    runtime.stored.store.now_us = clock
    with caller(application(runtime)) as client:
        client.headers.update(ENGLISH)
        yield random_worklist(runtime.stored.store, clock, 8), client


def leads_of(page: str) -> list[str]:
    """The paths of the listed leads, each once; their links may carry the view."""
    paths = (link.partition("#")[0].partition("?")[0] for link in Page(page).links)
    return list(dict.fromkeys(path for path in paths if path.startswith("/leads/")))


def words_of(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.faults == []
    assert page.open_tags == []
    return " ".join(page.words.split())


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"order": "change", "limit": 4},
        {"stage": ["new", "demo"], "reverse": "true", "order": "last_touch"},
        {"attention": ["silent", "stuck"]},
        {"q": "größe", "owner": "ann"},
    ],
)
def test_figures_are_those_of_the_api(world: tuple[World, TestClient], query: dict[str, Any]) -> None:
    _, client = world
    formats, text = Formats("en", CONFIG.zone), urlencode(query, doseq=True)
    words = words_of(client, f"/?{text}&capacity=3")
    answer = client.get(f"/v1/leads?{text}").json()
    selection = urlencode({key: value for key, value in query.items() if key != "limit"}, doseq=True)
    summary = client.get(f"/v1/leads/summary?{selection}&capacity=3").json()
    start = 0
    for lead in answer["leads"]:
        shown = [
            lead["name"],
            formats.percent(lead["probability"]),
            formats.percent(lead["probability_high"]),
            formats.money(lead["expected_revenue"], lead["currency"]),
            f"{lead['days_in_stage']} d",
            lead["owner"] or "",
            lead["next_action"],
            lead["next_fact"] or "",
        ]
        for part in (" ".join(part.replace("\u00a0", " ").split()) for part in shown):
            start = words.index(part, start) + len(part)
    plural = "" if answer["total"] == 1 else "s"
    assert f"{answer['total']} open lead{plural}" in words
    if answer["total"]:
        assert f"{formats.wins(summary['expected_wins'])} wins" in words
        best = summary["capacity"]
        calls = "call" if best["n"] == 1 else "calls"
        assert f"{best['n']} {calls}: {formats.wins(best['expected_wins'])}" in words
        assert f"would bring {formats.wins(best['random_wins'])}" in words


def test_pages_continue_and_say_where_they_are(world: tuple[World, TestClient]) -> None:
    plain, client = world
    path, ids, total = "/?order=created_at&limit=7&capacity=9", [], len(plain.open_leads)
    for first in range(1, total + 1, 7):
        text = client.get(path).text
        assert f"{first}\u2013{min(first + 6, total)} of {total}" in text
        assert (text.count('<tr class="cut">') == 1) == (first <= 9 < first + 7), (
            "the ninth lead is on one page"
        )
        links = Page(text).links
        ids += leads_of(text)
        following = [link for link in links if "cursor=" in link]
        if following:
            (path,) = following
            assert "order=created_at" in path
            assert "limit=7" in path
    assert sorted(ids) == sorted(f"/leads/{lead.lead_id}" for lead in plain.open_leads)


def test_a_chip_removes_its_filter_and_keeps_the_others(world: tuple[World, TestClient]) -> None:
    _, client = world
    page = client.get("/?owner=ann&owner=b%C3%B6b&grade=a&order=probability").text
    chips = [unescape(part.split('"')[0]) for part in page.split('class="chip" href="')[1:]]
    assert chips == [
        "/?order=probability&owner=ann&owner=b%C3%B6b",
        "/?order=probability&grade=A&owner=b%C3%B6b",
        "/?order=probability&grade=A&owner=ann",
    ]
    assert all(client.get(link).status_code == 200 for link in chips)


def test_menus_offer_the_values_of_the_data(world: tuple[World, TestClient]) -> None:
    _, client = world
    page = client.get("/?owner=nobody&stage=DEMO").text
    by_stage = client.get("/v1/leads/summary").json()["by"]["stage"]
    for stage in by_stage:
        if stage:
            checked = " checked" if stage == "demo" else ""
            assert f'name="stage" value="{stage}"{checked}>' in page
    assert 'name="owner" value="nobody" checked' in page, "what is chosen can be unchosen"


def test_headings_sort_and_turn_round(world: tuple[World, TestClient]) -> None:
    _, client = world
    page = client.get("/").text
    assert 'aria-sort="descending"><a href="/?reverse=true">Expected' in page
    assert '<a href="/?order=probability">Chance in 90 d' in page
    turned = client.get("/?reverse=true").text
    assert 'aria-sort="ascending"><a href="/">Expected' in turned


def test_csv_of_the_view_is_that_of_the_api(world: tuple[World, TestClient]) -> None:
    _, client = world
    page = client.get("/?owner=ann&limit=2&capacity=3").text
    (link,) = [link for link in Page(page).links if "format=csv" in link]
    assert link == "/v1/leads?owner=ann&format=csv"
    assert client.get(link).text == client.get("/?owner=ann&format=csv").text


def test_called_and_snoozed_leads_change_the_list(world: tuple[World, TestClient]) -> None:
    plain, client = world
    page = client.get("/?limit=3&order=created_at")
    fields = Page(page.text).fields
    before = client.get("/v1/leads/summary").json()
    lead_id = client.get("/v1/leads?limit=1&order=created_at").json()["leads"][0]["lead_id"]
    form = {"csrf_token": fields["csrf_token"], "to": "/?limit=3", "days": "7"}
    answer = client.post(f"/leads/{lead_id}/snooze", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?limit=3&done=snoozed")
    after = client.get("/v1/leads/summary").json()
    assert (after["leads"], after["snoozed"]) == (before["leads"] - 1, before["snoozed"] + 1)
    assert lead_id not in {lead["lead_id"] for lead in client.get("/v1/leads?limit=1000").json()["leads"]}
    asleep = client.get("/v1/leads?snoozed=true").json()["leads"]
    assert [lead["lead_id"] for lead in asleep] == [lead_id]
    assert "1 snoozed" in words_of(client, "/")
    assert lead_id in client.get("/?snoozed=true").text
    assert plain.total() == after["leads"]


def test_page_links_to_each_lead(client: TestClient) -> None:
    assert LEAD_PAGE in Page(client.get("/").text).links


@pytest.mark.parametrize(
    ("query", "is_listed"),
    [
        ("", True),
        ("q=title", True),
        ("q=nothing", False),
        ("owner=Bob", False),
        ("stage=%20", True),
        ("order=created_at", True),
        ("order=&capacity=&limit=&q=", True),
    ],
)
def test_filters_choose_the_leads(client: TestClient, query: str, is_listed: bool) -> None:
    assert (LEAD_PAGE in leads_of(client.get(f"/?{query}").text)) == is_listed


def test_without_a_match_filters_can_be_cleared(client: TestClient) -> None:
    page = client.get("/?q=nothing", headers=ENGLISH).text
    assert "No lead matches" in page
    assert '<a class="button" href="/">Show all leads</a>' in page


def test_without_a_model_stored_scores_stay(tmp_path: Path) -> None:
    runtime = FakeRuntime(tmp_path / "home", None)
    with caller(application(runtime)) as client:
        client.headers.update(ENGLISH)
        assert "No model is in use yet" in client.get("/").text
        lead = {"created_at": "2026-05-01T08:00:00Z", "owner": "Ann"}
        assert client.put("/v1/leads/L1", json=lead).status_code == 201
        rescore_dirty(runtime.stored.store, FakeModel(), score=fake_score)  # type: ignore[arg-type]
        page = client.get("/").text
        assert "No model is in use yet" in page
        assert "/leads/L1" in Page(page).links


def test_states_of_an_empty_list(tmp_path: Path) -> None:
    runtime = FakeRuntime(tmp_path / "home", FakeModel())
    with caller(application(runtime)) as client:
        client.headers.update(ENGLISH)
        assert "The store has no leads yet" in client.get("/").text
        assert client.put("/v1/leads/L1", json={"created_at": "2026-05-01T08:00:00Z"}).status_code == 201
        assert "No open lead has a score yet" in client.get("/").text


def test_outage_is_a_notice_on_the_page(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(page_of_leads, "read_listed", fail)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "gone" not in answer.text
    assert not any(link.startswith("/leads/") for link in Page(answer.text).links)


def test_german_page_speaks_german(world: tuple[World, TestClient]) -> None:
    _, client = world
    client.headers.update({"accept-language": "de"})
    words = words_of(client, "/?capacity=3")
    assert "Wen zuerst anrufen" in words
    assert "kein Kontakt" in words
    assert "Call:" not in words
