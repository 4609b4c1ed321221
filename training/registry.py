"""MLflow: runs and versions of the model `leadcast`, and the exported bundles and pointer that a service reads."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from features.errors import DamagedArtifact, InvalidInput
from features.times import format_time
from models.bundle import load_bundle
from models.pointer import Pointer, manifest_sha256, read_pointer, sync_folder, write_pointer
from training.registry_home import HomeLock, relocate

MODEL = "leadcast"
CHAMPION, CHALLENGER = "champion", "challenger"
KEPT_EXPORTS = 5
KEPT_BEFORE = 50
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Run:
    """What one training left: numbers and texts to log, and a folder with everything to keep, `bundle/` among it."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Version:
    """One registered version, its run's metrics, and the aliases that point at it."""

    model_version: str
    run_id: str
    created_us: int
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]

    def describe(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version,
            "run_id": self.run_id,
            "created_at": format_time(self.created_us),
            "aliases": list(self.aliases),
            "metrics": dict(self.metrics),
        }


class Registry:
    """The versions known to a home: MLFLOW_TRACKING_URI, or SQLite under the home.

    One process at a time changes it (a lock file in the home). The pointer file is moved last, so what a service
    reads is always a whole, verified bundle.
    """

    def __init__(self, home: Path, tracking_uri: str | None = None) -> None:
        self.home = home.absolute()
        self._given_uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or None
        self.exclusive = HomeLock(self.home)
        if self._given_uri is None and set("?%") & set(str(self.home)):
            raise InvalidInput(
                f"{self.home}: a home cannot have ? or % in its path (SQLite addresses); choose another"
            )

    @property
    def uri(self) -> str:
        return self._given_uri or f"sqlite:///{self._database}"

    def register(self, run: Run) -> tuple[str, str]:
        """Logs a run with its folder and registers its bundle, as challenger; returns (version, run id)."""
        with self.exclusive(), self._spoken():
            run_id = self._log(run)
            self._create_model()
            made = self._client.create_model_version(
                MODEL, f"runs:/{run_id}/bundle", run_id, tags=dict(run.tags)
            )
            version = str(made.version)
            self._client.set_registered_model_alias(MODEL, CHALLENGER, version)
            return version, run_id

    def log(self, run: Run) -> str:
        """Logs a run with its folder, without a version of the model; returns the run id."""
        with self.exclusive(), self._spoken():
            return self._log(run)

    def promote(self, alias_or_version: str) -> str:
        """Makes a version the champion and returns it: exports and verifies, moves the alias, then the pointer."""
        with self.exclusive():
            version = self.resolve(alias_or_version)
            current = read_pointer(self.home)
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
            self._point(current.before[0], current.before[1:])
            return current.before[0]

    def versions(self) -> list[Version]:
        """Every registered version, the newest first; asking creates no database in a new home, which takes long."""
        if self._given_uri is None and not self._database.exists():
            return []
        with self.exclusive(), self._spoken():
            if not self._exists():
                return []
            aliases = self._aliases()
            found = self._client.search_model_versions(f"name='{MODEL}'", order_by=["version_number DESC"])
            return [self._version(v, aliases) for v in found]

    def resolve(self, alias_or_version: str) -> str:
        """The version that a number or alias stands for; InvalidInput lists what there is."""
        champion = read_pointer(self.home)
        if alias_or_version == CHAMPION and champion is not None:
            return champion.model_version
        if alias_or_version.isdecimal() and (self.home / "bundles" / alias_or_version).is_dir():
            return alias_or_version
        known = self.versions()
        for version in known:
            if alias_or_version in (version.model_version, *version.aliases):
                return version.model_version
        there = ", ".join(v.model_version for v in known) or "none; run `leadcast train` first"
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
            shutil.rmtree(folder)
            folder = self.export(version)
            load_bundle(folder, version)
        with self._spoken():
            self._client.set_registered_model_alias(MODEL, CHAMPION, version)
            if self._aliases().get(CHALLENGER) == version:
                self._client.delete_registered_model_alias(MODEL, CHALLENGER)
        write_pointer(self.home, Pointer(version, folder, manifest_sha256(folder), before))
        self._prune(keep=version)

    def _log(self, run: Run) -> str:
        from mlflow.entities import Metric, Param

        made = self._client.create_run(self._experiment(), tags=dict(run.tags))
        run_id = str(made.info.run_id)
        try:
            at_ms = int(made.info.start_time)
            metrics = [Metric(k, float(v), at_ms, 0) for k, v in run.metrics.items() if v == v]
            params = [Param(k, str(v)) for k, v in run.params.items()]
            for start in range(0, max(len(params), len(metrics)), 100):
                self._client.log_batch(run_id, metrics[start : start + 100], params[start : start + 100])
            self._client.log_artifacts(run_id, str(run.folder))
        except BaseException:
            self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id)
        return run_id

    def _download(self, version: str, folder: Path) -> None:
        with self._spoken():
            run_id = self._client.get_model_version(MODEL, version).run_id
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as staging:
                self._client.download_artifacts(run_id, "bundle", staging)
                _secure(Path(staging) / "bundle")
                os.rename(Path(staging) / "bundle", folder)
        sync_folder(folder.parent)

    def _prune(self, keep: str) -> None:
        """Leaves the last `KEPT_EXPORTS` used exports; never removes `keep`, the champion or what rollback needs."""
        current = read_pointer(self.home)
        needed = {keep, *((current.model_version, *current.before[:1]) if current else ())}
        exports = [f for f in (self.home / "bundles").iterdir() if f.is_dir() and f.name.isdecimal()]
        exports.sort(key=lambda f: (f.name in needed, f.stat().st_mtime_ns), reverse=True)
        for old in exports[KEPT_EXPORTS:]:
            shutil.rmtree(old)

    @cached_property
    def _client(self) -> Any:
        _quieten()
        from mlflow.tracking import MlflowClient

        if self._given_uri is None:
            _make_database(self._database)
            relocate(self._database, self._artifacts)
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def _database(self) -> Path:
        return self.home / "mlflow.db"

    @property
    def _artifacts(self) -> str:
        return (self.home / "artifacts").as_uri()

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(MODEL)
        if found is not None:
            return str(found.experiment_id)
        location = None if self._given_uri else self._artifacts
        return str(self._client.create_experiment(MODEL, artifact_location=location))

    def _exists(self) -> bool:
        return bool(self._client.search_registered_models(f"name='{MODEL}'"))

    def _create_model(self) -> None:
        if not self._exists():
            self._client.create_registered_model(MODEL)

    def _aliases(self) -> dict[str, str]:
        aliases = self._client.get_registered_model(MODEL).aliases
        return {alias: str(version) for alias, version in aliases.items()}

    def _version(self, found: Any, aliases: Mapping[str, str]) -> Version:
        version = str(found.version)
        data = self._client.get_run(found.run_id).data
        return Version(
            model_version=version,
            run_id=str(found.run_id),
            created_us=int(found.creation_timestamp) * 1000,
            aliases=tuple(sorted(alias for alias, at in aliases.items() if at == version)),
            metrics=dict(data.metrics),
            params=dict(data.params),
            tags=dict(found.tags),
        )

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """Turns what MLflow raises into one message that says where and what to do."""
        _quieten()
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, sqlite3.Error) as error:
            where = urlsplit(self.uri)._replace(query="").geturl()
            said = error.message if isinstance(error, MlflowException) else error
            raise InvalidInput(f"MLflow at {where.split('@')[-1]}: {said}") from error


def _make_database(database: Path) -> None:
    """MLflow's tables in a new SQLite file that gets its name once it is whole.

    MLflow makes them in many steps that take seconds, and cannot go on where a kill has left them.
    """
    if database.exists():
        return
    from mlflow.tracking import MlflowClient

    with tempfile.TemporaryDirectory(prefix=".mlflow-", dir=database.parent) as folder:
        made = Path(folder) / database.name
        MlflowClient(tracking_uri=f"sqlite:///{made}", registry_uri=f"sqlite:///{made}").search_experiments()
        os.replace(made, database)


def _quieten() -> None:
    """What MLflow reads from the environment when it is imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def _secure(folder: Path) -> None:
    """Makes a folder and its files durable and the owner's alone, whatever they were copied from."""
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
