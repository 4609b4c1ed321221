"""The page of a lead: its figures are those of the API, hostile texts stay texts, links are safe."""

import re
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from serving.pages.lead.page import safe_url
from serving.pages.lead.waterfall import OF_STAGE
from serving.pages.words.formats import Formats
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import LEAD_PAGE
from tests.builders.service.store_fakes import event
from tests.builders.service.usual_lead import ATTRIBUTES

HTML = {"accept": "text/html"}
FORMATS = Formats("en")


def words(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.fixture
def known(client: TestClient) -> TestClient:
    """The client, with a usual lead "k" that has a score of its own."""
    attributes = {name: value for name, value in ATTRIBUTES.items() if name not in ("owner", "source")}
    body = {"created_at": "2026-05-01T08:00:00Z", "owner": "Ann", "attributes": attributes}
    assert client.put("/v1/leads/k", json=body).status_code == 201
    events = [
        event("k1", "k", {"stage": "qualified"}, "stage", occurred_at="2026-05-02T08:00:00Z"),
        event("k2", "k", {"kind": "call", "direction": "outbound", "value": 13}, occurred_at="2026-05-03T08:00:00Z"),
        event("k3", "k", {"seats": 50}, "attributes", occurred_at="2026-05-04T08:00:00Z"),
    ]  # fmt: skip
    assert client.post("/v1/events", json={"events": events}).json()["accepted"] == 3
    return client


def test_lead_page_shows_score_reasons_and_timeline(client: TestClient) -> None:
    page, document = Page(client.get(LEAD_PAGE).text).words, client.get(f"/v1{LEAD_PAGE}").json()
    formats = Formats("en")
    assert f"{100 * document['score']['probability']:.0f} %" in page
    for entry in document["timeline"]:
        assert formats.day(entry["occurred_at"]).replace("\u00a0", " ") in page
    for reason in document["score"]["reasons"]:
        assert reason["label"].split("<")[0] in page


def test_every_figure_is_that_of_the_api(known: TestClient) -> None:
    page, document = Page(known.get("/leads/k", headers=HTML).text).words, known.get("/v1/leads/k").json()
    score = document["score"]
    assert score["status"] == "scored"
    shares = ("probability", "probability_low", "probability_high", "baseline_probability")
    figures = [FORMATS.percent(score[name]) for name in shares]
    amounts = ("expected_revenue", "expected_amount", "expected_amount_low", "expected_amount_high")
    figures += [FORMATS.money(score[name], score["currency"]) for name in amounts]
    figures += [FORMATS.day(score["expected_close_date"])]
    figures += [
        FORMATS.points(reason["points"])
        for reason in score["reasons"]
        if "stage" not in reason["feature"] and reason["feature"] not in OF_STAGE
    ]
    figures += [FORMATS.points(suggestion["points"]) for suggestion in document["suggestions"]]
    figures += [suggestion["change"] for suggestion in document["suggestions"]]
    for past in document["similar"]:
        figures += [f"after {round(past['days'])} day", FORMATS.money(past["amount"], score["currency"])]
    for reason in score["reasons"]:
        evidence = reason.get("evidence")
        if evidence:
            figures.append(
                f"{100 * evidence['share_with']:.0f} % won, others {100 * evidence['share_without']:.0f} %"
            )
            figures.append(f"({evidence['n_with']:,} and {evidence['n_without']:,} leads)")
    assert document["suggestions"]
    assert document["similar"]
    missing = [figure for figure in figures if words(figure) not in page]
    assert missing == []
    for text in ("Call, from us, 13 minutes", "Moved to Qualified", "Seats: 50"):
        assert text in page


def test_bars_of_the_page_add_up(known: TestClient) -> None:
    text = known.get("/leads/k", headers=HTML).text
    chart = text[text.index('class="waterfall"') :]
    figures = re.findall(r'class="figure">([^<]*)<', chart[: chart.index("</ol>")])
    numbers = [float(figure.replace("\u2212", "-").replace("\u00a0%", "")) for figure in figures]
    assert sum(numbers[1:-1]) == pytest.approx(numbers[-1] - numbers[0], abs=1.5)


def test_moves_are_those_of_the_history(client: TestClient) -> None:
    page = Page(client.get(LEAD_PAGE, headers=HTML).text).words
    moves = client.get(f"/v1{LEAD_PAGE}/history").json()["history"]
    assert moves
    for move in moves:
        assert words(f"{FORMATS.day(move['as_of'])}: {FORMATS.percent(move['probability'])}") in page


def test_a_kind_filters_page_and_answer_alike(known: TestClient) -> None:
    entries = known.get("/v1/leads/k?kind=Call").json()["timeline"]
    assert [entry["event_id"] for entry in entries] == ["k2"]
    page = Page(known.get("/leads/k?kind=Call", headers=HTML).text).words
    assert "Call, from us" in page
    assert "Moved to" not in page


def test_abstention_is_explained_by_its_cause(client: TestClient) -> None:
    score = client.get(f"/v1{LEAD_PAGE}").json()["score"]
    assert score["status"] == "insufficient_data"
    (cause,) = [w["detail"] for w in score["warnings"] if w["code"] == "insufficient_data"]
    page = Page(client.get(LEAD_PAGE, headers=HTML).text).words
    assert f"The cause: {cause}." in page
    assert page.count(cause) == 1
    assert "Nothing that you usually do" not in page
    german = Page(client.get(LEAD_PAGE, headers={**HTML, "accept-language": "de"}).text).words
    assert "Der Grund: Dem Lead fehlen" in german
    assert "no training lead" not in german


@pytest.mark.parametrize(
    "path", ["/leads/k", "/leads/k?panel=1&hubspot_id=5", "/leads/k?correct=k2", LEAD_PAGE]
)
def test_pages_are_valid_in_each_form(known: TestClient, path: str) -> None:
    answer = known.get(path, headers=HTML)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.faults == []
    assert page.open_tags == []
    assert len(answer.content) < 150_000


def test_unknown_query_keys_are_refused_outside_a_panel(known: TestClient) -> None:
    assert known.get("/leads/k?hubspot_id=5", headers=HTML).status_code == 422
    assert known.get("/leads/unknown", headers=HTML).status_code == 404
    assert known.get("/leads/k/history", headers=HTML).status_code == 404


@pytest.mark.parametrize("event_id", ["k1", "k2", "k3"])
def test_an_entry_can_be_opened_for_correction(known: TestClient, event_id: str) -> None:
    page = Page(known.get(f"/leads/k?correct={event_id}", headers=HTML).text)
    assert page.fields["event_id"] == event_id
    assert "It did not happen" in page.words
    assert ("Replace" in page.words) == (event_id != "k3")


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://crm.example/deals/5?a=b", True),
        ("http://crm.example", True),
        ("javascript:alert(1)", False),
        ("JavaScript://crm.example/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("//crm.example", False),
        ("https://", False),
        ("https://[", False),
        ("https://crm.example/\u202e", False),
        (None, False),
    ],
)
def test_only_links_of_the_web_are_links(url: str | None, is_safe: bool) -> None:
    assert safe_url(url) == (url if is_safe else None)


