"""One job while it runs: its steps are commands, whose progress and results it keeps in the state file."""

import asyncio
import os
import re
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from serving.jobs.child import command_of, environment_of
from serving.jobs.state import JobState, write_state

SAVE_SECONDS = 0.5
LONGEST_LINE = 1 << 20  # bytes of stderr
LARGEST_RESULT = 32 << 20  # bytes of stdout
TAIL_LINES = 60
LONGEST_ERROR = 4_000  # characters
END_SECONDS = 5.0  # for a command to clean up after SIGTERM
_PROGRESS = re.compile(r"(\d{1,3})% (.+)")
_ERROR = "Error: "  # click's


class StepFailed(Exception):
    """A command that ended with an error, in its own words."""


class JobRun:
    """Runs the steps of a job one after the other. `scratch` is the job's private folder."""

    def __init__(self, home: Path, folder: Path, scratch: Path, state: JobState) -> None:
        self.home = home
        self.folder = folder
        self.scratch = scratch
        self.state = state
        self._saved_at = 0.0

    async def step(self, name: str, *arguments: str, module: str = "cli") -> dict[str, Any]:
        """The JSON object that a command prints, kept under the step's name; raises StepFailed in its words."""
        state = self.state
        state.step, state.text, state.share = state.steps.index(name), "", 0.0
        self._save()
        process = await asyncio.create_subprocess_exec(
            *command_of(module, arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            limit=LONGEST_LINE,
            env=environment_of(self.home, self.scratch),
            start_new_session=True,  # a group of its own, so that `_end` reaches what the command has started
        )
        try:
            tail, output = await asyncio.gather(self._follow(process), _read_result(process))
            code = await process.wait()
        finally:
            await _end(process)
        if code:
            raise StepFailed(_words(code, tail))
        try:
            result: dict[str, Any] = msgspec.json.decode(output, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise StepFailed("the command's result cannot be read") from None
        state.results[name] = result
        self._save()
        return result

    async def _follow(self, process: Process) -> list[str]:
        """Keeps the progress that the command prints; its last lines, for the words of an error."""
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        assert process.stderr is not None
        while True:
            try:
                line = (await process.stderr.readline()).decode("utf-8", "replace")
            except ValueError:  # a longer line, which is thrown away
                continue
            if not line:
                return list(tail)
            progress = _PROGRESS.fullmatch(line.rstrip())
            if progress is None:
                tail.append(line.rstrip())
                continue
            self.state.share, self.state.text = min(1.0, int(progress[1]) / 100), progress[2]
            if time.monotonic() - self._saved_at >= SAVE_SECONDS:
                self._save()

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        write_state(self.folder, self.state)


async def _read_result(process: Process) -> bytes:
    """The command's stdout; a result over the limit ends the command."""
    assert process.stdout is not None
    chunks, size = [], 0
    while chunk := await process.stdout.read(1 << 16):
        size += len(chunk)
        if size > LARGEST_RESULT:
            process.kill()
            raise StepFailed("the command's result is too large")
        chunks.append(chunk)
    return b"".join(chunks)


async def _end(process: Process) -> None:
    """Ends a command that still runs, with its children: first politely, so that it removes its temporary files."""
    if process.returncode is not None:
        return
    _signal_group(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    _signal_group(process, signal.SIGKILL)
    await process.wait()


def _signal_group(process: Process, number: int) -> None:
    """Sends a signal to the command and what it has started; some of it may have ended."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _words(code: int, tail: list[str]) -> str:
    """The error that a command printed last; without one, how it ended."""
    starts = [number for number, line in enumerate(tail) if line.startswith(_ERROR)]
    if starts:
        return "\n".join(tail[starts[-1] :]).removeprefix(_ERROR).strip()[:LONGEST_ERROR]
    if code < 0:
        return f"the command was ended by {signal.Signals(-code).name}, as it happens when memory runs out"
    return tail[-1][:LONGEST_ERROR] if tail else f"the command ended with code {code}"
