"""The jobs of the model's page: training on the store, promoting a version, going back, listing versions."""

import os
from pathlib import Path
from typing import Any

import msgspec

from serving.jobs.jobs import FOLDER, Job
from serving.jobs.run import JobRun

VERSIONS_FILE = "versions.json"
TRAIN, PROMOTE, ROLLBACK, LIST = "train", "promote", "rollback", "list"
VERSIONS_STEP = "versions"


def training() -> Job:
    """Trains on what the store knows now; the promotion gate decides whether the version is used."""

    async def work(run: JobRun) -> None:
        await run.step(TRAIN, "train", "--store", "--json")
        await list_versions(run)

    return Job(TRAIN, (TRAIN, VERSIONS_STEP), work)


def promotion(version: str) -> Job:
    """Makes a version the champion."""

    async def work(run: JobRun) -> None:
        await run.step(PROMOTE, "models", "promote", version, "--json")
        await list_versions(run)

    return Job(PROMOTE, (PROMOTE, VERSIONS_STEP), work)


def rollback() -> Job:
    """Makes the previous champion the champion again."""

    async def work(run: JobRun) -> None:
        await run.step(ROLLBACK, "models", "rollback", "--json")
        await list_versions(run)

    return Job(ROLLBACK, (ROLLBACK, VERSIONS_STEP), work)


def listing() -> Job:
    """Asks the registry for its versions."""
    return Job(LIST, (VERSIONS_STEP,), list_versions)


async def list_versions(run: JobRun) -> None:
    """Keeps the registry's versions in a file: the service itself does not read the registry."""
    listed = await run.step(VERSIONS_STEP, "models", "--json")
    part = run.folder / f".{VERSIONS_FILE}.part"
    part.write_bytes(msgspec.json.encode(listed["versions"]))
    os.replace(part, run.folder / VERSIONS_FILE)
    del run.state.results[VERSIONS_STEP]


def registered_versions(home: Path) -> list[dict[str, Any]]:
    """The registry's versions as the latest job listed them, as `leadcast models --json` does."""
    try:
        return msgspec.json.decode((home / FOLDER / VERSIONS_FILE).read_bytes(), type=list[dict[str, Any]])
    except (OSError, msgspec.MsgspecError):
        return []


def are_listed(home: Path) -> bool:
    """False if the home's registry has changed since its versions were listed."""
    try:
        changed = (home / "mlflow.db").stat().st_mtime
    except OSError:
        return True
    try:
        return (home / FOLDER / VERSIONS_FILE).stat().st_mtime >= changed
    except OSError:
        return False
