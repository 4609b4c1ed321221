"""Folders that commands split into parts on disk, because they would fill the memory or because --parts says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cli.options import home
from cli.shown.output import echo
from history.base.free_memory import free_bytes
from history.base.locked_tempdir import locked_tempdir
from history.base.progress import Progress
from history.config.config import FunnelConfig
from history.folder.parts.size import needed_bytes, parts_needed
from history.folder.parts.split import NeedsWhole, SplitFolder, csv_bytes, split_folder

Result = TypeVar("Result")

GIGABYTE = 1e9
SPLITTING = 0.3  # of the time that reading a folder in parts takes


@dataclass(frozen=True)
class Split:
    """How a command splits a folder. model: a model's configuration for it.

    n_parts: None reads it at once. needs_whole: why it cannot be split.
    """

    data: Path
    model: FunnelConfig | None
    n_parts: int | None
    needs_whole: str | None = None


def parts_of(
    data: Path, wanted: int | None, needed: Callable[[Path, int | None], int] = parts_needed
) -> int | None:
    """Into how many parts a folder is split, None if it is read at once.

    wanted: --parts. needed: the number by the folder and the free memory, 1 if the command has room for all of it.
    """
    if wanted is not None:
        return wanted
    count = needed(data, free_bytes())
    return count if count > 1 else None


def reading_share(data: Path, n_parts: int | None, at_once: float, as_long: float) -> float:
    """The share of a command's time that reading a folder takes, which grows with the size of one in parts.

    n_parts: None is read at once, which takes the share at_once. as_long: size of a folder, bytes of CSV, that is read
    in parts in as much time as the rest of the command takes.
    """
    size = csv_bytes(data)
    return at_once if n_parts is None else max(size / (size + as_long), at_once)


def in_parts(split: Split, report: Progress, work: Callable[[SplitFolder], Result]) -> Result | None:
    """What `work` gives of the folder in parts; None if it is to be read at once, with the reason told if it has one.

    report: the progress of splitting.
    """
    if split.n_parts is None:
        return None
    try:
        if split.needs_whole is not None:
            raise NeedsWhole(split.needs_whole)
        with split_on_disk(split.data, split.model, split.n_parts, report) as folder:
            return work(folder)
    except NeedsWhole as reason:
        echo(f"{split.data} is read at once, into memory, because {reason}")
        return None


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
        echo(f"{data} takes about {size} of memory at once; it is split into {n_parts} parts in {folder}")
        yield split_folder(data, model, n_parts, folder, report)


def echo_if_too_large(data: Path) -> None:
    """Says so if a folder that is read at once takes more memory than is free."""
    free, needed = free_bytes(), needed_bytes(data)
    if free is not None and needed > free:
        echo(
            f"{data} takes about {needed / GIGABYTE:.1f} GB of memory, and {free / GIGABYTE:.1f} GB are free: the "
            "command may end without a word; take a machine with more memory"
        )
