"""Style sheets and scripts: served by name, compressed if large and wanted."""

import pytest
from starlette.testclient import TestClient

from serving.pages.assets import CACHE_CONTROL, FOLDER, MEDIA_TYPES
from tests.builders.html_page import SCRIPTS


def test_scripts_are_compressed_for_clients_that_accept_it(client: TestClient) -> None:
    for script in SCRIPTS:
        assert client.get(script).headers["content-type"].startswith("text/javascript")
    compressed = client.get(SCRIPTS[0], headers={"accept-encoding": "gzip"})
    plain = client.get(SCRIPTS[0], headers={"accept-encoding": "identity"})
    assert (compressed.headers["content-encoding"], compressed.content) == ("gzip", plain.content)
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("name", ["nothing.css", "..%2Frendering.py", "%2Fetc%2Fpasswd", "pictures.py"])
def test_other_name_is_not_found(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_every_asset_has_its_type_and_may_be_kept(client: TestClient) -> None:
    for path in FOLDER.iterdir():
        if path.suffix in MEDIA_TYPES:
            answer = client.get(f"/static/{path.name}")
            assert answer.content == path.read_bytes()
            assert answer.headers["content-type"].startswith(MEDIA_TYPES[path.suffix])
            assert answer.headers["cache-control"] == CACHE_CONTROL
