"""A command of Leadcast as a child process of the service: ends with it, and gives way to requests.

Run as `python -m serving.jobs.child PARENT_PID MODULE ARGUMENT...`; becomes `python -m MODULE ARGUMENT...`.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from serving.base.parent_death import die_with_parent

NICENESS = 10
CODE = Path(__file__).resolve().parents[2]
# What commands do not need to know: the keys of people, and the shared counters of workers.
WITHHELD = ("LEADCAST_API_KEYS", "LEADCAST_RUN_FOLDER", "PROMETHEUS_MULTIPROC_DIR")


def command_of(module: str, arguments: Sequence[str]) -> list[str]:
    """The command line of a child of this process."""
    return [sys.executable, "-m", "serving.jobs.child", str(os.getpid()), module, *arguments]


def environment_of(home: Path, scratch: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The child's environment: this home, temporary files in `scratch`, progress as shares."""
    path = os.pathsep.join(filter(None, [str(CODE), inherited.get("PYTHONPATH")]))
    kept = {name: value for name, value in inherited.items() if name not in WITHHELD}
    return {
        **kept,
        "LEADCAST_HOME": str(home.absolute()),
        "LEADCAST_PROGRESS": "shares",
        "PYTHONPATH": path,
        "TMPDIR": str(scratch.absolute()),
    }


def main(parent_pid: str, module: str, *arguments: str) -> None:
    """Replaces this process by the command; the request to die with the parent survives that (prctl(2))."""
    die_with_parent(int(parent_pid))
    os.nice(NICENESS)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
