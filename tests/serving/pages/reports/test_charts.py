"""Charts of a report: data in the page, drawn once for each language."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from serving.pages.reports.charts import Words, charts_of, slug
from serving.pages.words.catalogue import catalogue
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import CHARTS


@pytest.mark.parametrize("path", CHARTS)
def test_charts_are_data_in_the_page(client: TestClient, path: str) -> None:
    page = Page(client.get(path).text)
    assert len(page.charts) == CHARTS[path]
    assert all(chart["data"] and not chart["layout"].get("title") for chart in page.charts)
    assert page.faults == []


@pytest.mark.parametrize("path", CHARTS)
def test_every_chart_has_its_figures_as_a_table(client: TestClient, path: str) -> None:
    text = client.get(path).text
    for figure in text.split('<figure class="chart">')[1:]:
        assert "<figcaption>" in figure
        assert "<thead><tr>" in figure
        assert '<th scope="col"' in figure
        assert "<tbody>" in figure


class Reader:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def title_of(self, name: str) -> str | None:
        return f"{name} in {self.language}"


def test_charts_are_drawn_once_for_each_report_and_language() -> None:
    drawn: list[Any] = []

    def draw(record: Any, words: Any) -> list[dict[str, Any]]:
        drawn.append(words.language)
        return [{"name": "x"}]

    report: Any = SimpleNamespace(page_cache={}, record={"as_of": "2026-01-01"})
    english, german = (cast(Words, Reader(language)) for language in ("en", "de"))
    first = asyncio.run(charts_of(report, draw, english))
    assert first["x"]["title"] == "x in en"
    assert asyncio.run(charts_of(report, draw, english)) is first
    assert asyncio.run(charts_of(report, draw, german))["x"]["title"] == "x in de"
    assert drawn == ["en", "de"]


def test_words_of_charts_have_keys_of_letters() -> None:
    assert slug("went on, or won so far!") == "went_on_or_won_so_far"
    assert slug("% won") == "percent_won"


@pytest.mark.parametrize("stage", ["new", "qualified", "proposal", "demo", "open", "negotiation"])
def test_usual_names_of_stages_stay_in_every_language(stage: str) -> None:
    assert f"charts.{slug(stage)}" not in catalogue()


def test_charts_speak_german_to_germans(client: TestClient) -> None:
    charts = Page(client.get("/funnel", headers={"accept-language": "de"}).text).charts
    names = {trace.get("name") for chart in charts for trace in chart["data"]}
    assert {"gewonnen", "verloren", "eingegangen"} <= names
