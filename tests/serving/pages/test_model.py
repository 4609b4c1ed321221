"""The page of the model: one sentence first, then the figures of GET /v1/model, or how to get a model."""

import html
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from serving.pages.model import FEATURES_SHOWN, METRICS, calibration_points, claim_of
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats
from tests.builders.pages.html_page import Page
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application

FORMATS = Formats("en")
TEXT = Translator(FORMATS)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_page_begins_with_what_the_model_is_worth(client: TestClient, bundle: Bundle) -> None:
    claim = claim_of(bundle.metrics)
    assert claim is not None
    lift, share = FORMATS.number(round(claim["lift"], 1)), FORMATS.percent(claim["share"])
    sentence = TEXT(f"model.claim_{claim['kind']}", lift=lift, share=share)
    words = Page(client.get("/model").text).words
    assert plain(sentence) in words
    assert words.index(plain(sentence)) < words.index("Do promises come true?")


def test_page_shows_the_figures_of_the_api(client: TestClient) -> None:
    record = client.get("/v1/model").json()
    page = html.unescape(client.get("/model").text)
    words = plain(Page(page).words)
    for name in METRICS:
        assert TEXT(f"model.meaning_{name}") in words
        for metrics in (record["metrics"], *record["baselines"].values()):
            value = metrics[name]
            shown = FORMATS.percent(value) if name.endswith("_error") else FORMATS.number(value)
            assert value is None or plain(shown) in words, name
    for row in record["importance"][:FEATURES_SHOWN]:
        assert row["label"] in words
    for row in record["calibration"]:
        assert plain(FORMATS.percent(row["won"])) in words
    assert f"model {record['model_version']}" in words


def test_page_speaks_german(client: TestClient) -> None:
    words = Page(client.get("/model", headers={"accept-language": "de"}).text).words
    assert "Treffen die Versprechen ein?" in words


@pytest.mark.parametrize(
    ("metrics", "kind"),
    [
        ({"lift_10": 3.0, "wins_error": 0.08}, "high"),
        ({"lift_10": 3.0, "wins_error": -0.08}, "low"),
        ({"lift_10": 3.0, "wins_error": 0.01}, "right"),
        ({"lift_10": 3.0, "wins_error": None}, "lift"),
    ],
)
def test_claim_says_on_which_side_promises_were(metrics: dict[str, float | None], kind: str) -> None:
    claim = claim_of(metrics)
    assert claim is not None
    assert claim["kind"] == kind


def test_without_figures_there_is_no_claim_and_no_chart() -> None:
    assert claim_of({}) is None
    assert calibration_points([]) is None


def test_points_of_the_chart_lie_inside_of_it() -> None:
    chart = calibration_points([{"probability": 0.0, "won": 0.3}, {"probability": 1.0, "won": 0.0}])
    assert chart is not None
    assert chart["top"] == 1.0
    assert chart["points"] == [(0.0, pytest.approx(70.0)), (100.0, 100.0)]


def test_without_a_model_the_page_says_what_to_do(tmp_path: Path) -> None:
    with caller(application(FakeRuntime(tmp_path / "home", None))) as client:
        page = client.get("/model").text
        assert "No model is in use yet" in page
        assert "leadcast train DATA" in page


@pytest.mark.parametrize("path", ["/", "/model", "/forecast"])
def test_while_a_model_is_loaded_pages_wait_for_it(tmp_path: Path, path: str) -> None:
    runtime = FakeRuntime(tmp_path / "home", None)
    runtime.watch.is_loading = True
    with caller(application(runtime), accept="text/html") as client:
        page = client.get(path, headers={"accept-language": "en"}).text
        assert "The model is being loaded" in page
        assert "No model is in use yet" not in page
        assert '<meta http-equiv="refresh" content="3">' in page, "without scripts it reads itself anew"
        assert Page(page).faults == Page(page).open_tags == []
        assert client.get("/model/loading").status_code == 204
        runtime.watch.is_loading = False
        assert client.get("/model/loading").headers["hx-refresh"] == "true"
        assert "The model is being loaded" not in client.get(path).text
