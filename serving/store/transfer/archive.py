"""The backup file: a tar with a manifest of SHA-256 digests, written whole and verified before it is used."""

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from history.base.errors import DamagedArtifact
from models.home.pointer import POINTER, sync_folder

FORMAT = 1
MANIFEST, STORE = "backup.json", "store.db"
LARGEST_MANIFEST_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20

Manifest = dict[str, Any]


def pack(folder: Path, manifest: Manifest, file: Path) -> None:
    """Writes the files of `folder`, with their digests in the manifest, as `file`: whole or not at all."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    digests = {name: _digest(folder / name) for name in names}
    text = json.dumps({"format": FORMAT, **manifest, "files": digests}, indent=1)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    temporary = file.with_name(f".{file.name}.part")
    try:
        _write_tar(folder, [MANIFEST, *names], temporary)
        os.replace(temporary, file)
    except BaseException:  # also at Ctrl+C: no half backup stays beside the whole ones
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _write_tar(folder: Path, names: Sequence[str], target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name in names:
                tar.add(folder / name, arcname=name, recursive=False, filter=_anonymous)
        out.flush()
        os.fsync(out.fileno())


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The member without the names and rights of the user who wrote it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def unpack(file: Path, folder: Path) -> Manifest:
    """Extracts the files of a backup into `folder` and returns its manifest.

    Raises DamagedArtifact unless the file holds exactly the files of its manifest, with their digests.
    """
    try:
        # "r:" reads plain tars only: a small compressed file cannot fill the disk.
        with tarfile.open(file, mode="r:") as tar:
            members = tar.getmembers()
            manifest = _read_manifest(tar, members)
            _check_names(file, manifest, [member.name for member in members])
            for member in members:
                _extract(tar, member, folder)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(
            f"{file} is not a backup ({error!r}); use one that `leadcast backup` wrote"
        ) from None
    for name, digest in manifest["files"].items():
        if _digest(folder / name) != digest:
            raise DamagedArtifact(f"{name} in {file} is damaged; use another backup")
    has_model = POINTER in manifest["files"]
    if has_model != (manifest["model_version"] is not None):
        raise DamagedArtifact(f"{file} names a model that it does not hold; use another backup")
    return manifest


def _read_manifest(tar: tarfile.TarFile, members: Sequence[tarfile.TarInfo]) -> Manifest:
    """The manifest, which is the first member. Raises ValueError, KeyError or TypeError for a malformed one."""
    first = members[0] if members else None
    if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST_BYTES:
        raise ValueError("no manifest")
    content = tar.extractfile(first)
    manifest: Manifest = json.loads(content.read() if content else b"")
    if manifest["format"] != FORMAT or not isinstance(manifest["files"], dict):
        raise ValueError("unknown format")
    if type(manifest["leads"]) is not int or not isinstance(manifest["model_version"], str | None):
        raise ValueError("a manifest without leads or model_version")
    return manifest


def _check_names(file: Path, manifest: Manifest, names: Sequence[str]) -> None:
    if set(names) != {MANIFEST, *manifest["files"]} or STORE not in manifest["files"]:
        raise DamagedArtifact(f"{file} does not hold the files that its manifest lists; use another backup")


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    # tarfile's extraction filters came with Python 3.11.4; this holds for every version.
    name = PurePosixPath(member.name)
    if not member.isreg() or name.is_absolute() or ".." in name.parts:
        raise ValueError("unsafe member")
    content = tar.extractfile(member)
    target = folder / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        if content is not None:
            shutil.copyfileobj(content, out, CHUNK_BYTES)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
