"""MLflow's side of the registry: runs, versions and aliases of the model `leadcast`."""

import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from history.base.errors import InvalidInput
from history.text.times import format_time
from training.registry.home import relocate

MODEL = "leadcast"
CHAMPION, CHALLENGER = "champion", "challenger"
HOME_TAG = "leadcast.home"  # tag of a run: the mark of the home that started it
BATCH_SIZE = 100  # parameters that MLflow takes in one call
# Read by MLflow when it is imported. Three retries instead of seven: an unreachable server is reported in seconds.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}
NOISY_LOGGER = "mlflow.store.db.utils"  # logs the traceback of each database error that it then raises


@dataclass(frozen=True)
class Run:
    """The record of a training or backtest: values to log, and a folder of files with the bundle in `bundle/`."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Version:
    """A registered version with the record of its run and the aliases that point at it; run_id is "" without a run."""

    model_version: str
    run_id: str
    created_us: int
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]

    def describe(self) -> dict[str, Any]:
        """The version as `leadcast models --json` lists it."""
        return {
            "model_version": self.model_version,
            "run_id": self.run_id,
            "created_at": format_time(self.created_us),
            "aliases": list(self.aliases),
            "metrics": dict(self.metrics),
        }


class Tracking:
    """A tracking server, or SQLite under the home if server_uri is None.

    Callers hold the home's lock and wrap calls in `errors_explained`.
    """

    def __init__(self, home: Path, server_uri: str | None) -> None:
        self._home = home
        self._server_uri = server_uri

    @property
    def exists(self) -> bool:
        """False for a home without a database: the first training creates it, which takes seconds."""
        return self._server_uri is not None or self._database.exists()

    def check_reachable(self) -> None:
        """Raises MLflow's error if the server does not answer or the database is damaged."""
        if self.exists:
            self._has_model()

    def log(self, run: Run, home_mark: str) -> str:
        """Logs a run with its folder and returns its id; a run that fails half-way is marked FAILED."""
        experiment = self._experiment()
        self._end_killed_runs(experiment, home_mark)
        info = self._client.create_run(experiment, tags={**run.tags, HOME_TAG: home_mark}).info
        run_id = str(info.run_id)
        try:
            self._log_values(run, run_id, int(info.start_time))
            self._client.log_artifacts(run_id, str(run.folder))
        except BaseException:
            # The first error is the one to report; a run that still runs is ended by the next log().
            with suppress(Exception):
                self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id)
        return run_id

    def add_version(self, run: Run, run_id: str, taken: Collection[str]) -> str:
        """Registers the bundle of a run as challenger, under a number not in `taken`; returns the number."""
        if not self._has_model():
            self._client.create_registered_model(MODEL)
        version = self._create_version(run, run_id)
        while version in taken:
            # MLflow counts on after a deletion, so this ends.
            self._client.delete_model_version(MODEL, version)
            version = self._create_version(run, run_id)
        self._client.set_registered_model_alias(MODEL, CHALLENGER, version)
        return version

    def versions(self) -> list[Version]:
        """Every registered version, the newest first."""
        if not self._has_model():
            return []
        aliases = self._aliases()
        return [self._version(record, aliases) for record in self._registered()]

    def set_champion(self, version: str | None) -> None:
        """Moves the alias to a version; removes it for None or a version that MLflow does not have."""
        if not self._has_model():
            return
        aliases = self._aliases()
        if version in {str(record.version) for record in self._registered()}:
            self._client.set_registered_model_alias(MODEL, CHAMPION, version)
        elif CHAMPION in aliases:
            self._client.delete_registered_model_alias(MODEL, CHAMPION)
        if version is not None and aliases.get(CHALLENGER) == version:
            self._client.delete_registered_model_alias(MODEL, CHALLENGER)

    def restore_champion(self, version: str | None) -> None:
        """Moves the alias to the version in use, after a kill between alias and pointer or a restored backup.

        Only in the home's own database: on a shared server the alias may be another home's.
        """
        if self._server_uri is None and self._has_model() and self._aliases().get(CHAMPION) != version:
            self.set_champion(version)

    def download(self, version: str, folder: Path) -> None:
        """Fetches the bundle of a version as folder/bundle."""
        run_id = self._client.get_model_version(MODEL, version).run_id
        own_copy = self._home / "artifacts" / run_id / "artifacts" / "bundle"
        if self._server_uri is None and not os.access(self._database, os.W_OK) and own_copy.is_dir():
            # MLflow's addresses are not relocated in a read-only home: after a move they lead nowhere.
            shutil.copytree(own_copy, folder / "bundle")
        else:
            self._client.download_artifacts(run_id, "bundle", str(folder))

    @contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Raises InvalidInput with the address and the cause in place of MLflow's and SQLite's errors."""
        _configure_mlflow()
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, sqlite3.Error) as error:
            raise InvalidInput(f"MLflow at {self._public_address()}: {_reason(error)}") from error

    @cached_property
    def _client(self) -> Any:
        _configure_mlflow()
        from mlflow.tracking import MlflowClient

        if self._server_uri is None:
            _create_database(self._database)
            if os.access(self._database, os.W_OK):
                relocate(self._database, self._artifacts)
        uri = self._server_uri or _sqlite_uri(self._database)
        return MlflowClient(tracking_uri=uri, registry_uri=uri)

    @property
    def _database(self) -> Path:
        return self._home / "mlflow.db"

    @property
    def _artifacts(self) -> str:
        return (self._home / "artifacts").as_uri()

    def _public_address(self) -> str:
        """The address without user, password and query."""
        if self._server_uri is None:
            return str(self._database)
        return self._server_uri.split("?")[0].split("@")[-1]

    def _experiment(self) -> str:
        experiment = self._client.get_experiment_by_name(MODEL)
        if experiment is not None:
            return str(experiment.experiment_id)
        location = None if self._server_uri else self._artifacts
        return str(self._client.create_experiment(MODEL, artifact_location=location))

    def _end_killed_runs(self, experiment: str, home_mark: str) -> None:
        """Ends this home's runs that still seem to run: their process held the lock, so it was killed."""
        running = f"attributes.status = 'RUNNING' and tags.`{HOME_TAG}` = '{home_mark}'"
        for run in self._client.search_runs([experiment], running):
            self._client.set_terminated(run.info.run_id, "KILLED")

    def _log_values(self, run: Run, run_id: str, at_ms: int) -> None:
        """Logs parameters and metrics in batches; NaN is not logged."""
        from mlflow.entities import Metric, Param

        metrics = [Metric(name, float(v), at_ms, 0) for name, v in run.metrics.items() if v == v]
        params = [Param(name, str(value)) for name, value in run.params.items()]
        for start in range(0, max(len(params), len(metrics)), BATCH_SIZE):
            batch = slice(start, start + BATCH_SIZE)
            self._client.log_batch(run_id, metrics[batch], params[batch])

    def _create_version(self, run: Run, run_id: str) -> str:
        source = f"runs:/{run_id}/bundle"
        return str(self._client.create_model_version(MODEL, source, run_id, tags=dict(run.tags)).version)

    def _has_model(self) -> bool:
        return bool(self._client.search_registered_models(f"name='{MODEL}'"))

    def _registered(self) -> list[Any]:
        return list(self._client.search_model_versions(f"name='{MODEL}'", order_by=["version_number DESC"]))

    def _aliases(self) -> dict[str, str]:
        aliases = self._client.get_registered_model(MODEL).aliases
        return {alias: str(version) for alias, version in aliases.items()}

    def _version(self, record: Any, aliases: Mapping[str, str]) -> Version:
        version = str(record.version)
        data = self._client.get_run(record.run_id).data
        return Version(
            model_version=version,
            run_id=str(record.run_id),
            created_us=int(record.creation_timestamp) * 1000,
            aliases=tuple(sorted(alias for alias, target in aliases.items() if target == version)),
            metrics=dict(data.metrics),
            params=dict(data.params),
            tags=dict(record.tags),
        )


