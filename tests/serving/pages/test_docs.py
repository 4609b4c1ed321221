"""The page of the API reference: every operation and every record of the description."""

from starlette.testclient import TestClient


def test_page_shows_every_operation_and_record(client: TestClient) -> None:
    page, document = client.get("/docs").text, client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        assert path in page
        for method in methods:
            assert method.upper() in page or method in page
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
