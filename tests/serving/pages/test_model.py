"""The page of the model: metrics with their meaning, or how to get a model."""

from pathlib import Path

from starlette.testclient import TestClient

from models.bundle import Bundle
from serving.pages.model import FEATURES_SHOWN, METRICS
from tests.builders.service_client import caller
from tests.builders.store_fakes import FakeRuntime, application


def test_page_shows_metrics_with_their_meaning(client: TestClient, bundle: Bundle) -> None:
    page = client.get("/model").text
    shown = [name for name in METRICS if name in bundle.describe()["metrics"]]
    assert shown
    assert all(METRICS[name].split(";")[0].replace("'", "&#39;") in page for name in shown)
    assert bundle.version in page


def test_most_important_features_come_first(client: TestClient, bundle: Bundle) -> None:
    page = client.get("/model").text
    importance = bundle.card["importance"]
    assert importance
    shown = [page.find(str(entry["feature"])) for entry in importance[:FEATURES_SHOWN]]
    assert -1 not in shown[:3]


def test_without_a_model_the_page_says_what_to_do(tmp_path: Path) -> None:
    with caller(application(FakeRuntime(tmp_path / "home", None))) as client:
        page = client.get("/model").text
        assert "No model is in use yet" in page
        assert "leadcast train DATA" in page
