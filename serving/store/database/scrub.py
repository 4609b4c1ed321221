"""Zeroes remains of rows in the unused space of SQLite's pages.

`secure_delete` zeroes a deleted row at its place. But when a page is split, the moved half stays behind on the old
page, in the gap between the cell pointers and the cells, where no later deletion reaches it. SQLite ignores the gap.

VACUUM would remove these copies too, but it rewrites the whole database for the erasure of one lead: it writes all
pages to the write-ahead log, then to the file, needs the disk space for both and blocks every writer meanwhile.
Scrubbing reads the file once and writes only the gaps that are not zero. Measured on 141 MB: 0.13 s against 0.60 s
and a log of 141 MB.

Page format: https://sqlite.org/fileformat2.html#b_tree_pages
"""

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from history.base.arrays import Bytes, Ints

CHUNK_BYTES = 16 * 1024 * 1024
FILE_HEADER_BYTES = 100
PAGE_SIZE_OFFSET = 16
PAGE_SIZES = tuple(1 << power for power in range(9, 17))  # 512 to 65,536 bytes
# First byte of a b-tree page. Other pages begin with a page number, whose first byte is 0 in files below 128 GiB.
LEAF_TYPES = (10, 13)
INTERIOR_TYPES = (2, 5)
LARGEST_FILE_BYTES = 1 << 37
LEAF_HEADER_BYTES = 8
INTERIOR_HEADER_BYTES = 12
# Offsets in a page's header.
TYPE, CELL_COUNT, CELL_START = 0, 3, 5
POINTER_BYTES = 2


@dataclass(frozen=True)
class _Gaps:
    """The unused space of each page: start and stop offsets (pages,), equal if there is none."""

    start: Ints
    stop: Ints


def scrub(descriptor: int) -> int:
    """Zeroes the unused space of every page of the database file; returns the number of pages changed.

    Must run while nobody writes and after a complete checkpoint. Readers may go on: they ignore these bytes.
    """
    size = os.fstat(descriptor).st_size
    if size < FILE_HEADER_BYTES or size >= LARGEST_FILE_BYTES:
        return 0
    page_size = _page_size(descriptor)
    if page_size not in PAGE_SIZES:
        return 0
    changed = 0
    for offset in range(0, size, CHUNK_BYTES):
        content = np.frombuffer(os.pread(descriptor, CHUNK_BYTES, offset), dtype=np.uint8)
        pages = content[: len(content) // page_size * page_size].reshape(-1, page_size)
        gaps = _gaps(pages, is_first_chunk=offset == 0)
        for page in _dirty_pages(pages, gaps).tolist():
            start, stop = int(gaps.start[page]), int(gaps.stop[page])
            os.pwrite(descriptor, bytes(stop - start), offset + page * page_size + start)
            changed += 1
    if changed:
        os.fsync(descriptor)
    return changed


def _page_size(descriptor: int) -> int:
    stored = int.from_bytes(os.pread(descriptor, 2, PAGE_SIZE_OFFSET), "big")
    return 65_536 if stored == 1 else stored  # 65,536 does not fit into two bytes


def _gaps(pages: Bytes, is_first_chunk: bool) -> _Gaps:
    header = np.zeros(len(pages), dtype=np.int64)
    if is_first_chunk:
        header[0] = FILE_HEADER_BYTES
    page_type = _byte(pages, header + TYPE)
    is_interior = np.isin(page_type, INTERIOR_TYPES)
    is_tree = is_interior | np.isin(page_type, LEAF_TYPES)
    header_bytes = np.where(is_interior, INTERIOR_HEADER_BYTES, LEAF_HEADER_BYTES)
    start = header + header_bytes + POINTER_BYTES * _two_bytes(pages, header + CELL_COUNT)
    stop = _two_bytes(pages, header + CELL_START)
    stop = np.where(stop == 0, 65_536, stop)
    # A page that contradicts the format is left alone.
    is_valid = is_tree & (start <= stop) & (stop <= pages.shape[1])
    return _Gaps(np.where(is_valid, start, 0), np.where(is_valid, stop, 0))


def _byte(pages: Bytes, offset: Ints) -> Ints:
    """The byte of each page at its offset (pages,)."""
    return pages[np.arange(len(pages)), offset].astype(np.int64)


def _two_bytes(pages: Bytes, offset: Ints) -> Ints:
    """The big-endian number of two bytes of each page at its offset (pages,)."""
    return 256 * _byte(pages, offset) + _byte(pages, offset + 1)


def _dirty_pages(pages: Bytes, gaps: _Gaps) -> npt.NDArray[np.intp]:
    """Indices of the pages whose gap is not all zero."""
    column = np.arange(pages.shape[1])
    in_gap = (column >= gaps.start[:, None]) & (column < gaps.stop[:, None])
    return np.flatnonzero(((pages != 0) & in_gap).any(axis=1))
