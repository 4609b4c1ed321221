"""Processes forked from one that has imported what they need: they share its memory and start in milliseconds."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

_TASKS = Path("/proc/self/task")
_PR_SET_NAME = 15  # prctl(2)
_LONGEST_NAME = 15  # bytes of a process's name
_HELD_BACK = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class ForkedProcess:
    """A child of this process, with the methods of `subprocess.Popen` that a supervisor calls."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, -N after signal N; None while the process runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """The exit code, once the process has ended."""
        return self._reap(0)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:  # until it is reaped, no other process has its id
            os.kill(self.pid, number)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def can_fork() -> bool:
    """True on Linux in a process of one thread: a fork copies locks that other threads hold, and they never open."""
    try:
        return len(list(_TASKS.iterdir())) == 1
    except OSError:
        return False


def fork(name: str, work: Callable[[], None]) -> ForkedProcess:
    """A child that does the work under this name, with the default actions of signals, and ends without clean-up.

    Clean-up of this process, such as that of its temporary folders, is not the child's.
    """
    _flush()
    # A signal between the fork and the child's own handlers would be answered by this process's, and lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        pid = os.fork()
        if pid == 0:
            _run(name, work, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ForkedProcess(pid)


def _run(name: str, work: Callable[[], None], mask: Iterable[int]) -> NoReturn:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:_LONGEST_NAME])
        _forget_handlers()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        _flush()
        os._exit(code)


def _forget_handlers() -> None:
    """Python's handlers become the default, as after exec(2); ignored signals stay ignored."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
