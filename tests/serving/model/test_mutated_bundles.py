"""Damaged bundles: each is refused with a reason, none takes the process with it, the old model stays."""

import asyncio
import hashlib
import json
import random
import shutil
from pathlib import Path

import pytest

import serving.model.watch
from models.home.pointer import Pointer, manifest_sha256, write_pointer
from models.home.saved import load_bundle
from serving.model.trial import try_in_child
from serving.model.watch import ModelWatch

MANIFEST = "manifest.json"
RESEALED = 15


def mutate(content: bytes, draw: random.Random) -> bytes:
    """The content with one small change: another byte, some bytes gone, doubled, or a cut end."""
    data = bytearray(content)
    at = draw.randrange(len(data))
    kind = draw.randrange(5)
    if kind == 0:
        data[at] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del data[at : at + draw.randint(1, 40)]
    elif kind == 2:
        data[at:at] = data[at : at + draw.randint(1, 40)] or b"0"
    elif kind == 3:
        del data[at:]
    else:
        digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
        place = draw.choice(digits) if digits else at
        data[place] = 48 + (data[place] - 47) % 10
    return bytes(data)


def damage(folder: Path, draw: random.Random) -> str:
    """Changes one file of the bundle; its name."""
    path = draw.choice(sorted(folder.iterdir()))
    before = path.read_bytes()
    after = before
    while after == before:
        after = mutate(before, draw)
    path.write_bytes(after)
    return path.name


def seal(folder: Path) -> None:
    """Writes the digests of the files as they are now, as somebody would who can write the home."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for name in manifest["files"]:
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        entry = manifest["files"][name]
        manifest["files"][name] = {**entry, "sha256": digest} if isinstance(entry, dict) else digest
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


def promote_mutant(home: Path, number: int, draw: random.Random) -> str:
    """Promotes a damaged copy of version 1, under the digest that the undamaged one had."""
    folder = home / "bundles" / f"m{number}"
    shutil.copytree(home / "bundles" / "1", folder)
    digest = manifest_sha256(folder)
    name = damage(folder, draw)
    write_pointer(home, Pointer(f"m{number}", folder, digest, ("1",)))
    return name


@pytest.mark.parametrize("count", [20, pytest.param(300, marks=pytest.mark.long)])
def test_every_damaged_bundle_is_refused(home: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the child process: the digests must show the damage before anything is parsed."""

    async def passes(_pointer: Pointer) -> None:
        """A trial that every bundle passes."""

    monkeypatch.setattr(serving.model.watch, "try_in_child", passes)
    watch = ModelWatch(home)
    asyncio.run(watch.look())
    draw = random.Random(7)
    for number in range(count):
        name = promote_mutant(home, number, draw)
        asyncio.run(watch.look())
        assert watch.bundle().version == "1", (number, name)
        assert watch.refused is not None, (number, name)
        assert watch.refused.model_version == f"m{number}"
        assert watch.refused.reason
        shutil.rmtree(home / "bundles" / f"m{number}")


@pytest.mark.long
def test_a_resealed_damaged_bundle_kills_at_most_its_trial(home: Path) -> None:
    """With matching digests only the trial in a child process protects the service; it always gives a verdict."""
    draw = random.Random(11)
    refused = 0
    for number in range(RESEALED):
        folder = home / "bundles" / f"s{number}"
        shutil.copytree(home / "bundles" / "1", folder)
        while damage(folder, draw) == MANIFEST:
            shutil.copy(home / "bundles" / "1" / MANIFEST, folder / MANIFEST)
        seal(folder)
        pointer = Pointer(f"s{number}", folder, manifest_sha256(folder), ("1",))
        reason = asyncio.run(try_in_child(pointer))
        refused += reason is not None
        if reason is None:
            load_bundle(folder, "s")  # what the trial lets through can be loaded here
        shutil.rmtree(folder)
    assert refused >= RESEALED // 4
