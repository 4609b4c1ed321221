"""The memory that this process may still take: of the machine, and of each control group that it is in."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
CGROUP: Final = Path("/sys/fs/cgroup")


class _Version(NamedTuple):
    """A version of control groups: its controller in /proc/self/cgroup, its folder, and its files.

    cache: what memory.stat calls pages of files.
    """

    controller: str
    folder: str
    limit: str
    used: str
    cache: tuple[str, str]


VERSIONS: Final = (
    _Version("", "", "memory.max", "memory.current", ("inactive_file", "active_file")),
    _Version(
        "memory",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        ("total_inactive_file", "total_active_file"),
    ),
)


def free_bytes(proc: Path = PROC, cgroup: Path = CGROUP) -> int | None:
    """The least of what the machine and the control groups leave; None if nobody knows.

    A container is such a group, and so is a service whose unit says MemoryMax, or a job of a batch system.
    """
    sizes = [_of_machine(proc)]
    for version in VERSIONS:
        sizes += [_of_group(group, version) for group in _groups(proc, cgroup, version)]
    return min((size for size in sizes if size is not None), default=None)


def _of_machine(proc: Path) -> int | None:
    lines = _text(proc / "meminfo").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _groups(proc: Path, cgroup: Path, version: _Version) -> Iterator[Path]:
    """The folders of the process's group and of all groups around it, whose limits hold too.

    A container may see its own group as the outermost one while /proc tells its path on the host: folders that are not
    there have no limit.
    """
    root = cgroup / version.folder
    yield root
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if version.controller in controllers.split(","):
            own = PurePosixPath(path.lstrip("/"))
            yield from (root / group for group in (own, *own.parents) if group.parts)


def _of_group(group: Path, version: _Version) -> int | None:
    """The limit less what is in use; pages of files count as free, as in the machine's MemAvailable.

    All of them, since those of a folder that is read again and again, part after part, count as active.
    """
    limit, used = _text(group / version.limit), _text(group / version.used)
    if not limit or not used or limit == "max":
        return None
    sizes = dict(line.split() for line in _text(group / "memory.stat").splitlines())
    cached = sum(int(sizes.get(name, 0)) for name in version.cache)
    return max(int(limit) - int(used) + cached, 0)


def _text(path: Path) -> str:
    """The text of a file of the system; empty without the file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
