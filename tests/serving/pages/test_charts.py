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
    assert all(chart["data"] and chart["layout"]["title"]["text"] for chart in page.charts)


def test_charts_are_drawn_once_for_each_report() -> None:
    drawn: list[Any] = []

    def draw(record: Any) -> list[dict[str, str]]:
        drawn.append(record)
        return [{"name": "x"}]

    report: Any = SimpleNamespace(page_cache={}, record={"as_of": "2026-01-01"})
    first = asyncio.run(charts_of(report, draw))
    assert asyncio.run(charts_of(report, draw)) is first
    assert drawn == [report.record]
