"""The store and the champion in one file: a tar with a manifest, written whole, verified before it is put back."""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, delete, select

from history.errors import DamagedArtifact
from models.pointer import POINTER, Pointer, load_champion, read_pointer, sync_folder, write_pointer
from serving.base.locked_tempdir import scratch
from serving.store.engine import StoreEngine
from serving.store.migrate import HEAD
from serving.store.schema import metadata

FORMAT = 1
MANIFEST, STORE = "backup.json", "store.db"
SCRATCH = ".leadcast-backup-"
LARGEST_MANIFEST = 1 << 20
ROWS_AT_ONCE = 5_000
CHUNK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """What a backup file holds; model_version is None where no model was promoted."""

    file: Path
    bytes: int
    leads: int
    model_version: str | None


def backup(engine: StoreEngine, file: Path, now_us: int) -> Backup:
    """Writes one view of the store and the champion's bundle into `file`, while the service goes on.

    DamagedArtifact for a champion that could not be restored: it is found now, not when the backup is needed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with scratch(file.parent, SCRATCH) as folder:
        leads = _copy_out(engine, folder / STORE)
        pointer = read_pointer(engine.home)
        if pointer is not None:
            copied = replace(pointer, folder=folder / "bundles" / pointer.folder.name)
            if pointer.folder.is_dir():
                shutil.copytree(pointer.folder, copied.folder)
            load_champion(copied)
            write_pointer(folder, copied)
        version = pointer.model_version if pointer else None
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        manifest = {
            "format": FORMAT,
            "schema": HEAD,
            "created_us": now_us,
            "leads": leads,
            "model_version": version,
            "files": {name: _digest(folder / name) for name in names},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        _pack(folder, [MANIFEST, *names], file)
    return Backup(file, file.stat().st_size, leads, version)


def restore(engine: StoreEngine, file: Path) -> Backup:
    """Puts a backup in the place of the store and of the champion; DamagedArtifact and no change for a bad file."""
    with scratch(engine.home, SCRATCH) as folder:
        manifest = _unpack(file, folder)
        _check_store(folder / STORE)
        pointer = read_pointer(folder)
        if pointer is not None:
            load_champion(pointer)
        _copy_in(engine, folder / STORE)
        if pointer is not None:
            _take_bundle(engine.home, pointer)
    return Backup(file, file.stat().st_size, manifest["leads"], manifest["model_version"])


def _copy_out(engine: StoreEngine, target: Path) -> int:
    """One view of the store as a SQLite file of its own; how many leads it has."""
    engine.ensure()
    if engine.path is not None:
        with (
            closing(sqlite3.connect(f"{engine.path.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    else:
        files = StoreEngine(target.parent / "copy", f"sqlite:///{target}")
        with engine.reading() as source_rows, files.writing() as copy_rows:
            _copy_rows(source_rows, copy_rows)
        files.close()
        shutil.rmtree(target.parent / "copy")
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")
        (target.parent / "store.ballast").unlink(missing_ok=True)
    os.chmod(target, 0o600)
    with closing(sqlite3.connect(target)) as copy:
        return int(copy.execute("SELECT count(*) FROM leads").fetchone()[0])


def _copy_in(engine: StoreEngine, source: Path) -> None:
    """Replaces the store's content by the file's, in one transaction that readers see whole or not at all."""
    if engine.path is not None:
        engine.replace_by(source)
        return
    files = StoreEngine(source.parent / "copy", f"sqlite:///{source}")
    with files.reading() as given, engine.writing() as connection:
        _copy_rows(given, connection)
    files.close()


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        target.execute(delete(table))
    for table in metadata.sorted_tables:
        result = source.execution_options(stream_results=True).execute(select(table))
        while rows := result.fetchmany(ROWS_AT_ONCE):
            target.execute(table.insert(), [dict(row._mapping) for row in rows])


def _check_store(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    except sqlite3.Error as error:
        raise DamagedArtifact(
            f"{path.name} of the backup is not a store ({error}); use another backup"
        ) from None
    if found != "ok":
        raise DamagedArtifact(f"{path.name} of the backup is damaged ({found}); use another backup")
    if revision > HEAD:
        raise DamagedArtifact(
            f"the backup has schema {revision}, this Leadcast knows up to {HEAD}: use the newer one"
        )


def _take_bundle(home: Path, pointer: Pointer) -> None:
    folder = home / "bundles" / pointer.folder.name
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    if not _is_there(folder, pointer):
        if folder.exists():  # goes with the scratch folder that the new one comes from
            os.rename(folder, pointer.folder.with_name(".replaced"))
        os.rename(pointer.folder, folder)
        sync_folder(folder.parent)
    write_pointer(home, replace(pointer, folder=folder))


def _is_there(folder: Path, pointer: Pointer) -> bool:
    """Whether a bundle is the one pointed at, whole: then it stays, and the champion is there at every moment."""
    try:
        load_champion(replace(pointer, folder=folder))
    except DamagedArtifact:
        return False
    return True


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(folder: Path, names: list[str], file: Path) -> None:
    temporary = file.with_name(f".{file.name}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                for name in names:
                    tar.add(folder / name, arcname=name, recursive=False, filter=_anonymous)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Extracts what the manifest names, every digest checked; DamagedArtifact for anything else."""
    try:
        with tarfile.open(file, mode="r:") as tar:
            members = tar.getmembers()
            manifest = _manifest(tar, members)
            if {m.name for m in members} != {MANIFEST, *manifest["files"]} or STORE not in manifest["files"]:
                raise DamagedArtifact(f"{file} does not hold what its manifest says; use another backup")
            for member in members:
                _extract(tar, member, folder)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(
            f"{file} is not a backup ({error!r}); use one that `leadcast backup` wrote"
        ) from None
    for name, digest in manifest["files"].items():
        if _digest(folder / name) != digest:
            raise DamagedArtifact(f"{name} in {file} is damaged; use another backup")
    if (POINTER in manifest["files"]) != (manifest["model_version"] is not None):
        raise DamagedArtifact(f"{file} names a model that it does not hold; use another backup")
    return manifest


def _manifest(tar: tarfile.TarFile, members: list[tarfile.TarInfo]) -> dict[str, Any]:
    first = members[0] if members else None
    if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST:
        raise ValueError("no manifest")
    content = tar.extractfile(first)
    manifest: dict[str, Any] = json.loads(content.read() if content else b"")
    if manifest["format"] != FORMAT or not isinstance(manifest["files"], dict):
        raise ValueError("another format")
    if type(manifest["leads"]) is not int or not isinstance(manifest["model_version"], str | None):
        raise ValueError("a manifest that says nothing of leads or model")
    return manifest


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name)
    if not member.isreg() or name.is_absolute() or ".." in name.parts:
        raise ValueError("an unsafe member")
    content = tar.extractfile(member)
    target = folder / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        if content is not None:
            shutil.copyfileobj(content, out, CHUNK)
