"""The language that a reader chooses."""

import pytest
from starlette.testclient import TestClient

from tests.builders.pages.html_page import Page


def test_chosen_language_stays(client: TestClient) -> None:
    token = Page(client.get("/model").text).fields["csrf_token"]
    data = {"csrf_token": token, "language": "de", "to": "/model?"}
    answer = client.post("/language", data=data, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/model?")
    assert '<html lang="de">' in client.get("/model", headers={"accept-language": "en"}).text


@pytest.mark.parametrize("language", ["", "xx", "de\r\nx: y"])
def test_unknown_language_is_refused(client: TestClient, language: str) -> None:
    token = Page(client.get("/model").text).fields["csrf_token"]
    assert client.post("/language", data={"csrf_token": token, "language": language}).status_code == 422


def test_language_leads_to_no_other_site(client: TestClient) -> None:
    token = Page(client.get("/model").text).fields["csrf_token"]
    data = {"csrf_token": token, "language": "de", "to": "//evil.example"}
    assert client.post("/language", data=data, follow_redirects=False).headers["location"] == "/"
