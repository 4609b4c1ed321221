"""Forked processes: how they end, what they keep of their parent, and when a process may fork."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.process.forking import can_fork, fork


def wait_for_signal() -> None:
    signal.pause()


def fail() -> None:
    raise ValueError("an error")


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (lambda: None, 0),
        (lambda: sys.exit(7), 7),
        (sys.exit, 0),
        (lambda: sys.exit("a reason"), 1),
        (fail, 1),
    ],
)
def test_the_exit_code_is_that_of_a_process_of_its_own(work: Callable[[], None], code: int) -> None:
    process = fork("short", work)
    assert process.wait() == process.poll() == process.returncode == code


def test_an_error_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    fork("short", fail).wait()
    assert "ValueError: an error" in capfd.readouterr().err


def test_a_signal_is_in_the_exit_code() -> None:
    process = fork("long", wait_for_signal)
    assert process.poll() is None
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.terminate()  # of an ended process: nothing


def test_a_signal_at_once_ends_the_child() -> None:
    """It meets the child before it has forgotten the handlers of its parent."""
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        for _ in range(50):
            process = fork("long", wait_for_signal)
            process.terminate()
            assert process.wait() == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        ends = fork("short", lambda: sys.exit(int(signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN)))
        assert ends.wait() == 1
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_name_is_shown_and_cut(tmp_path: Path) -> None:
    def work() -> None:
        (tmp_path / "name").write_text(Path("/proc/self/comm").read_text())

    fork("leadcast-worker-number-1", work).wait()
    assert (tmp_path / "name").read_text() == "leadcast-worker\n"


def test_clean_up_is_the_parents() -> None:
    """The child leaves no block of its parent: temporary folders would be removed twice."""
    process = None
    try:
        process = fork("short", lambda: None)
    finally:
        assert process is not None, "also reached by a child that does not end"
    assert process.wait() == 0


def test_a_process_with_threads_does_not_fork() -> None:
    stopped = threading.Event()
    thread = threading.Thread(target=stopped.wait)
    thread.start()
    try:
        assert not can_fork()
    finally:
        stopped.set()
        thread.join()
    code = "from serving.process.forking import can_fork; raise SystemExit(can_fork())"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."}, check=False)
    assert done.returncode == 1
