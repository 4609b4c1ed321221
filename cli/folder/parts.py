"""Folders that commands split into parts on disk, because they would fill the memory or because --parts says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.options import home
from cli.shown.output import echo
from history.base.locked_tempdir import locked_tempdir
from history.base.progress import Progress
from history.config.config import FunnelConfig
from history.folder.parts.size import free_bytes, needed_bytes, parts_needed
from history.folder.parts.split import SplitFolder, split_folder

GIGABYTE = 1e9


def parts_of(data: Path, wanted: int | None) -> int | None:
    """Into how many parts a folder is split, None if it is read at once; wanted: --parts."""
    if wanted is not None:
        return wanted
    needed = parts_needed(data, free_bytes())
    return needed if needed > 1 else None


@contextmanager
def split_on_disk(
    data: Path, model: FunnelConfig | None, n_parts: int, report: Progress
) -> Iterator[SplitFolder]:
    """The folder in parts, until the block ends; in the home, where the next command removes those of a killed one.

    model: a model's configuration for the folder. Raises as split_folder.
    """
    home().mkdir(parents=True, exist_ok=True)
    with locked_tempdir(home(), "parts-") as folder:
        size = f"{needed_bytes(data) / GIGABYTE:.1f} GB"
        echo(f"reading {data} at once would take about {size}: it is split into {n_parts} parts in {folder}")
        yield split_folder(data, model, n_parts, folder, report)


def echo_if_too_large(data: Path) -> None:
    """Says so if a folder that is read at once takes more memory than is free."""
    free, needed = free_bytes(), needed_bytes(data)
    if free is not None and needed > free:
        echo(
            f"{data} takes about {needed / GIGABYTE:.1f} GB of memory, and {free / GIGABYTE:.1f} GB are free: the "
            "command may end without a word; take a machine with more memory"
        )


def echo_at_once(data: Path, reason: Exception) -> None:
    """Says that a folder cannot be split."""
    echo(f"{data} is read at once, into memory, because {reason}")
