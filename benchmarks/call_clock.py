"""Processor time within chosen callables while something else runs them, in whatever threads they are called."""

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from time import thread_time
from typing import Any


class CallClock:
    """Seconds of processor time by label; of a call within another only the outer one counts.

    The time is that of the calling threads: work that a callable gives to other threads is not counted.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._thread = threading.local()
        self._lock = threading.Lock()

    def wrap(self, label: str, owner: Any, *names: str) -> None:
        """Replaces callables of a module or class by ones that are counted, for the rest of the process."""
        for name in names:
            setattr(owner, name, self.counted(label, getattr(owner, name)))

    def counted(self, label: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The callable, counted."""

        @wraps(work)
        def call(*args: Any, **named: Any) -> Any:
            if getattr(self._thread, "is_inside", False):
                return work(*args, **named)
            self._thread.is_inside = True
            began = thread_time()
            try:
                return work(*args, **named)
            finally:
                seconds = thread_time() - began
                self._thread.is_inside = False
                with self._lock:
                    self.seconds[label] += seconds

        return call
