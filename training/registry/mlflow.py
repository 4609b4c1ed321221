"""MLflow's side of the registry: runs, versions and aliases of the model `leadcast`."""

import logging
import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from history.errors import InvalidInput
from history.times import format_time
from training.registry.home import relocate

MODEL = "leadcast"
CHAMPION, CHALLENGER = "champion", "challenger"
HOME_TAG = "leadcast.home"  # of a run: which home's it is, by the mark of its lock
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}
RAISED_TOO = "mlflow.store.db.utils"  # logs a traceback of each database error that it then raises


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


class Tracking:
    """A tracking server, or SQLite under the home. Whoever calls holds the home's lock and is `spoken`."""

    def __init__(self, home: Path, uri: str | None) -> None:
        self._home = home
        self.given_uri = uri

    @property
    def uri(self) -> str:
        return self.given_uri or _address(self._database)

    @property
    def is_there(self) -> bool:
        """False for a new home: making its database takes seconds, and is left to the first training."""
        return self.given_uri is not None or self._database.exists()

    def ask(self) -> None:
        """Raises where a server does not answer or a database is damaged."""
        if self.is_there:
            self._exists()

    def log(self, run: Run, mark: str) -> str:
        """Logs a run with its folder, as of the home of this mark; returns the run id."""
        from mlflow.entities import Metric, Param

        experiment = self._experiment()
        self._end_killed(experiment, mark)
        made = self._client.create_run(experiment, tags={**run.tags, HOME_TAG: mark})
        run_id = str(made.info.run_id)
        try:
            at_ms = int(made.info.start_time)
            metrics = [Metric(k, float(v), at_ms, 0) for k, v in run.metrics.items() if v == v]
            params = [Param(k, str(v)) for k, v in run.params.items()]
            for start in range(0, max(len(params), len(metrics)), 100):
                self._client.log_batch(run_id, metrics[start : start + 100], params[start : start + 100])
            self._client.log_artifacts(run_id, str(run.folder))
        except BaseException:
            with suppress(Exception):  # what went wrong first is told; the next log() ends what still runs
                self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id)
        return run_id

    def _end_killed(self, experiment: str, mark: str) -> None:
        """Runs of this home that still seem to run: whoever began them held the lock, and was killed."""
        mine = f"attributes.status = 'RUNNING' and tags.`{HOME_TAG}` = '{mark}'"
        for left in self._client.search_runs([experiment], mine):
            self._client.set_terminated(left.info.run_id, "KILLED")

    def add_version(self, run: Run, run_id: str, taken: Collection[str]) -> str:
        """Registers the bundle of a run as challenger, under a number that is not taken, and returns that."""
        if not self._exists():
            self._client.create_registered_model(MODEL)
        while True:
            made = self._client.create_model_version(
                MODEL, f"runs:/{run_id}/bundle", run_id, tags=dict(run.tags)
            )
            if str(made.version) not in taken:
                break
            self._client.delete_model_version(MODEL, made.version)
        self._client.set_registered_model_alias(MODEL, CHALLENGER, str(made.version))
        return str(made.version)

    def versions(self) -> list[Version]:
        """Every registered version, the newest first."""
        if not self._exists():
            return []
        aliases = self._aliases()
        return [self._version(v, aliases) for v in self._registered()]

    def set_champion(self, version: str | None) -> None:
        """Moves the alias to a version; takes it away for None, or where MLflow does not have that one."""
        if not self._exists():
            return
        aliases = self._aliases()
        if version in {str(v.version) for v in self._registered()}:
            self._client.set_registered_model_alias(MODEL, CHAMPION, version)
        elif CHAMPION in aliases:
            self._client.delete_registered_model_alias(MODEL, CHAMPION)
        if version is not None and aliases.get(CHALLENGER) == version:
            self._client.delete_registered_model_alias(MODEL, CHALLENGER)

    def settle(self, version: str | None) -> None:
        """Brings the alias to the version in use, where a kill came between the two or a backup was put back.

        On a server of its own the alias may be another home's, and stays.
        """
        if self.given_uri is None and self._exists() and self._aliases().get(CHAMPION) != version:
            self.set_champion(version)

    def download(self, version: str, folder: Path) -> None:
        """Fetches the bundle of a version as folder/bundle."""
        run_id = self._client.get_model_version(MODEL, version).run_id
        self._client.download_artifacts(run_id, "bundle", str(folder))

    @contextmanager
    def spoken(self) -> Iterator[None]:
        """Turns what MLflow raises into one message that says where and what to do."""
        _quieten()
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, sqlite3.Error) as error:
            where = self._database if self.given_uri is None else self.given_uri.split("?")[0].split("@")[-1]
            raise InvalidInput(f"MLflow at {where}: {_reason(error)}") from error

    @cached_property
    def _client(self) -> Any:
        _quieten()
        from mlflow.tracking import MlflowClient

        if self.given_uri is None:
            _make_database(self._database)
            relocate(self._database, self._artifacts)
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def _database(self) -> Path:
        return self._home / "mlflow.db"

    @property
    def _artifacts(self) -> str:
        return (self._home / "artifacts").as_uri()

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(MODEL)
        if found is not None:
            return str(found.experiment_id)
        location = None if self.given_uri else self._artifacts
        return str(self._client.create_experiment(MODEL, artifact_location=location))

    def _exists(self) -> bool:
        return bool(self._client.search_registered_models(f"name='{MODEL}'"))

    def _registered(self) -> list[Any]:
        return list(self._client.search_model_versions(f"name='{MODEL}'", order_by=["version_number DESC"]))

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


def _reason(error: BaseException) -> str:
    """The first line of what MLflow said, and what the system had said to it."""
    first = str(getattr(error, "message", error)).strip().split("\n")[0]
    beneath: BaseException | None = error
    while beneath is not None:
        if isinstance(beneath, OSError) and beneath.strerror and beneath.strerror not in first:
            return f"{first} ({beneath.strerror})"
        beneath = beneath.__cause__ or beneath.__context__
    return first


def _make_database(database: Path) -> None:
    """MLflow's tables in a new SQLite file that gets its name once it is whole.

    MLflow makes them in many steps that take seconds, and cannot go on where a kill has left them.
    """
    if database.exists():
        return
    from mlflow.tracking import MlflowClient

    with tempfile.TemporaryDirectory(prefix=".mlflow-", dir=database.parent) as folder:
        made = Path(folder) / database.name
        MlflowClient(tracking_uri=_address(made), registry_uri=_address(made)).search_experiments()
        os.replace(made, database)


def _address(database: Path) -> str:
    """SQLAlchemy's address of a SQLite file: ? and % of a path are escaped in it.

    The driver is named because MLflow makes the folders of a bare sqlite:/// address, and takes the escaped ones.
    """
    return f"sqlite+pysqlite:///{str(database).replace('%', '%25').replace('?', '%3F')}"


def _quieten() -> None:
    """What MLflow reads from the environment when it is imported; what it raises is not logged as well."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger(RAISED_TOO).setLevel(logging.CRITICAL)
