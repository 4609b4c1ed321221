"""What to know of the place of a SQLite store before anything goes wrong there."""

import sqlite3
from pathlib import Path

MENDED = (3, 51, 3)  # the first version without the WAL-reset bug of 3.7.0 to 3.51.2
NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs"}
    | {"nfs", "nfs4", "smb3", "smbfs", "vboxsf"}
)  # fmt: skip
MOUNTS = Path("/proc/self/mountinfo")


def cautions(
    path: Path | None, version: tuple[int, ...] = sqlite3.sqlite_version_info, mounts: Path = MOUNTS
) -> list[str]:
    """Warnings about a store at `path`, None for a database server; `mounts` as Linux lists them in mountinfo."""
    if path is None:
        return []
    found = []
    if version < MENDED:
        found.append(
            f"SQLite {_dotted(version)} is older than {_dotted(MENDED)}, which mends a rare fault that damages a "
            "database when two connections write its log at once. Leadcast lets one write at a time; let no other "
            "program write to the store, and renew the SQLite library when you can."
        )
    kind = filesystem(path, mounts)
    if kind in NETWORK:
        found.append(
            f"The store lies on a network file system ({kind}), where SQLite's locks do not hold: put "
            "LEADCAST_HOME on a local disk, or the store into PostgreSQL (LEADCAST_DATABASE_URL)."
        )
    return found


def filesystem(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that holds `path`; empty where the system does not list its mounts."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    place = path.resolve()
    held = [(len(point), kind) for point, kind in map(_mount, lines) if place.is_relative_to(point)]
    return max(held, key=lambda one: one[0], default=(0, ""))[1]


def _mount(line: str) -> tuple[str, str]:
    """Mount point and type of a line of mountinfo, whose spaces are written \\\\040."""
    before, _, after = line.partition(" - ")
    return before.split()[4].replace("\\040", " "), after.split()[0]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
