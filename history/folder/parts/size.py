"""Whether a folder fits into memory, and into how many parts it is split if it does not."""

from pathlib import Path
from typing import Final

from history.folder.parts.split import csv_bytes

MEMORY_A_BYTE: Final = 2.4  # of CSV: 5.2 GB at the peak for 2.2 GB
LARGEST_SHARE: Final = 0.5  # of the memory that is free, for a folder that is read at once
PARTS_IN_MEMORY: Final = 12  # that would fit: scores, drift and the parts' answers need room beside a part
# Of training: rows of features, of which there are at most 300,000, and the leads themselves. 3.9 GB at the peak for
# 0.2 GB of CSV, 7.8 GB for 2.4 GB (docs/decisions/0075).
ROWS_A_BYTE: Final = 20
ALL_ROWS: Final = 3_600_000_000
LEADS_A_BYTE: Final = 1.8
TRAINING_SHARE: Final = 0.8  # of the memory that is free
MOST_LEADS: Final = 1_000_000  # of a sample: more would not change the number of rows that are fitted
SMALLEST_SAMPLE: Final = 1024  # one lead in so many
LARGEST_PART: Final = 700_000_000  # bytes of memory: larger parts are not read faster
MOST_PARTS: Final = 512  # each has an open file a table while the folder is split


def parts_needed(folder: Path, free_bytes: int | None) -> int:
    """The number of parts of a folder; 1 if it fits into the free memory, or if nobody knows how much that is."""
    if free_bytes is None or needed_bytes(folder) <= LARGEST_SHARE * free_bytes:
        return 1
    return _part_count(folder, free_bytes)


def parts_to_train(folder: Path, free_bytes: int | None) -> int:
    """`parts_needed` to train on the leads of a folder; 1 if the training on all of them fits."""
    if free_bytes is None or training_bytes(csv_bytes(folder)) <= TRAINING_SHARE * free_bytes:
        return 1
    return _part_count(folder, free_bytes)


def _part_count(folder: Path, free_bytes: int) -> int:
    of_part = max(min(LARGEST_PART, free_bytes / PARTS_IN_MEMORY), 1)
    return min(max(round(needed_bytes(folder) / of_part), 2), MOST_PARTS)


def one_in(folder: Path, leads: int, free_bytes: int | None) -> int:
    """A training's sample of a folder with so many leads, as large as the free memory allows: one in 1, 2, 4 ..."""
    size, every = csv_bytes(folder), 1
    while every < SMALLEST_SAMPLE and (
        leads / every > MOST_LEADS
        or (free_bytes is not None and training_bytes(size / every) > TRAINING_SHARE * free_bytes)
    ):
        every *= 2
    return every


def training_bytes(csv_bytes: float) -> int:
    """The memory that a training takes at its peak, estimated by the size that its leads have as CSV."""
    training = min(ROWS_A_BYTE * csv_bytes, ALL_ROWS) + LEADS_A_BYTE * csv_bytes
    return int(max(training, MEMORY_A_BYTE * csv_bytes))


def parts_in_memory(folder: Path, n_parts: int, free_bytes: int | None) -> int:
    """How many of the parts of a folder may be kept in memory together, at least one."""
    if free_bytes is None:
        return n_parts
    of_part = max(needed_bytes(folder) / n_parts, 1)
    return min(max(int(LARGEST_SHARE * free_bytes / of_part), 1), n_parts)


def needed_bytes(folder: Path) -> int:
    """The memory that reading a folder at once takes at its peak, estimated by the sizes of its files."""
    return int(MEMORY_A_BYTE * csv_bytes(folder))
