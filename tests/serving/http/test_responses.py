"""Errors as problems, and as pages for browsers."""

from starlette.testclient import TestClient

from tests.builders.service.service_client import problem


def test_every_error_has_one_shape(fake_client: TestClient) -> None:
    problem(fake_client.get("/v1/nothing"), 404)
    problem(fake_client.get("/nothing"), 404)
    assert fake_client.delete("/v1/score").headers["allow"] == "POST"
    problem(fake_client.delete("/v1/score"), 405)
    problem(fake_client.get("/v1/model/"), 404)
    problem(fake_client.options("/v1/score"), 405)
    problem(fake_client.post("/v1/score", content=b"{", headers={"content-type": "application/json"}), 422)
    problem(fake_client.get("/static/../app.py"), 404)
    problem(fake_client.get("/static/%2e%2e%2fapp.py"), 404)
    problem(fake_client.get(f"/static/{'a' * 300}.css"), 404)
    problem(fake_client.get("/v1/leads/%00"), 422)


def test_a_browser_gets_an_error_as_a_page(fake_client: TestClient) -> None:
    answer = fake_client.get("/nothing", headers={"accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        fake_client.get("/v1/nothing", headers={"accept": "text/html"}).headers["content-type"]
        == "application/problem+json"
    )
