"""The page of the forecast: the API's figures, target and chance, groups with the whole, bounded size."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.pages.forms import Form
from serving.pages.reports.forecast import SHOWN_GROUPS, explained, groups_of, measures_of
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_figures import figures_of, unknown_figures

QUERIES = ["", "?period=week&periods=6", "?period=quarter", "?by=owner", "?as_of=2026-04-15&since=2026-03-01"]


def api_query(query: str) -> str:
    return f"{query}{'&' if query else '?'}explain=true"


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_figure_of_the_page_is_the_apis(world: TestClient, query: str, language: str) -> None:
    answer = world.get(f"/v1/forecast{api_query(query)}").json()
    page = world.get(f"/forecast{query}", headers={"accept-language": language}).text
    defined = {"share": 0.99, "commit": 0.5, "best_case": 0.2}
    said = world.get("/v1/forecast/adjustments").json()
    known = figures_of([answer, said, defined], language, answer["currency"])
    assert unknown_figures(page, known | {"1"}) == []


def test_page_answers_how_much_when_and_how_sure(world: TestClient) -> None:
    answer = world.get("/v1/forecast?explain=true").json()
    page = Page(world.get("/forecast").text)
    assert "four times in five between" in page.words
    assert "is met with a chance of" in page.words
    assert answer["target"]["revenue_per_month"] == 90000
    assert answer["past"], "earlier forecasts are archived"
    assert "Earlier forecasts and what came" in page.words
    assert all(f"/leads/{lead['lead_id']}" in page.links for lead in answer["explain"]["top_leads"])


def test_groups_end_with_the_whole_and_its_own_interval(world: TestClient) -> None:
    words = Page(world.get("/forecast?by=owner").text).words
    assert "All together" in words
    assert "quantiles of groups do not add up" in words


def test_page_shows_the_periods_of_the_forecast(client: TestClient) -> None:
    assert client.get("/forecast?period=month&periods=3").text.count('<th scope="row">') >= 3


def test_chosen_options_stay_in_the_form_and_the_links(world: TestClient) -> None:
    text = world.get("/forecast?period=quarter&by=source&as_of=2026-04-15").text
    assert '<option value="source" selected>' in text
    assert 'name="as_of" value="2026-04-15"' in text
    links = [link for link in Page(text).links if link.startswith("/forecast?")]
    periods, changes = links[:3], links[3:]
    assert len(periods) == len(changes) == 3
    assert all("by=source" in link and link.endswith("#changes") for link in changes)
    assert all("by=source" in link and "as_of=2026-04-15" in link for link in periods)


def test_page_is_light(world: TestClient) -> None:
    assert len(world.get("/forecast?period=week&by=owner").content) < 150_000


def test_many_groups_are_cut(world: TestClient) -> None:
    page = world.get("/forecast?by=account_id").text
    assert f"{50 - SHOWN_GROUPS} more" in page
    assert len(page) < 150_000


def test_groups_are_in_order_of_their_revenue() -> None:
    rows: list[dict[str, Any]] = [
        {"group": name, "revenue_expected": revenue, "wins_expected": wins}
        for name, revenue, wins in (("a", 1.0, 9.0), (None, 3.0, 1.0), ("a", 1.0, 9.0), ("c", None, 5.0))
    ]
    assert [records[0]["group"] for records in groups_of(rows)] == [None, "a", "c"]


def test_unknown_measures_are_not_shown() -> None:
    assert measures_of({"sum": {"revenue_expected": None, "wins_expected": 2.0}}) == ["wins"]
    assert measures_of({"sum": {"revenue_expected": None, "wins_expected": None}}) == []


def test_page_is_always_explained() -> None:
    assert explained(Form({}, b"")) == b"explain=true"
    assert explained(Form({"by": "x"}, b"by=x")) == b"by=x&explain=true"
    assert explained(Form({"explain": "true"}, b"explain=true")) == b"explain=true"


def test_managers_figure_stands_apart_with_who_and_when(client: TestClient) -> None:
    """A form of the page keeps it; the model's figures stay as they are."""
    before = client.get("/v1/forecast").content
    start = client.get("/v1/forecast").json()["periods"][0]["period_start"]
    fields = Page(client.get("/forecast").text).fields
    form = {
        "csrf_token": fields["csrf_token"],
        "period": "month",
        "period_start": start,
        "to": "/forecast?by=source",
    }
    answer = client.post(
        "/forecast/adjustments", data={**form, "wins": "7.5", "note": "<b>slips</b>"}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/forecast?by=source")
    (kept,) = client.get("/v1/forecast/adjustments").json()["adjustments"]
    assert (kept["wins"], kept["revenue"]) == (7.5, None)
    text = client.get("/forecast").text
    assert "&lt;b&gt;slips&lt;/b&gt;" in text
    assert "What the manager expects" in text
    assert client.get("/v1/forecast").content == before


def test_forged_or_wrong_adjustments_are_refused(client: TestClient) -> None:
    form = {"period": "month", "period_start": "2026-05-01", "wins": "1"}
    assert client.post("/forecast/adjustments", data=form).status_code == 403
    token = Page(client.get("/forecast").text).fields["csrf_token"]
    assert (
        client.post("/forecast/adjustments", data={**form, "csrf_token": token, "wins": "many"}).status_code
        == 422
    )
