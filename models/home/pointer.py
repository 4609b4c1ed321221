"""The champion in a home: one small file that names the exported bundle in use, moved atomically."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from history.base.atomic_file import replacing
from history.base.errors import DamagedArtifact
from history.base.warnings import Warning
from models.bundle import Bundle
from models.home.saved import MANIFEST, load_bundle

POINTER = "champion.json"


@dataclass(frozen=True)
class Pointer:
    """The version in use: its exported bundle, the sha256 of its manifest, and the versions before.

    folder is absolute here, relative to the home in the file: a home can be moved. before: versions promoted earlier,
    latest first.
    """

    model_version: str
    folder: Path
    manifest_sha256: str
    before: tuple[str, ...] = ()


def manifest_sha256(folder: Path) -> str:
    """The sha256 of a bundle's manifest; DamagedArtifact if it cannot be read."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise DamagedArtifact(f"{folder / MANIFEST}: {error.strerror}; promote a version again") from None


def read_pointer(home: Path) -> Pointer | None:
    """The champion of this home, None if none was promoted; DamagedArtifact if the file cannot be used."""
    path = home / POINTER
    try:
        content = json.loads(path.read_bytes())
        folder = (home / content["folder"]).resolve()
        pointer = Pointer(
            str(content["model_version"]),
            home / content["folder"],
            str(content["manifest_sha256"]),
            tuple(str(v) for v in content["before"]),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedArtifact(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(f"{path}: not a champion file ({error!r}); promote a version again") from None
    # Links are followed first, so that no link leads out of the home.
    if not folder.is_relative_to(home.resolve()):
        raise DamagedArtifact(f"{path}: points outside of its home, to {folder}; promote a version again")
    return pointer


def load_champion(pointer: Pointer) -> Bundle:
    """The bundle pointed at, verified against the pointer and its own manifest; DamagedArtifact otherwise."""
    if manifest_sha256(pointer.folder) != pointer.manifest_sha256:
        raise DamagedArtifact(f"{pointer.folder}: not the bundle that was promoted; promote a version again")
    return load_bundle(pointer.folder, pointer.model_version)


def champion(home: Path) -> Bundle | None:
    """The promoted model of a home, verified; None if none was promoted, DamagedArtifact if it is damaged."""
    pointer = read_pointer(home)
    return None if pointer is None else load_champion(pointer)


@dataclass(frozen=True)
class Champion:
    """The promoted model, None without one, and the warning `model_refused` if it is damaged."""

    bundle: Bundle | None
    warnings: list[Warning]


def champion_if_sound(home: Path) -> Champion:
    """The champion for reports that also work without one."""
    try:
        return Champion(champion(home), [])
    except DamagedArtifact as error:
        return Champion(None, [Warning("model_refused", "", str(error))])


def write_pointer(home: Path, pointer: Pointer) -> None:
    """Replaces the champion file in one step, durably, mode 0600."""
    content = {
        "model_version": pointer.model_version,
        "folder": pointer.folder.relative_to(home).as_posix(),
        "manifest_sha256": pointer.manifest_sha256,
        "before": list(pointer.before),
    }
    with replacing(home / POINTER) as file:
        file.write(json.dumps(content, indent=1).encode())
    sync_folder(home)


def sync_folder(folder: Path) -> None:
    """Makes renames within a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
