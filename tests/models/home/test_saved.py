"""The artifact: what is loaded scores as what was saved, to the last bit, and describes itself."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.history import History
from history.snapshot import open_leads
from models.bundle import Bundle
from models.figures.calibration import line
from models.home.saved import MANIFEST, MODEL, load_bundle, save_bundle, trees_digest
from models.scorer import score
from models.scores.scores import Scores


def texts(scores: Scores) -> str:
    """Every figure in full: Python writes the shortest text that gives the same float back."""
    return json.dumps(scores.records())


def test_saving_again_gives_the_same_files_and_scores(
    bundle: Bundle, bundle_folder: Path, history: History, tmp_path: Path
) -> None:
    digest = save_bundle(bundle, tmp_path / "again")
    files = sorted(path.name for path in bundle_folder.iterdir())
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == files
    for name in files:
        assert (tmp_path / "again" / name).read_bytes() == (bundle_folder / name).read_bytes(), name
    assert digest == hashlib.sha256((bundle_folder / MANIFEST).read_bytes()).hexdigest()
    snapshot = open_leads(history, history.as_of_us)
    again = load_bundle(tmp_path / "again", "7")
    assert texts(score(again, snapshot, None)) == texts(score(bundle, snapshot, None))


def test_a_model_in_memory_scores_as_its_bundle(bundle: Bundle, history: History, tmp_path: Path) -> None:
    """Also one that nothing was loaded into: another level, no amounts, weak or no signal."""
    snapshot = open_leads(history, history.as_of_us)
    for k, changed in enumerate(
        (
            replace(bundle, calibration=line(0.37, -0.1)),
            replace(bundle, amount=None),
            replace(bundle, is_weak=True),
            replace(bundle, conversion=None, reference=np.array([bundle.base_rate])),
        )
    ):
        save_bundle(changed, tmp_path / str(k))
        assert texts(score(load_bundle(tmp_path / str(k), "7"), snapshot)) == texts(score(changed, snapshot))


def test_files_are_private_and_nothing_else_is_left(bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(bundle, tmp_path / "one")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "one").iterdir()} == {0o600}


def test_the_manifest_names_every_file_with_its_digest(bundle_folder: Path) -> None:
    manifest = json.loads((bundle_folder / MANIFEST).read_text())
    others = {path.name for path in bundle_folder.iterdir()} - {MANIFEST}
    assert set(manifest["files"]) == others
    for name, expected in manifest["files"].items():
        assert hashlib.sha256((bundle_folder / name).read_bytes()).hexdigest() == expected
    trees = {name: (bundle_folder / name).read_text() for name in others if name.endswith(".txt")}
    assert manifest["trees_sha256"] == trees_digest(trees)


def test_the_digest_of_trees_ignores_what_is_written_beside_them(bundle_folder: Path) -> None:
    """LightGBM writes its parameters, thread count among them, behind the trees."""
    text = (bundle_folder / "conversion.txt").read_text()
    tail = text.index("end of trees")
    assert trees_digest({"a": text[:tail] + text[tail:].replace("1", "2")}) == trees_digest({"a": text})
    assert trees_digest({"a": text.replace("leaf_value=", "leaf_value=1", 1)}) != trees_digest({"a": text})
    assert trees_digest({"b": text}) != trees_digest({"a": text})


def test_the_card_and_the_model_are_strict_json(bundle_folder: Path) -> None:
    """NaN and Infinity are no JSON: other languages refuse them."""

    def refuse(constant: str) -> float:
        pytest.fail(f"{constant} in a bundle")

    for path in bundle_folder.glob("*.json"):
        json.loads(path.read_text(), parse_constant=refuse)
    assert json.loads((bundle_folder / MODEL).read_text())["trained_through_us"] > 0


def test_a_bundle_of_an_earlier_version_has_no_pace(bundle: Bundle, tmp_path: Path) -> None:
    assert bundle.pace is not None, "training learns it"
    save_bundle(bundle, tmp_path / "new")
    assert load_bundle(tmp_path / "new").pace == bundle.pace
    save_bundle(bundle, tmp_path / "old")
    model, manifest = (tmp_path / "old" / name for name in (MODEL, MANIFEST))
    content = json.loads(model.read_text("utf-8"))
    del content["pace"]
    model.write_text(json.dumps(content), "utf-8")
    described = json.loads(manifest.read_text("utf-8"))
    described["files"][MODEL] = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(described), "utf-8")
    assert load_bundle(tmp_path / "old").pace is None
