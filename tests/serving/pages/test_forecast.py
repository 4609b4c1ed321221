"""The page of the forecast: the periods of the API, bars scaled to the largest value."""

import pytest
from starlette.testclient import TestClient

from serving.pages.forecast import _largest


def test_page_shows_the_periods_of_the_forecast(client: TestClient) -> None:
    page = client.get("/forecast?period=month&periods=3").text
    for period in client.get("/v1/forecast?period=month&periods=3").json()["periods"]:
        assert period["period_start"][:7] in page


@pytest.mark.parametrize(
    ("values", "largest"), [([None, 2.0, 5.0], 5.0), ([None], 1.0), ([0.0], 1.0), ([], 1.0)]
)
def test_bars_are_scaled_to_a_positive_value(values: list[float | None], largest: float) -> None:
    assert _largest([{"x": value} for value in values], "x") == largest


def test_chosen_options_stay_in_the_form(client: TestClient) -> None:
    page = client.get("/forecast?period=quarter").text
    assert 'value="quarter" selected' in page or "selected>quarter" in page
