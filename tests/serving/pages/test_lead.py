"""The page of a lead."""

import re

from starlette.testclient import TestClient

from tests.builders.page_paths import LEAD_PAGE


def test_lead_page_shows_score_reasons_and_timeline(client: TestClient) -> None:
    page, document = client.get(LEAD_PAGE).text, client.get(f"/v1{LEAD_PAGE}").json()
    assert f"{100 * document['score']['probability']:.0f} %" in page
    for entry in document["timeline"]:
        assert re.sub(r"\.\d+", "", entry["occurred_at"])[:10] in page
    for reason in document["score"]["reasons"]:
        assert reason["label"].split("<")[0] in page
