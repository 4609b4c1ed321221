"""How far a command is: a bar on a terminal, else one line a phase."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.output import say

Progress = Callable[[str, float], None]  # what is being done, share done 0 to 1


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on stderr when it is a terminal, else one line a phase; a caller may have closed stderr."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _phases()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


def _phases() -> Progress:
    told: list[str] = []

    def tell(text: str, _share: float) -> None:
        if told[-1:] != [text]:
            told.append(text)
            say(f"{text} ...")

    return tell
