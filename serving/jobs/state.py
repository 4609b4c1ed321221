"""The state of the latest job of a home, in a file that every worker reads and a reload of a page finds again."""

import os
from pathlib import Path
from typing import Any

import msgspec

FILE = "state.json"
RUNNING, DONE, FAILED, INTERRUPTED = "running", "done", "failed", "interrupted"
CANCELLED = "cancelled"  # by someone on a page


class JobState(msgspec.Struct):
    """A job: its kind, its steps by name, and how far it is.

    step: the number of the current step from 0; text and share: what it does, 0 to 1. error: the words of a failure.
    fault: where an unexpected exception was raised, for admins.
    results: the JSON object that each finished step printed. by: who started it.
    """

    kind: str
    steps: list[str]
    by: str | None
    started_us: int
    status: str = RUNNING
    step: int = 0
    text: str = ""
    share: float = 0.0
    ended_us: int | None = None
    error: str | None = None
    fault: str | None = None
    results: dict[str, Any] = {}

    @property
    def is_running(self) -> bool:
        return self.status == RUNNING


def read_state(folder: Path) -> JobState | None:
    """The latest job, None without one or if its file is of another version."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=JobState)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def write_state(folder: Path, state: JobState) -> None:
    """Replaces the file in one step. Only the holder of the lock writes; a lost file costs the view of a job."""
    part = folder / f".{FILE}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.encode(state))
    os.replace(part, folder / FILE)
