"""Processor time within chosen callables while something else runs them, in whatever threads they are called."""

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from time import thread_time
from typing import Any


class CallClock:
    """Seconds of processor time by label; within a call inside another, only the inner one's label counts.

    The time is that of the calling threads: work that a callable gives to other threads is not counted.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._threads = threading.local()
        self._lock = threading.Lock()

    def wrap(self, label: str, owner: Any, *names: str) -> None:
        """Replaces callables of a module or class by ones that are counted, for the rest of the process."""
        for name in names:
            setattr(owner, name, self.counted(label, getattr(owner, name)))

    def counted(self, label: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The callable, counted."""

        @wraps(work)
        def call(*args: Any, **named: Any) -> Any:
            outer = self._switch_to(label)
            try:
                return work(*args, **named)
            finally:
                self._switch_to(outer)

        return call

    def _switch_to(self, label: str | None) -> str | None:
        """Counts this thread's time under another label from now on, None for none; the label until now."""
        now, thread = thread_time(), self._threads
        before: str | None = getattr(thread, "label", None)
        if before is not None:
            with self._lock:
                self.seconds[before] += now - thread.since
        thread.label, thread.since = label, now
        return before