def _reason(error: BaseException) -> str:
    """The first line of MLflow's message, with the operating system's error behind it, if any."""
    first_line = str(getattr(error, "message", error)).strip().split("\n")[0]
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror and cause.strerror not in first_line:
            return f"{first_line} ({cause.strerror})"
        cause = cause.__cause__ or cause.__context__
    return first_line


def _create_database(database: Path) -> None:
    """Creates a SQLite file with MLflow's tables, under a temporary name until it is complete.

    MLflow creates the tables in many steps that take seconds, and cannot continue after a kill in between.
    """
    if database.exists():
        return
    from mlflow.tracking import MlflowClient

    with tempfile.TemporaryDirectory(prefix=".mlflow-", dir=database.parent) as folder:
        new = Path(folder) / database.name
        MlflowClient(tracking_uri=_sqlite_uri(new), registry_uri=_sqlite_uri(new)).search_experiments()
        os.replace(new, database)


def _sqlite_uri(database: Path) -> str:
    """SQLAlchemy's address of a SQLite file, with ? and % of its path escaped.

    The driver is named because MLflow creates the folders of a bare sqlite:/// address, and takes the escaped names.
    """
    return f"sqlite+pysqlite:///{str(database).replace('%', '%25').replace('?', '%3F')}"


def _configure_mlflow() -> None:
    """Sets MLflow's environment, unless the user did, and silences errors that are logged and raised."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger(NOISY_LOGGER).setLevel(logging.CRITICAL)
