"""Progress of a command: a bar on a terminal, otherwise one line for each step.

With LEADCAST_PROGRESS=shares each percent is a line such as "42% fitting": a service shows its child's progress.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.output import echo
from history.base.progress import Progress

VARIABLE, SHARES = "LEADCAST_PROGRESS", "shares"


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

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


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
    last_text = ""

    def report(text: str, _share: float) -> None:
        nonlocal last_text
        if text != last_text:
            last_text = text
            echo(f"{text} ...")

    return report
