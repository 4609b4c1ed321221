"""Backup and restore: the store and the champion in one file."""

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, delete, select

from history.base.errors import DamagedArtifact
from history.base.locked_tempdir import locked_tempdir
from models.home.pointer import Pointer, load_champion, read_pointer, sync_folder, write_pointer
from serving.store.database.engine import StoreEngine
from serving.store.database.transaction import RESTORED
from serving.store.migrate import HEAD
from serving.store.schema import metadata
from serving.store.transfer.archive import STORE, pack, unpack

SCRATCH = ".leadcast-backup-"
ROWS_PER_INSERT = 5_000


@dataclass(frozen=True)
class Backup:
    """The content of a backup file; model_version is None if no model was promoted."""

    file: Path
    bytes: int
    leads: int
    model_version: str | None


def backup(engine: StoreEngine, file: Path, now_us: int) -> Backup:
    """Writes one view of the store and the champion's bundle into `file`; the service goes on meanwhile.

    Raises DamagedArtifact for a champion that could not be restored: better now than when the backup is needed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with locked_tempdir(file.parent, SCRATCH) as folder:
        leads = _copy_out(engine, folder / STORE)
        pointer = read_pointer(engine.home)
        if pointer is not None:
            _copy_champion(pointer, folder)
        version = pointer.model_version if pointer else None
        manifest = {"schema": HEAD, "created_us": now_us, "leads": leads, "model_version": version}
        pack(folder, manifest, file)
    return Backup(file, file.stat().st_size, leads, version)


def restore(engine: StoreEngine, file: Path) -> Backup:
    """Replaces the store and the champion by a backup; raises DamagedArtifact for a bad file and changes nothing."""
    with locked_tempdir(engine.home, SCRATCH) as folder:
        manifest = unpack(file, folder)
        _check_store(folder / STORE)
        pointer = read_pointer(folder)
        if pointer is not None:
            load_champion(pointer)
        _mark_restored(folder / STORE)
        _copy_in(engine, folder / STORE)
        if pointer is not None:
            _install_champion(engine.home, pointer)
    return Backup(file, file.stat().st_size, manifest["leads"], manifest["model_version"])


def _mark_restored(store: Path) -> None:
    """Gives the store another mark: it assigns numbers of rows again, by which processes know what they kept."""
    with closing(sqlite3.connect(store)) as connection, connection:
        values = (RESTORED, secrets.token_hex(8))
        connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", values)


def _copy_out(engine: StoreEngine, target: Path) -> int:
    """Copies one view of the store into a SQLite file of its own; returns its number of leads."""
    engine.ensure()
    if engine.path is not None:
        with _opened_read_only(engine.path) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    else:
        _copy_server_out(engine, target)
    os.chmod(target, 0o600)
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a write-ahead log beside it
        return int(copy.execute("SELECT count(*) FROM leads").fetchone()[0])


def _copy_server_out(engine: StoreEngine, target: Path) -> None:
    home = target.parent / "copy"
    file_engine = StoreEngine(home, f"sqlite:///{target}")
    with engine.reading() as source, file_engine.writing() as copy:
        _copy_rows(source, copy)
    file_engine.close()
    shutil.rmtree(home)
    (target.parent / "store.ballast").unlink(missing_ok=True)


def _copy_in(engine: StoreEngine, source: Path) -> None:
    """Replaces the store's content by the file's, in one transaction: readers see all of it or nothing."""
    if engine.path is not None:
        engine.replace_by(source)
        return
    file_engine = StoreEngine(source.parent / "copy", f"sqlite:///{source}")
    with file_engine.reading() as rows, engine.writing() as connection:
        _copy_rows(rows, connection)
    file_engine.close()


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        target.execute(delete(table))
    for table in metadata.sorted_tables:
        result = source.execution_options(stream_results=True).execute(select(table))
        while rows := result.fetchmany(ROWS_PER_INSERT):
            target.execute(table.insert(), [dict(row._mapping) for row in rows])


def _check_store(path: Path) -> None:
    try:
        with _opened_read_only(path) as connection:
            integrity = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    except sqlite3.Error as error:
        raise DamagedArtifact(
            f"{path.name} of the backup is not a store ({error}); use another backup"
        ) from None
    if integrity != "ok":
        raise DamagedArtifact(f"{path.name} of the backup is damaged ({integrity}); use another backup")
    if revision > HEAD:
        raise DamagedArtifact(
            f"the backup has schema {revision}, this version of Leadcast knows up to {HEAD}: use the newer one"
        )


def _opened_read_only(path: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True))


def _copy_champion(pointer: Pointer, folder: Path) -> None:
    """Copies the bundle and its pointer into `folder`, verified."""
    copy = replace(pointer, folder=folder / "bundles" / pointer.folder.name)
    if pointer.folder.is_dir():
        shutil.copytree(pointer.folder, copy.folder)
    load_champion(copy)
    write_pointer(folder, copy)


def _install_champion(home: Path, pointer: Pointer) -> None:
    """Moves the bundle into the home, unless it is there intact, and points to it."""
    folder = home / "bundles" / pointer.folder.name
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    if not _is_intact(replace(pointer, folder=folder)):
        if folder.exists():  # moved into the scratch folder, which is deleted
            os.rename(folder, pointer.folder.with_name(".replaced"))
        os.rename(pointer.folder, folder)
        sync_folder(folder.parent)
    write_pointer(home, replace(pointer, folder=folder))


def _is_intact(pointer: Pointer) -> bool:
    """True for the bundle that the pointer describes. It stays in its place, so that a champion exists throughout."""
    try:
        load_champion(pointer)
    except DamagedArtifact:
        return False
    return True
