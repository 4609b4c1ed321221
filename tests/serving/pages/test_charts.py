"""Charts of a report: data in the page, drawn once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.pages.charts import charts_of
from tests.builders.html_page import Page
from tests.builders.page_paths import CHARTS


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
        assert "<thead><tr><th" in figure
        assert "<tbody>" in figure


def test_charts_are_drawn_once_for_each_report() -> None:
    drawn: list[Any] = []

    def draw(record: Any) -> list[dict[str, str]]:
        drawn.append(record)
        return [{"name": "x"}]

    report: Any = SimpleNamespace(page_cache={}, record={"as_of": "2026-01-01"})
    first = asyncio.run(charts_of(report, draw))
    assert asyncio.run(charts_of(report, draw)) is first
    assert drawn == [report.record]
