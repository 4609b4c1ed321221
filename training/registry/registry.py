"""The versions of the model `leadcast`: MLflow's, and the exported bundles and pointer that a service reads."""

import os
import shutil
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from history.base.errors import DamagedArtifact, InvalidInput
from models.bundle import Bundle
from models.home.home import other_home
from models.home.pointer import Pointer, manifest_sha256, read_pointer, sync_folder, write_pointer
from models.home.saved import MANIFEST, load_bundle
from training.registry.home import HomeLock, remove_export, secure
from training.registry.mlflow import CHAMPION, Run, Tracking, Version

KEPT_EXPORTS = 5
KEPT_PREDECESSORS = 50  # versions promoted before the champion, for rollbacks
MIN_FREE_BYTES = 16 << 20  # a run with its plots and twice its bundle takes some MB


@dataclass(frozen=True)
class RegisteredVersion:
    """A version as just registered, and the MLflow run that it came from."""

    model_version: str
    run_id: str


class Registry:
    """The versions of a home, tracked at tracking_uri, MLFLOW_TRACKING_URI, or in SQLite under the home.

    One process changes a home at a time, by a lock file. The pointer file moves last, so that a service always reads a
    complete, verified bundle (docs/decisions/0001).
    """

    def __init__(self, home: Path, tracking_uri: str | None = None) -> None:
        self.home = home.absolute()
        self.mlflow = Tracking(self.home, tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or None)
        self.exclusive = HomeLock(self.home)

    def check_writable(self) -> None:
        """Fails early if a result could not be stored; a missing home is not created.

        Raises InvalidInput or OSError if the home is read-only or full, or MLflow is unreachable or damaged.
        """
        existing = self._existing_folder()
        if self.is_read_only:
            raise InvalidInput(
                f"{existing} cannot be written: choose another folder with --home or LEADCAST_HOME"
            )
        if shutil.disk_usage(existing).free < MIN_FREE_BYTES:
            raise InvalidInput(
                f"{existing} has less than {MIN_FREE_BYTES >> 20} MB free: free some space, then run it again"
            )
        with self.exclusive() if existing == self.home else nullcontext(), self.mlflow.errors_explained():
            self.mlflow.check_reachable()

    @property
    def is_read_only(self) -> bool:
        """True if the home, or the folder in which it would be created, cannot be written."""
        return not os.access(self._existing_folder(), os.W_OK)

    def _existing_folder(self) -> Path:
        return next(folder for folder in (self.home, *self.home.parents) if folder.is_dir())

    # ---- runs and versions

    def register(self, run: Run) -> RegisteredVersion:
        """Logs a run with its folder and registers its bundle as challenger.

        A number is never used twice in a home, not even that of a version which only a backup brought.
        """
        with self.exclusive(), self.mlflow.errors_explained():
            run_id = self.mlflow.log(run, self.exclusive.mark())
            self._restore_alias()
            champion = self._champion()
            taken = self._exported()
            if champion is not None:
                taken |= {champion.model_version, *champion.before}
            return RegisteredVersion(self.mlflow.add_version(run, run_id, taken), run_id)

    def log(self, run: Run) -> str:
        """Logs a run with its folder, without a version of the model; returns the run id."""
        with self.exclusive(), self.mlflow.errors_explained():
            return self.mlflow.log(run, self.exclusive.mark())

    def versions(self) -> list[Version]:
        """Every version, the newest first: the registered ones, and exported bundles without a run (from a backup).

        A home without a database has none; it is not created, which would take seconds.
        """
        registered: list[Version] = []
        if self.mlflow.exists:
            with self._locked_for_reading(), self.mlflow.errors_explained():
                if not self.is_read_only:
                    self._restore_alias()
                registered = self.mlflow.versions()
        unregistered = self._exported() - {version.model_version for version in registered}
        versions = [*registered, *self._versions_of_exports(unregistered)]
        return sorted(versions, key=lambda version: -int(version.model_version))

    def _locked_for_reading(self) -> AbstractContextManager[None]:
        """The lock; none in a read-only home, whose lock file cannot be opened. SQLite has locks of its own."""
        return nullcontext() if self.is_read_only else self.exclusive()

    def resolve(self, alias_or_version: str) -> str:
        """The version of a number or an alias; raises InvalidInput with the existing versions if there is none."""
        if alias_or_version == CHAMPION and (champion := read_pointer(self.home)) is not None:
            return champion.model_version
        if alias_or_version.isdecimal() and self._export_folder(alias_or_version).is_dir():
            return alias_or_version
        versions = self.versions()
        for version in versions:
            if alias_or_version in (version.model_version, *version.aliases):
                return version.model_version
        raise InvalidInput(
            f"no model version or alias {alias_or_version!r}; versions: {self._choice(alias_or_version, versions)}"
        )

    def _choice(self, alias_or_version: str, versions: list[Version]) -> str:
        """The existing versions in words, and the command that creates or promotes one."""
        if not versions:
            return f"none in {self.home}; run `leadcast train` first{other_home(self.home)}"
        numbers = ", ".join(version.model_version for version in versions)
        if alias_or_version == CHAMPION:
            return f"{numbers}; `leadcast models promote VERSION` makes one the champion"
        return numbers

    # ---- the champion

    def promote(self, alias_or_version: str) -> str:
        """Makes a version the champion and returns it: exports and verifies it, moves the alias, then the pointer.

        Raises InvalidInput for an unknown version, DamagedArtifact if its bundle is damaged also in MLflow.
        """
        with self.exclusive():
            version = self.resolve(alias_or_version)
            champion = self._champion()
            predecessors: tuple[str, ...] = ()
            if champion is not None and champion.model_version == version:
                predecessors = champion.before
            elif champion is not None:
                predecessors = (champion.model_version, *champion.before)[:KEPT_PREDECESSORS]
            self._point_at(version, predecessors)
            return version

    def rollback(self) -> str:
        """Makes the champion's predecessor the champion again and returns it; raises InvalidInput if it has none."""
        with self.exclusive():
            champion = read_pointer(self.home)
            if champion is None or not champion.before:
                raise InvalidInput(
                    "no version was promoted before the champion, so there is nothing to go back to: "
                    "`leadcast models` lists the versions, `leadcast models promote VERSION` promotes one"
                )
            version = self.resolve(champion.before[0])
            self._point_at(version, champion.before[1:])
            return version

    def _point_at(self, version: str, predecessors: tuple[str, ...]) -> None:
        folder = self._verified_export(version)
        if self.mlflow.exists:
            with self.mlflow.errors_explained():
                self.mlflow.set_champion(version)
        write_pointer(self.home, Pointer(version, folder, manifest_sha256(folder), predecessors))
        self._prune(version)

    def _restore_alias(self) -> None:
        """Moves MLflow's alias to the version in use; a damaged pointer file leaves the alias alone."""
        try:
            champion = read_pointer(self.home)
        except DamagedArtifact:
            return
        self.mlflow.restore_champion(champion.model_version if champion else None)

    def _champion(self) -> Pointer | None:
        """The champion; None without one, or if its file is damaged, which the next promotion mends."""
        try:
            return read_pointer(self.home)
        except DamagedArtifact:
            return None

    # ---- exported bundles

    def load(self, alias_or_version: str) -> Bundle:
        """The verified bundle of a version or alias; raises InvalidInput, or DamagedArtifact for a damaged bundle."""
        version = self.resolve(alias_or_version)
        folder = self._export_folder(version)
        if not self.is_read_only:
            return load_bundle(self.export(version), version)
        if folder.is_dir():
            return load_bundle(folder, version)
        with tempfile.TemporaryDirectory(prefix="leadcast-") as staging, self.mlflow.errors_explained():
            self.mlflow.download(version, Path(staging))
            return load_bundle(Path(staging) / "bundle", version)

    def export(self, version: str) -> Path:
        """The folder of a version's bundle under the home, downloaded from its run if it is missing."""
        folder = self._export_folder(version)
        with self.exclusive():
            if not folder.is_dir():
                self._download(version, folder)
            os.utime(folder)  # the least recently used exports are pruned first
            self._prune(version)
        return folder

    def _verified_export(self, version: str) -> Path:
        """The exported bundle, parsed once; a damaged export is downloaded again, once (docs/decisions/0002)."""
        folder = self.export(version)
        try:
            load_bundle(folder, version)
        except DamagedArtifact:
            remove_export(folder)
            folder = self.export(version)
            load_bundle(folder, version)
        return folder

    def _export_folder(self, version: str) -> Path:
        return self.home / "bundles" / version

    def _download(self, version: str, folder: Path) -> None:
        """Downloads into a temporary folder, then renames it: after a kill the export is complete, or missing."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.mlflow.errors_explained(),
            tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as staging,
        ):
            self.mlflow.download(version, Path(staging))
            secure(Path(staging) / "bundle")
            os.rename(Path(staging) / "bundle", folder)
        sync_folder(folder.parent)

    def _prune(self, needed: str) -> None:
        """Removes all but the last KEPT_EXPORTS used exports, never `needed`, the champion or its predecessor."""
        champion = self._champion()
        protected = {needed}
        if champion is not None:
            protected |= {champion.model_version, *champion.before[:1]}
        exports = [self._export_folder(version) for version in self._exported()]
        exports.sort(key=lambda folder: (folder.name in protected, folder.stat().st_mtime_ns), reverse=True)
        for unused in exports[KEPT_EXPORTS:]:
            remove_export(unused)

    def _exported(self) -> set[str]:
        folders = (self.home / "bundles").glob("*")
        return {folder.name for folder in folders if folder.is_dir() and folder.name.isdecimal()}

    def _versions_of_exports(self, numbers: set[str]) -> list[Version]:
        """Versions of exported bundles whose runs MLflow does not have; damaged bundles are left out."""
        champion, versions = self._champion(), []
        for number in numbers:
            folder = self._export_folder(number)
            try:
                metrics = load_bundle(folder, number).metrics
            except DamagedArtifact:
                continue
            is_champion = champion is not None and champion.model_version == number
            versions.append(
                Version(
                    model_version=number,
                    run_id="",
                    created_us=(folder / MANIFEST).stat().st_mtime_ns // 1000,
                    aliases=(CHAMPION,) if is_champion else (),
                    metrics=metrics,
                    params={},
                    tags={"origin": "a bundle without a run"},
                )
            )
        return versions
