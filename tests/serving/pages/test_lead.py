"""The page of a lead."""

from starlette.testclient import TestClient

from serving.pages.formats import Formats
from tests.builders.html_page import Page
from tests.builders.page_paths import LEAD_PAGE


def test_lead_page_shows_score_reasons_and_timeline(client: TestClient) -> None:
    page, document = Page(client.get(LEAD_PAGE).text).words, client.get(f"/v1{LEAD_PAGE}").json()
    formats = Formats("en")
    assert f"{100 * document['score']['probability']:.0f} %" in page
    for entry in document["timeline"]:
        assert formats.day(entry["occurred_at"]).replace("\u00a0", " ") in page
    for reason in document["score"]["reasons"]:
        assert reason["label"].split("<")[0] in page
