"""The champion's trial while the first workers start: they find its verdict in the run folder.

The supervisor forks a process for it. A crash or a timeout leaves no verdict, and a worker tries the bundle again, in
a child process of its own.
"""

import fcntl
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from history.base.errors import DamagedArtifact
from models.home.pointer import read_pointer
from serving.base.parent_death import die_with_parent
from serving.model.trial import TRIAL_SECONDS, reason_to_refuse
from serving.model.verdicts import LOCK, Verdict, write_verdict


def main(home: Path, run_folder: Path) -> None:
    """Writes the verdict on the champion of the home, if it has one."""
    with suppress(DamagedArtifact), open(run_folder / LOCK, "w") as lock:
        pointer = read_pointer(home)
        if pointer is None:
            return
        # A worker that was quicker holds the lock until it has written the verdict itself.
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            write_verdict(
                run_folder, pointer, Verdict(reason_to_refuse(pointer.folder, pointer.manifest_sha256))
            )


def run(home: Path, run_folder: Path, parent_pid: int) -> None:
    """`main` in a process of its own, which dies with its parent, and without a verdict if the trial hangs."""
    die_with_parent(parent_pid)
    signal.alarm(int(TRIAL_SECONDS))  # ends the hold of the lock with the process
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # a worker logs the refusal
    main(home, run_folder)
