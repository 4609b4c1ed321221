"""One job at a time over all workers of a home; a killed one leaves nothing behind."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.jobs.jobs import CANCEL, LOCK, SCRATCH, Job, JobRunning, Jobs
from serving.jobs.run import JobRun
from serving.jobs.state import CANCELLED, DONE, FAILED, INTERRUPTED, JobState, write_state
from tests.builders.service.running_service import ROOT, until

COMMAND = "tests.builders.job_command"


def job(*arguments: str) -> Job:
    async def work(run: JobRun) -> None:
        (run.scratch / "private").write_text("x")
        await run.step("one", *arguments, module=COMMAND)

    return Job("test", ("one",), work)


async def ended(jobs: Jobs) -> None:
    assert jobs._task is not None
    await jobs._task


async def soon(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, condition)


def test_job_runs_to_its_end_and_every_worker_sees_it(tmp_path: Path) -> None:
    async def check() -> None:
        jobs, other, may_begin = Jobs(tmp_path), Jobs(tmp_path), asyncio.Event()

        async def work(run: JobRun) -> None:
            await may_begin.wait()
            await job("answer").work(run)

        await jobs.start(Job("test", ("one",), work), "Olga")
        with pytest.raises(JobRunning):
            await other.claim()
        state = other.state()
        assert state is not None
        assert (state.is_running, state.by) == (True, "Olga")
        may_begin.set()
        await ended(jobs)
        state = other.state()
        assert state is not None
        assert (state.status, state.error) == (DONE, None)
        assert state.results["one"]["given"] == []

    asyncio.run(check())
    assert list((tmp_path / "jobs").glob(f"{SCRATCH}*")) == []


def test_failure_keeps_its_words_and_frees_the_lock(tmp_path: Path) -> None:
    async def check() -> None:
        jobs = Jobs(tmp_path)
        await jobs.start(job("refuse"), None)
        await ended(jobs)
        state = jobs.state()
        assert state is not None
        assert state.status == FAILED
        assert state.error is not None
        assert state.error.startswith("the data is bad")
        (await jobs.claim()).release()

    asyncio.run(check())


def test_unexpected_exception_is_a_failure_with_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_run: JobRun) -> None:
        raise KeyError("a customer's name")

    async def check() -> None:
        jobs = Jobs(tmp_path)
        await jobs.start(Job("test", ("one",), fail), None)
        await ended(jobs)
        state = Jobs(tmp_path).state()
        assert state is not None
        assert (state.status, state.error) == (FAILED, None)
        assert state.fault is not None
        assert state.fault.startswith("KeyError: test_jobs.py:")
        assert "customer" not in state.fault
        (await jobs.claim()).release()

    with caplog.at_level("ERROR", "leadcast"):
        asyncio.run(check())
    assert [record.message for record in caplog.records] == ["job failed"]


def test_end_of_the_worker_ends_its_job(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    async def check() -> None:
        jobs = Jobs(tmp_path)
        async with jobs.running():
            await jobs.start(job("hang", str(pid_file)), None)
            await soon(lambda: pid_file.exists() and bool(pid_file.read_text()))
        state = jobs.state()
        assert state is not None
        assert state.status == INTERRUPTED

    asyncio.run(check())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_any_worker_cancels_a_job_with_all_its_processes(tmp_path: Path) -> None:
    pid_files = tmp_path / "pid", tmp_path / "pid-of-child"

    async def check() -> None:
        jobs, other = Jobs(tmp_path), Jobs(tmp_path)
        other.cancel()  # nothing runs
        await jobs.start(job("hang", *map(str, pid_files)), None)
        await soon(lambda: all(file.exists() and file.read_text() for file in pid_files))
        other.cancel()
        await ended(jobs)
        state = other.state()
        assert state is not None
        assert (state.status, state.error) == (CANCELLED, None)
        (await jobs.claim()).release()

    asyncio.run(check())
    until(lambda: not any(is_running(int(file.read_text())) for file in pid_files))
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == [LOCK, "state.json"]


def is_running(pid: int) -> bool:
    """False also for a child that has ended and that nobody waits for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_cancels_an_earlier_job_leaves_a_later_one_alone(tmp_path: Path) -> None:
    async def check() -> None:
        jobs = Jobs(tmp_path)

        async def work(run: JobRun) -> None:
            (jobs.folder / CANCEL).write_text("1")
            await job("answer").work(run)

        await jobs.start(Job("test", ("one",), work), None)
        await ended(jobs)
        state = jobs.state()
        assert state is not None
        assert state.status == DONE

    asyncio.run(check())


WORKER = f"""
import asyncio, sys
from pathlib import Path
from serving.jobs.jobs import Job, Jobs
async def work(run):
    await run.step("one", "hang", sys.argv[2], module="{COMMAND}")
async def main():
    await Jobs(Path(sys.argv[1])).start(Job("test", ("one",), work), None)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_killed_worker_takes_its_command_along(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), str(pid_file)], cwd=ROOT)
    until(lambda: pid_file.exists() and bool(pid_file.read_text()))
    worker.kill()
    worker.wait()
    command = Path(f"/proc/{pid_file.read_text()}/cmdline")
    until(lambda: not command.exists() or COMMAND.encode() not in command.read_bytes())
    jobs = Jobs(tmp_path)
    state = jobs.state()
    assert state is not None
    assert state.status == INTERRUPTED
    assert list((tmp_path / "jobs").glob(f"{SCRATCH}*"))

    async def start_again() -> None:
        async with jobs.running():
            pass

    asyncio.run(start_again())
    assert list((tmp_path / "jobs").glob(f"{SCRATCH}*")) == []


def test_home_without_jobs_has_no_state_and_is_not_written(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "home")
    assert jobs.state() is None
    assert not jobs.is_busy()
    assert not (tmp_path / "home").exists()


def test_running_state_without_a_lock_is_interrupted(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.folder.mkdir()
    (jobs.folder / LOCK).touch()
    write_state(jobs.folder, JobState("test", ["one"], None, 1))
    state = jobs.state()
    assert state is not None
    assert state.status == INTERRUPTED
