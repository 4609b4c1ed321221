"""The page of the funnel: the API's figures, links to the leads behind them, owners only for admins, bounded size."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from serving.pages.reports.funnel import MOST_MONTHS, MOST_STAGES, columns_to_group_by, listed_now, shown
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_figures import figures_of, unknown_figures
from tests.builders.pages.page_paths import HOSTILE


def test_page_shows_the_stages_of_the_funnel(client: TestClient) -> None:
    stages = client.get("/v1/funnel").json()["stage_order"]
    page = client.get("/funnel").text
    assert HOSTILE in stages
    assert HOSTILE not in page, "a stage of the data is escaped"
    assert "&lt;img src=x" in page


@pytest.mark.parametrize("query", ["", "?by=source&from=2025-09-01&to=2026-03-01", "?as_of=2026-01-15"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_figure_of_the_page_is_the_apis(world: TestClient, query: str, language: str) -> None:
    answer = world.get(f"/v1/funnel{query}").json()
    page = world.get(f"/funnel{query}", headers={"accept-language": language}).text
    summary = world.get("/v1/leads/summary").json()  # what the lists have by now
    known = figures_of({"funnel": answer, "list": summary}, language, answer["currency"])
    assert unknown_figures(page, known) == []


def test_lists_with_other_counts_are_named(world: TestClient) -> None:
    page = world.get("/funnel", headers={"accept-language": "en"}).text
    counted = world.get("/v1/funnel").json()["attention"]["by_reason"]
    summary = world.get("/v1/leads/summary").json()["by"]["attention"]
    for reason in counted:
        code = reason["code"]
        at_link = world.get(f"/v1/leads?attention={code}").json()["total"]
        assert at_link == summary.get(code, {"leads": 0})["leads"]
        text = f"{Translator(Formats('en'))('funnel.reason_' + code)} {at_link:,}"
        assert at_link == reason["leads"] or text in " ".join(Page(page).words.split())
    attention = {"by_reason": [{"code": "silent", "leads": 3}, {"code": "stuck", "leads": 2}]}
    assert listed_now(attention, {"by": {}}) == {"silent": 0, "stuck": 0}
    assert listed_now(attention, {"by": {"attention": {"silent": {"leads": 3}}}}) == {"stuck": 0}


def test_figures_reach_the_page(world: TestClient) -> None:
    answer = world.get("/v1/funnel").json()
    words = Page(world.get("/funnel").text).words
    total = answer["total"]
    assert f"{total['deals']['won']} won, {total['deals']['lost']} lost" in words
    for lead in answer["attention"]["list"][:8]:
        assert lead["name"] in words
    for reason in answer["attention"]["by_reason"]:
        assert f"/?attention={reason['code']}" in Page(world.get("/funnel").text).links


def test_leads_behind_a_reason_are_one_click_away(world: TestClient) -> None:
    """The worklist takes the query of the API's list; a reason's link selects the leads that it counts."""
    for link in {link for link in Page(world.get("/funnel").text).links if link.startswith("/?")}:
        assert world.get(f"/v1/leads{link[1:]}").status_code == 200, link


def test_period_before_the_first_lead_says_so(client: TestClient) -> None:
    page = client.get("/funnel?from=2020-01-01&to=2020-02-01")
    assert page.status_code == 200
    assert "No leads in this period" in page.text


def test_period_is_in_the_form_and_in_the_links(world: TestClient) -> None:
    text = world.get("/funnel?from=2026-01-01&to=2026-02-01&by=source").text
    assert 'type="date" name="from" value="2026-01-01"' in text
    presets = [link for link in Page(text).links if link.startswith("/funnel?")]
    assert len(presets) == 6
    assert all("by=source" in link for link in presets)


def test_owners_are_compared_where_the_setting_allows_it(world: TestClient, client: TestClient) -> None:
    assert world.get("/v1/funnel").json()["owners"]
    assert "Sales people, given their leads" in world.get("/funnel").text
    assert client.get("/v1/funnel").json()["owners"] == []
    assert "Sales people" not in client.get("/funnel").text


def test_owners_are_for_admins_alone(world: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.api.reports.scopes_of", lambda scope: frozenset({"read"}))
    assert world.get("/v1/funnel").json()["owners"] == []
    page = world.get("/funnel?by=owner").text
    assert "Sales people, given their leads" not in page
    assert "compare_owners under [display]" in page
    assert '<option value="owner"' in page, "the chosen column stays in the form"


def test_page_does_not_grow_with_the_data() -> None:
    stage = {"stage": "s"}
    state: dict[str, Any] = {
        "total": {"stages": [stage] * 99, "months": [{}] * 99, "cohorts": [{}] * 99},
        "moves": {"nodes": [], "links": []},
        "leaks": {"found": [{}] * 99},
        "drop_off": {"found": [{}] * 50},
    }
    cut = shown(state)
    assert (len(cut["total"]["stages"]), cut["stages_left_out"]) == (MOST_STAGES, 99 - MOST_STAGES)
    assert (len(cut["total"]["cohorts"]), cut["months_left_out"]) == (MOST_MONTHS, 99 - MOST_MONTHS)
    assert len(state["total"]["stages"]) == 99, "the report itself is not cut"


def test_page_is_light(world: TestClient) -> None:
    page = world.get("/funnel?by=source")
    assert len(page.content) < 150_000


def test_columns_offered_have_no_owner_without_leave(bundle: Bundle) -> None:
    assert columns_to_group_by(None, with_owner=False) == ["source"]
    assert "owner" in columns_to_group_by(bundle, with_owner=True)
    assert "owner" not in columns_to_group_by(bundle, with_owner=False)
