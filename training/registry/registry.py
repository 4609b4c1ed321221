"""The versions of the model `leadcast`: MLflow's, and the exported bundles and pointer that a service reads."""

import os
import shutil
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from history.errors import DamagedArtifact, InvalidInput
from models.bundle import MANIFEST, load_bundle
from models.pointer import Pointer, manifest_sha256, read_pointer, sync_folder, write_pointer
from training.registry.home import HomeLock, remove_export, secure
from training.registry.mlflow import CHAMPION, Run, Tracking, Version

KEPT_EXPORTS = 5
KEPT_BEFORE = 50
LEAST_FREE = 16 << 20  # bytes: a run with its plots, and its bundle twice, are some MB


@dataclass(frozen=True)
class RegisteredVersion:
    """A version as just registered, and the MLflow run that it came from."""

    model_version: str
    run_id: str


class Registry:
    """The versions known to a home: MLFLOW_TRACKING_URI, or SQLite under the home.

    One process at a time changes it (a lock file in the home). The pointer file is moved last, so what a service
    reads is always a whole, verified bundle.
    """

    def __init__(self, home: Path, tracking_uri: str | None = None) -> None:
        self.home = home.absolute()
        self.mlflow = Tracking(self.home, tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or None)
        self.exclusive = HomeLock(self.home)

    def check_writable(self) -> None:
        """Fails early if a result could not be stored; a missing home is not created.

        Raises InvalidInput or OSError if the home is read-only or full, or MLflow is unreachable or damaged.
        """
        there = next(folder for folder in (self.home, *self.home.parents) if folder.is_dir())
        if not os.access(there, os.W_OK):
            raise InvalidInput(f"{there} cannot be written: choose another --home or LEADCAST_HOME")
        if shutil.disk_usage(there).free < LEAST_FREE:
            raise InvalidInput(
                f"{there} has less than {LEAST_FREE >> 20} MB free: make room, then run it again"
            )
        with self.exclusive() if there == self.home else nullcontext(), self.mlflow.spoken():
            self.mlflow.ask()

    def register(self, run: Run) -> RegisteredVersion:
        """Logs a run with its folder and registers its bundle as challenger.

        A number is never used twice in a home, not even that of a version which only a backup brought.
        """
        with self.exclusive(), self.mlflow.spoken():
            run_id = self.mlflow.log(run, self.exclusive.mark())
            self._settle()
            current = self._pointer()
            taken = self._exported() | ({current.model_version, *current.before} if current else set())
            return RegisteredVersion(self.mlflow.add_version(run, run_id, taken), run_id)

    def log(self, run: Run) -> str:
        """Logs a run with its folder, without a version of the model; returns the run id."""
        with self.exclusive(), self.mlflow.spoken():
            return self.mlflow.log(run, self.exclusive.mark())

    def promote(self, alias_or_version: str) -> str:
        """Makes a version the champion and returns it: exports and verifies, moves the alias, then the pointer."""
        with self.exclusive():
            version = self.resolve(alias_or_version)
            current = self._pointer()
            if current is None:
                before: tuple[str, ...] = ()
            elif current.model_version == version:
                before = current.before
            else:
                before = (current.model_version, *current.before)[:KEPT_BEFORE]
            self._point(version, before)
            return version

    def rollback(self) -> str:
        """Goes back to the version promoted before the champion and returns it; InvalidInput when there is none."""
        with self.exclusive():
            current = read_pointer(self.home)
            if current is None or not current.before:
                raise InvalidInput(
                    "no version was promoted before the one in use: there is nothing to go back to"
                )
            version = self.resolve(current.before[0])
            self._point(version, current.before[1:])
            return version

    def versions(self) -> list[Version]:
        """Every version, the newest first: the registered ones, and those of which this home has the bundle alone.

        Asking creates no database in a new home, which takes long.
        """
        known: list[Version] = []
        if self.mlflow.is_there:
            with self.exclusive(), self.mlflow.spoken():
                self._settle()
                known = self.mlflow.versions()
        brought = self._exported() - {v.model_version for v in known}
        return sorted([*known, *self._brought(brought)], key=lambda v: -int(v.model_version))

    def resolve(self, alias_or_version: str) -> str:
        """The version that a number or alias stands for; InvalidInput lists what there is."""
        if alias_or_version == CHAMPION and (champion := read_pointer(self.home)) is not None:
            return champion.model_version
        if alias_or_version.isdecimal() and (self.home / "bundles" / alias_or_version).is_dir():
            return alias_or_version
        known = self.versions()
        for version in known:
            if alias_or_version in (version.model_version, *version.aliases):
                return version.model_version
        there = (
            ", ".join(v.model_version for v in known) or f"none in {self.home}; run `leadcast train` first"
        )
        if known and alias_or_version == CHAMPION:
            there += "; `leadcast models promote VERSION` makes one the champion"
        raise InvalidInput(f"no model version or alias {alias_or_version!r}; versions: {there}")

    def export(self, version: str) -> Path:
        """The folder of a version's bundle under the home, fetched from its run when it is not there."""
        folder = self.home / "bundles" / version
        with self.exclusive():
            if not folder.is_dir():
                self._download(version, folder)
            os.utime(folder)
            self._prune(keep=version)
        return folder

    def _point(self, version: str, before: tuple[str, ...]) -> None:
        folder = self.export(version)
        try:
            load_bundle(folder, version)
        except DamagedArtifact:
            remove_export(folder)
            folder = self.export(version)
            load_bundle(folder, version)
        if self.mlflow.is_there:
            with self.mlflow.spoken():
                self.mlflow.set_champion(version)
        write_pointer(self.home, Pointer(version, folder, manifest_sha256(folder), before))
        self._prune(keep=version)

    def _settle(self) -> None:
        try:
            current = read_pointer(self.home)
        except DamagedArtifact:
            return
        self.mlflow.settle(current.model_version if current else None)

    def _download(self, version: str, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.mlflow.spoken(),
            tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as staging,
        ):
            self.mlflow.download(version, Path(staging))
            secure(Path(staging) / "bundle")
            os.rename(Path(staging) / "bundle", folder)
        sync_folder(folder.parent)

    def _prune(self, keep: str) -> None:
        """Leaves the last `KEPT_EXPORTS` used exports; never removes `keep`, the champion or what rollback needs."""
        current = self._pointer()
        needed = {keep, *((current.model_version, *current.before[:1]) if current else ())}
        exports = [self.home / "bundles" / name for name in self._exported()]
        exports.sort(key=lambda f: (f.name in needed, f.stat().st_mtime_ns), reverse=True)
        for old in exports[KEPT_EXPORTS:]:
            remove_export(old)

    def _exported(self) -> set[str]:
        return {f.name for f in (self.home / "bundles").glob("*") if f.is_dir() and f.name.isdecimal()}

    def _brought(self, numbers: set[str]) -> list[Version]:
        """Versions whose bundles are here without the runs that they were registered from: a backup brought them."""
        current, found = self._pointer(), []
        for number in numbers:
            folder = self.home / "bundles" / number
            try:
                metrics = load_bundle(folder, number).metrics
            except DamagedArtifact:
                continue
            made_us = (folder / MANIFEST).stat().st_mtime_ns // 1000
            aliases = (CHAMPION,) if current and current.model_version == number else ()
            found.append(
                Version(number, "", made_us, aliases, metrics, {}, {"origin": "a bundle without a run"})
            )
        return found

    def _pointer(self) -> Pointer | None:
        """The champion; None where there is none, or where its file is damaged and the next promotion mends it."""
        try:
            return read_pointer(self.home)
        except DamagedArtifact:
            return None
