"""A damaged bundle is refused before anything parses it, whatever was changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.base.errors import DamagedArtifact
from models.home import saved
from models.home.pointer import Pointer, load_champion, manifest_sha256
from models.home.saved import MANIFEST, WORDED_FORMAT, load_bundle, read_verified

Change = Callable[[bytes, np.random.Generator], bytes]


def flipped(data: bytes, random: np.random.Generator) -> bytes:
    at = int(random.integers(len(data)))
    return data[:at] + bytes([data[at] ^ (1 << int(random.integers(8)))]) + data[at + 1 :]


def truncated(data: bytes, random: np.random.Generator) -> bytes:
    return data[: int(random.integers(len(data)))]


def doubled(data: bytes, random: np.random.Generator) -> bytes:
    at = int(random.integers(len(data)))
    return data[:at] + data[at : at + 40] + data[at:]


def blanked(data: bytes, random: np.random.Generator) -> bytes:
    """A page of zeros, as a crash of the file system leaves it."""
    at = int(random.integers(len(data)))
    return data[:at] + bytes(len(data[at : at + 4096])) + data[at + 4096 :]


CHANGES = (flipped, truncated, doubled, blanked)


@pytest.fixture
def copy(bundle_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))


@pytest.fixture
def no_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: Any, **__: Any) -> None:
        raise AssertionError("a damaged bundle was parsed")

    monkeypatch.setattr(saved, "trees_from_text", parse)
    monkeypatch.setattr(saved, "_assemble", parse)


@pytest.mark.usefixtures("no_trees")
@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_a_listed_file_is_refused(copy: Path, change: Change) -> None:
    random = np.random.default_rng(CHANGES.index(change))
    for path in sorted(copy.iterdir()):
        if path.name == MANIFEST:
            continue
        good = path.read_bytes()
        for _ in range(25):
            bad = change(good, random)
            if bad == good:
                continue
            path.write_bytes(bad)
            with pytest.raises(DamagedArtifact, match=path.name):
                load_bundle(copy)
        path.write_bytes(good)


@pytest.mark.usefixtures("no_trees")
@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_manifest_is_refused_by_the_pointer(copy: Path, change: Change) -> None:
    pointer = Pointer("7", copy, manifest_sha256(copy))
    good = (copy / MANIFEST).read_bytes()
    random = np.random.default_rng(CHANGES.index(change))
    for _ in range(100):
        (copy / MANIFEST).write_bytes(change(good, random))
        if (copy / MANIFEST).read_bytes() != good:
            with pytest.raises(DamagedArtifact):
                load_champion(pointer)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_manifest_raises_only_damaged_artifact(copy: Path, change: Change) -> None:
    """Its digests still hold every file to what was written: whatever passes is the same model."""
    good = (copy / MANIFEST).read_bytes()
    original = read_verified(copy)
    random = np.random.default_rng(10 + CHANGES.index(change))
    for _ in range(150):
        (copy / MANIFEST).write_bytes(change(good, random))
        try:
            found = read_verified(copy)
        except DamagedArtifact:
            continue
        assert all(found[name] == original[name] for name in found if name != MANIFEST)


@pytest.mark.parametrize("key", ["files", "format", "feature_set_id", "trees_sha256"])
def test_a_manifest_without_a_key_is_refused(copy: Path, key: str) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    del manifest[key]
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DamagedArtifact):
        load_bundle(copy)


@pytest.mark.parametrize("content", ["", "[]", "null", "3", '{"files": []}', '{"format": 2, "files": "x"}'])
def test_a_file_that_is_not_a_manifest_is_refused(copy: Path, content: str) -> None:
    (copy / MANIFEST).write_text(content)
    with pytest.raises(DamagedArtifact, match=MANIFEST):
        load_bundle(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "", ".", "..", "nul\x00byte", "\ud800"])
def test_a_manifest_names_plain_files_of_its_own_folder(copy: Path, name: str) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["files"][name] = "0" * 64
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DamagedArtifact):
        load_bundle(copy)


def test_a_missing_file_and_a_link_are_refused(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "model.json", tmp_path / "model.json")
    with pytest.raises(DamagedArtifact, match=r"model\.json"):
        load_bundle(copy)
    (copy / "model.json").symlink_to(tmp_path / "model.json")
    with pytest.raises(DamagedArtifact, match=r"model\.json"):
        load_bundle(copy)


def test_another_format_or_feature_set_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    for changed in ({"format": 99}, {"feature_set_id": "0" * 16}):
        (copy / MANIFEST).write_text(json.dumps({**manifest, **changed}))
        with pytest.raises(DamagedArtifact, match="train again"):
            load_bundle(copy)


def test_a_bundle_of_format_2_is_read(copy: Path) -> None:
    """Its feature_set_id also covered the wording of reasons, which has changed since."""
    manifest = json.loads((copy / MANIFEST).read_text())
    expected = load_bundle(copy).features
    worded = {**manifest, "format": WORDED_FORMAT, "feature_set_id": "0" * 64}
    (copy / MANIFEST).write_text(json.dumps(worded))
    assert load_bundle(copy).features == expected


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedArtifact, match="nowhere"):
        load_bundle(tmp_path / "nowhere")
