"""The low-disk guard: writes stop while there is still room to recover, and a ballast file gives that room."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serving.store.errors import DiskFull, is_full

BALLAST = "store.ballast"
FLOOR_BYTES = 64 * 1024 * 1024
BALLAST_BYTES = 16 * 1024 * 1024
FLOOR_SHARE = 0.02  # of the disk, where that is less
BALLAST_SHARE = 0.02
LOOK_EVERY_S = 0.25


class DiskGuard:
    """Watches the free space of one folder; None watches nothing (the database is elsewhere).

    floor_bytes overrides the smaller of 64 MB and 2 % of the disk.
    """

    def __init__(self, folder: Path | None, floor_bytes: int | None = None) -> None:
        self.folder = folder
        self._floor = floor_bytes
        self._looked = -LOOK_EVERY_S
        self._free = 0

    def free_bytes(self) -> int:
        """Free space for this user, looked up at most four times a second."""
        if self.folder is not None and time.monotonic() - self._looked >= LOOK_EVERY_S:
            self._free = shutil.disk_usage(self.folder).free
            self._looked = time.monotonic()
        return self._free

    def floor_bytes(self) -> int:
        if self._floor is not None or self.folder is None:
            return self._floor or 0
        return min(FLOOR_BYTES, int(FLOOR_SHARE * shutil.disk_usage(self.folder).total))

    def check(self) -> None:
        """Raises DiskFull below the floor; keeps the ballast in place above it."""
        if self.folder is None:
            return
        if self.free_bytes() < self.floor_bytes():
            raise DiskFull(
                f"less than {self.floor_bytes() >> 10} KiB are free for the store: free some space"
            )
        self._lay_ballast()

    @contextmanager
    def room_for_recovery(self) -> Iterator[None]:
        """Gives the ballast up when the disk runs full inside the block, so that the log can be written back."""
        try:
            yield
        except Exception as error:
            if self.folder is not None and is_full(error):
                with suppress(OSError):
                    (self.folder / BALLAST).unlink()
                self._looked = -LOOK_EVERY_S
            raise

    def _lay_ballast(self) -> None:
        assert self.folder is not None
        path = self.folder / BALLAST
        if path.exists():
            return
        size = min(BALLAST_BYTES, int(BALLAST_SHARE * shutil.disk_usage(self.folder).total))
        if self.free_bytes() < self.floor_bytes() + 2 * size:
            return
        with suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)


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
