"""Progress of a command: a bar on a terminal, otherwise one line for each step."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.output import echo
from history.progress import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Shows progress on stderr, which may be closed."""
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


def _lines() -> Progress:
    last_text = ""

    def report(text: str, _share: float) -> None:
        nonlocal last_text
        if text != last_text:
            last_text = text
            echo(f"{text} ...")

    return report
