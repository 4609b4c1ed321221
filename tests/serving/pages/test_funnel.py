"""The page of the funnel: its stages, and a period that holds no lead."""

from starlette.testclient import TestClient

from tests.builders.page_paths import HOSTILE


def test_page_shows_the_stages_of_the_funnel(client: TestClient) -> None:
    stages = client.get("/v1/funnel").json()["stage_order"]
    page = client.get("/funnel").text
    assert HOSTILE in stages
    assert HOSTILE not in page, "a stage of the data is escaped"
    assert "&lt;img src=x" in page


def test_period_before_the_first_lead_has_a_page(client: TestClient) -> None:
    assert client.get("/funnel?from=2020-01-01&to=2020-02-01").status_code == 200
