"""Zeroes what SQLite leaves behind in its file: copies of rows in the unused middle of split pages.

secure_delete zeroes a deleted row where it was, but when a page is split the half that moves stays on the old page
between its pointers and its rows, out of reach for any later deletion. Those bytes mean nothing to SQLite.
"""

import os

import numpy as np
import numpy.typing as npt

from history.arrays import Bytes

CHUNK = 16 * 1024 * 1024
FILE_HEADER = 100
LEAVES, INTERIORS = (10, 13), (2, 5)  # first byte of a page of a tree; of any other page it is 0 up to 128 GB
LARGEST_FILE = 1 << 37


def scrub(descriptor: int) -> int:
    """Zeroes the unused middle of every page of the database file; how many pages had something there.

    Only while nobody writes and after the log was written back: readers do not look at these bytes.
    """
    size = os.fstat(descriptor).st_size
    if size < FILE_HEADER or size >= LARGEST_FILE:
        return 0
    page_size = int.from_bytes(os.pread(descriptor, 2, 16), "big")
    page_size = 65_536 if page_size == 1 else page_size
    found = 0
    for offset in range(0, size, CHUNK):
        content = np.frombuffer(os.pread(descriptor, CHUNK, offset), dtype=np.uint8)
        pages = content[: len(content) // page_size * page_size].reshape(-1, page_size)
        start, stop = _gaps(pages, offset == 0)
        for row in _soiled(pages, start, stop).tolist():
            os.pwrite(descriptor, bytes(stop[row] - start[row]), offset + row * page_size + int(start[row]))
            found += 1
    if found:
        os.fsync(descriptor)
    return found


def _gaps(pages: Bytes, has_header: bool) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the unused middle of each page starts and stops; equal for pages without one."""
    head = np.zeros(len(pages), dtype=np.int64)
    if has_header:
        head[0] = FILE_HEADER
    rows = np.arange(len(pages))
    field = [pages[rows, head + i].astype(np.int64) for i in range(7)]
    interior = np.isin(field[0], INTERIORS)
    start = head + np.where(interior, 12, 8) + 2 * (256 * field[3] + field[4])
    stop = 256 * field[5] + field[6]
    stop = np.where(stop == 0, 65_536, stop)
    good = (interior | np.isin(field[0], LEAVES)) & (start <= stop) & (stop <= pages.shape[1])
    return np.where(good, start, 0), np.where(good, stop, 0)


def _soiled(pages: Bytes, start: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """The pages that have something in their middle."""
    column = np.arange(pages.shape[1])
    middle = (column >= start[:, None]) & (column < stop[:, None])
    return np.flatnonzero(((pages != 0) & middle).any(axis=1))
