"""Progress of a command: a bar on a terminal, otherwise one line for each step, with the time that is left.

With LEADCAST_PROGRESS=shares each percent is a line such as "42% fitting": a service shows its child's progress.
"""

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.shown.output import echo
from history.base.progress import Progress

VARIABLE, SHARES = "LEADCAST_PROGRESS", "shares"
# Before that much of the work and of time, what is left cannot be told; short commands need not tell.
LEAST_SHARE, LEAST_SECONDS = 0.05, 20.0


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Shows progress on stderr, which may be closed."""
    if os.environ.get(VARIABLE) == SHARES:
        yield _shares()
        return
    if sys.stderr is None or not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    left = TextColumn("{task.fields[left]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), left)
    began = time.monotonic()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0, left="")

        def report(text: str, share: float) -> None:
            bar.update(
                task, description=text, completed=share, left=time_left(time.monotonic() - began, share)
            )

        yield report


def time_left(seconds: float, share: float) -> str:
    """What is left of work of which `share` took so many seconds, in words; "" where that tells little.

    Shares are those of the time that steps take on a big folder, so that the rest takes as long in proportion.

    >>> time_left(120, 0.25)
    'about 6 min left'
    """
    if seconds < LEAST_SECONDS or not LEAST_SHARE <= share < 1:
        return ""
    minutes = math.ceil(seconds * (1 - share) / share / 60)
    return "less than a minute left" if minutes <= 1 else f"about {minutes} min left"


def _shares() -> Progress:
    last = ""

    def report(text: str, share: float) -> None:
        nonlocal last
        line = f"{share:.0%} {text}"
        if line != last:
            last = line
            echo(line)

    return report


def _lines() -> Progress:
    last_text, began = "", time.monotonic()

    def report(text: str, share: float) -> None:
        nonlocal last_text
        if text != last_text:
            last_text = text
            left = time_left(time.monotonic() - began, share)
            echo(f"{text} ..." + (f" ({left})" if left else ""))

    return report
