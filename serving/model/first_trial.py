"""The champion's trial while the first workers still import: they find its verdict in the run folder.

Run as `python -m serving.model.first_trial HOME RUN_FOLDER PARENT_PID` by the supervisor. A crash or a timeout leaves
no verdict, and a worker tries the bundle again, in a child process of its own.
"""

import fcntl
import signal
import sys
from contextlib import suppress
from pathlib import Path

from history.base.errors import DamagedArtifact
from models.pointer import read_pointer
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


if __name__ == "__main__":
    die_with_parent(int(sys.argv[3]))
    signal.alarm(int(TRIAL_SECONDS))  # ends a trial that hangs, and its hold of the lock with it
    main(Path(sys.argv[1]), Path(sys.argv[2]))
