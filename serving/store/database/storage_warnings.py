"""Warnings at start about where the store lies: an old SQLite library, a network file system."""

import sqlite3
from pathlib import Path

# The first SQLite without the WAL-reset bug of 3.7.0 to 3.51.2.
FIXED_SQLITE = (3, 51, 3)
# Types of file systems whose locks do not hold between machines.
NETWORK_TYPES = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "vboxsf",
    }
)
MOUNTINFO = Path("/proc/self/mountinfo")


def storage_warnings(
    path: Path | None, version: tuple[int, ...] = sqlite3.sqlite_version_info, mountinfo: Path = MOUNTINFO
) -> list[str]:
    """Warnings about a store at `path`, None for a database server; `mountinfo` lists the mounts of Linux."""
    if path is None:
        return []
    warnings = []
    if version < FIXED_SQLITE:
        warnings.append(
            f"SQLite {_dotted(version)} is older than {_dotted(FIXED_SQLITE)}, which fixes a rare bug that damages "
            "a database when two connections write its write-ahead log at once. Leadcast writes with one connection "
            "at a time; let no other program write to the store, and upgrade the SQLite library when you can."
        )
    kind = filesystem_type(path, mountinfo)
    if kind in NETWORK_TYPES:
        warnings.append(
            f"The store is on a network file system ({kind}), where SQLite's locks do not work: move "
            "LEADCAST_HOME to a local disk, or use PostgreSQL for the store (LEADCAST_DATABASE_URL)."
        )
    return warnings


def filesystem_type(path: Path, mountinfo: Path = MOUNTINFO) -> str:
    """Type of the file system that holds `path`; empty if the system does not list its mounts."""
    try:
        lines = mountinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    mounts = [_mount(line) for line in lines]
    holding = [(len(point), kind) for point, kind in mounts if resolved.is_relative_to(point)]
    _, kind = max(holding, key=lambda mount: mount[0], default=(0, ""))
    return kind


def _mount(line: str) -> tuple[str, str]:
    """Mount point and type of a line of mountinfo, in which a space is written \\\\040."""
    mount, _, source = line.partition(" - ")
    return mount.split()[4].replace("\\040", " "), source.split()[0]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
