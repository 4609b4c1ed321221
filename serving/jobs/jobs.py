"""Jobs of people that take minutes, such as a training: child processes, one job at a time over all workers of a home.

The worker that was asked holds the lock and reads the child's progress; every worker reads the state file. A job ends
with its worker, or by a file that any worker writes to cancel it.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from serving.base.clock import clock_us
from serving.base.json_logs import LOGGER, described
from serving.jobs.run import JobRun, StepFailed
from serving.jobs.state import CANCELLED, DONE, FAILED, INTERRUPTED, JobState, read_state, write_state

FOLDER = "jobs"
LOCK = "lock"
CANCEL = "cancel"  # holds the start of the job that is to end
CANCEL_SECONDS = 0.25  # between two looks for it
SCRATCH = "work-"  # folders of a job; those of a killed one are removed by the next
ATTEMPTS, PAUSE_SECONDS = 5, 0.02  # a look at the lock holds it for a moment


class JobRunning(Exception):
    """Another job of this home runs."""


@dataclass(frozen=True)
class Job:
    """What to do: `work` takes the run and calls its steps, whose names are listed first."""

    kind: str
    steps: tuple[str, ...]
    work: Callable[[JobRun], Awaitable[None]]


@dataclass
class Claim:
    """The right to run a job, and a private folder for its files, removed with `release`."""

    descriptor: int
    scratch: Path
    is_held: bool = field(default=True)

    def release(self) -> None:
        """Removes the folder and gives the lock back; once."""
        if self.is_held:
            self.is_held = False
            shutil.rmtree(self.scratch, ignore_errors=True)
            os.close(self.descriptor)


class Jobs:
    """The jobs of one home. `running` spans the life of the worker."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / FOLDER
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Cleans up after a killed worker first; ends this worker's job at last."""
        with suppress(JobRunning, OSError):
            if self.folder.is_dir():
                (await self.claim()).release()
        try:
            yield
        finally:
            if self._task is not None:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task

    async def claim(self) -> Claim:
        """The lock of the home; raises JobRunning if another job has it, OSError if the home cannot be written."""
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for _ in range(ATTEMPTS):
            descriptor = self._lock(fcntl.LOCK_EX)
            if descriptor is not None:
                self._clean_up()
                return Claim(descriptor, Path(tempfile.mkdtemp(prefix=SCRATCH, dir=self.folder)))
            await asyncio.sleep(PAUSE_SECONDS)
        raise JobRunning

    async def start(self, job: Job, by: str | None) -> None:
        """Claims the lock and starts the job."""
        self.run(await self.claim(), job, by)

    def run(self, claim: Claim, job: Job, by: str | None) -> None:
        """Starts a job under a claim, which it releases at its end."""
        state = JobState(job.kind, list(job.steps), by, clock_us())
        run = JobRun(self.home, self.folder, claim.scratch, state)
        write_state(self.folder, state)
        self._task = asyncio.create_task(self._work(claim, job, run))

    def state(self) -> JobState | None:
        """The latest job; one whose worker was killed is interrupted."""
        state = read_state(self.folder)
        if state is not None and state.is_running and not self.is_busy():
            # The lock is free: the job has ended since the file was read, or its worker was killed.
            state = read_state(self.folder) or state
            if state.is_running:
                state.status = INTERRUPTED
        return state

    def cancel(self) -> None:
        """Asks the worker of the running job to end it; nothing if none runs. Raises OSError for a read-only home."""
        state = self.state()
        if state is not None and state.is_running:
            (self.folder / CANCEL).write_text(str(state.started_us))

    def is_busy(self) -> bool:
        """True while a job, or an upload for one, holds the lock."""
        if not (self.folder / LOCK).exists():
            return False
        descriptor = self._lock(fcntl.LOCK_SH)
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    async def _work(self, claim: Claim, job: Job, run: JobRun) -> None:
        state, outcome = run.state, INTERRUPTED
        try:
            outcome = DONE if await self._finishes(job, run) else CANCELLED
        except StepFailed as failure:
            outcome, state.error = FAILED, str(failure)
        except OSError as error:
            outcome, state.error = FAILED, f"{error.strerror or type(error).__name__}"
        except Exception as error:  # a fault of ours: the job has failed, and the service goes on
            outcome, state.fault = FAILED, _logged_fault(error)
        finally:
            state.status, state.ended_us = outcome, clock_us()
            with suppress(OSError):
                write_state(self.folder, state)
            (self.folder / CANCEL).unlink(missing_ok=True)
            claim.release()
            fields = {"kind": job.kind, "status": outcome, "step": state.steps[state.step]}
            LOGGER.info("job ended", extra={"fields": fields})

    async def _finishes(self, job: Job, run: JobRun) -> bool:
        """Works until the job's end, which raises its failures; False if it was cancelled before."""
        work = asyncio.ensure_future(job.work(run))
        try:
            while not (await asyncio.wait([work], timeout=CANCEL_SECONDS))[0]:
                if self._is_cancelled(run.state):
                    return False
            await work
            return True
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work

    def _is_cancelled(self, state: JobState) -> bool:
        """True if the file names this job: one for a job before it means nothing."""
        try:
            return (self.folder / CANCEL).read_text() == str(state.started_us)
        except OSError:
            return False

    def _lock(self, mode: int) -> int | None:
        """A descriptor that holds the lock, None if another one does."""
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _clean_up(self) -> None:
        """Removes the folders of a killed job. Called with the lock held."""
        (self.folder / CANCEL).unlink(missing_ok=True)
        for leftover in self.folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        state = read_state(self.folder)
        if state is not None and state.is_running:
            state.status = INTERRUPTED
            write_state(self.folder, state)


def _logged_fault(error: Exception) -> str:
    """Logs an unexpected exception; its type and place, without its message, which may hold data of people."""
    fields = described(error)
    LOGGER.error("job failed", extra={"fields": fields})
    return ": ".join([fields["exception"], *fields["frames"][-1:]])