def test_page_speaks_german(known: TestClient) -> None:
    page = Page(known.get("/leads/k", headers={**HTML, "accept-language": "de"}).text).words
    assert "Weiter zu Qualified" in page
    assert "Ähnliche frühere Leads" in page


def test_a_page_of_an_odd_id_links_to_itself(client: TestClient) -> None:
    odd = "a/notes?b#c"
    assert (
        client.put(
            f"/v1/leads/{quote(odd, safe='')}", json={"created_at": "2026-05-01T08:00:00Z"}
        ).status_code
        == 201
    )
    text = client.get(f"/leads/{quote(odd, safe='')}", headers=HTML).text
    assert f'action="/leads/{quote(odd, safe="")}/notes"' in text


def test_a_page_knows_its_place_in_the_list(known: TestClient) -> None:
    """The worklist has the hostile lead alone until the usual one is scored: both are open, one is listed."""
    listed = [entry["lead_id"] for entry in known.get("/v1/leads?owner=nobody").json()["leads"]]
    assert listed == []
    view = "order=probability&owner=nobody&capacity=20"
    page = known.get(f"{LEAD_PAGE}?view={quote(view, safe='')}", headers=HTML).text
    assert f'href="/?{view.replace("&", "&amp;")}"' in page
    assert Page(known.get(LEAD_PAGE, headers=HTML).text).words.count("1 of 1") == 1
    assert known.get(f"{LEAD_PAGE}?view={quote('order=size')}", headers=HTML).status_code == 422


def test_a_page_says_what_to_do_next(client: TestClient) -> None:
    (entry,) = client.get("/v1/leads").json()["leads"]
    assert entry["next_action"] in Page(client.get(LEAD_PAGE, headers=HTML).text).words
