"""The record of the model: the bundle's description, its card, labels of features, versions of the home."""

from pathlib import Path

import pytest

from models.bundle import Bundle
from models.home.pointer import load_champion, read_pointer
from serving.api.model_record import model_record
from serving.model.errors import NoModel
from serving.model.watch import ModelWatch


@pytest.fixture
def bundle(champion_home: Path) -> Bundle:
    pointer = read_pointer(champion_home)
    assert pointer is not None
    return load_champion(pointer)


def test_record_holds_the_card_with_labels_and_versions(champion_home: Path, bundle: Bundle) -> None:
    watch = ModelWatch(champion_home)
    watch.current = bundle
    record = model_record(watch, champion_home)
    assert record.items() >= bundle.describe().items()
    assert record["baselines"] == bundle.card["baselines"]
    assert record["segments"] == bundle.card["fairness"]
    assert [row["feature"] for row in record["importance"]] == [
        row["feature"] for row in bundle.card["importance"]
    ]
    assert all(row["label"] != row["feature"] for row in record["importance"])
    assert [(v["model_version"], v["in_use"]) for v in record["versions"]] == [("1", True)]


def test_without_a_model_there_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(NoModel):
        model_record(ModelWatch(tmp_path), tmp_path)
