"""The jobs of the model's page, with the real commands: versions are listed, promoted and rolled back."""

import asyncio
from pathlib import Path

import pytest

from models.home.pointer import read_pointer
from serving.jobs.jobs import Job, Jobs
from serving.jobs.kinds import are_listed, listing, promotion, registered_versions, rollback
from serving.jobs.state import JobState


def run(home: Path, job: Job) -> JobState:
    async def work() -> None:
        jobs = Jobs(home)
        await jobs.start(job, None)
        assert jobs._task is not None
        await jobs._task

    asyncio.run(work())
    state = Jobs(home).state()
    assert state is not None
    return state


@pytest.mark.long  # starts MLflow several times
def test_versions_are_listed_promoted_and_rolled_back(champion_home: Path) -> None:
    assert not are_listed(champion_home)
    assert run(champion_home, listing()).status == "done"
    assert [version["model_version"] for version in registered_versions(champion_home)] == ["1"]
    assert are_listed(champion_home)
    assert run(champion_home, promotion("1")).results["promote"] == {"champion": "1"}
    assert read_pointer(champion_home) is not None
    refused = run(champion_home, promotion("9"))
    assert (refused.status, "no model version or alias '9'" in str(refused.error)) == ("failed", True)
    nothing = run(champion_home, rollback())
    assert "no version was promoted before" in str(nothing.error)


def test_home_without_a_registry_has_nothing_to_list(tmp_path: Path) -> None:
    assert registered_versions(tmp_path) == []
    assert are_listed(tmp_path)
