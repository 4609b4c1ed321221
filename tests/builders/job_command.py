"""A command for jobs to run: `python -m tests.builders.job_command WHAT`; not a command of Leadcast."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

WAIT = [sys.executable, "-c", "import signal; signal.pause()"]


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(what: str, *arguments: str) -> None:
    """Does one of: answer JSON, fail in words or without, die, hang (with a child), print too much, print no JSON."""
    tell("0% reading")
    tell("a line for people")
    tell("40% fitting")
    if what == "answer":
        sys.stdout.write(
            json.dumps(
                {"niceness": os.nice(0), "home": os.environ["LEADCAST_HOME"], "given": list(arguments)}
            )
        )
    elif what == "refuse":
        tell("Error: the data is bad:\n- a row\nremedy: mend it")
        sys.exit(1)
    elif what == "fail":
        sys.exit(3)
    elif what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "hang":
        child = [subprocess.Popen(WAIT).pid] if len(arguments) > 1 else []
        for file, pid in zip(arguments, [os.getpid(), *child], strict=True):
            Path(file).write_text(str(pid))
        while True:
            signal.pause()
    elif what == "long line":
        tell("x" * (3 << 20))
        sys.stdout.write("{}")
    elif what == "text":
        sys.stdout.write("no JSON")


if __name__ == "__main__":
    main(*sys.argv[1:])
