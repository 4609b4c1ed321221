"""Whether a folder fits into memory, and into how many parts it is split if it does not."""

from pathlib import Path
from typing import Final

from history.folder.parts.split import csv_bytes

MEMORY_A_BYTE: Final = 2.4  # of CSV: 5.2 GB at the peak for 2.2 GB
LARGEST_SHARE: Final = 0.5  # of the memory that is free, for a folder that is read at once
PARTS_IN_MEMORY: Final = 12  # that would fit: scores, drift and the parts' answers need room beside a part
LARGEST_PART: Final = 700_000_000  # bytes of memory: larger parts are not read faster
MOST_PARTS: Final = 512  # each has an open file a table while the folder is split
MEMINFO: Final = Path("/proc/meminfo")
CGROUP: Final = Path("/sys/fs/cgroup")


def parts_needed(folder: Path, free_bytes: int | None) -> int:
    """The number of parts of a folder; 1 if it fits into the free memory, or if nobody knows how much that is."""
    needed = needed_bytes(folder)
    if free_bytes is None or needed <= LARGEST_SHARE * free_bytes:
        return 1
    of_part = min(LARGEST_PART, free_bytes / PARTS_IN_MEMORY)
    return min(max(round(needed / of_part), 2), MOST_PARTS)


def parts_in_memory(folder: Path, n_parts: int, free_bytes: int | None) -> int:
    """How many of the parts of a folder may be kept in memory together, at least one."""
    if free_bytes is None:
        return n_parts
    of_part = max(needed_bytes(folder) / n_parts, 1)
    return min(max(int(LARGEST_SHARE * free_bytes / of_part), 1), n_parts)


def needed_bytes(folder: Path) -> int:
    """The memory that reading a folder at once takes at its peak, estimated by the sizes of its files."""
    return int(MEMORY_A_BYTE * csv_bytes(folder))


def free_bytes(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int | None:
    """The memory that this process may still take: of the machine, and of its container if that has a limit."""
    known = [size for size in (_of_machine(meminfo), _of_container(cgroup)) if size is not None]
    return min(known, default=None)


def _of_machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _of_container(cgroup: Path) -> int | None:
    try:
        limit, used = (
            (cgroup / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current")
        )
    except OSError:
        return None
    return None if limit.strip() == "max" else max(int(limit) - int(used), 0)
