"""Low-disk guard: refuses writes while there is still room to recover, and keeps a ballast file to free.

On a full disk SQLite cannot checkpoint, and so cannot recover by deleting rows either (measured: 4.1 MB of WAL beside
a database of 2.1 MB). Deleting the ballast gives the checkpoint its room.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serving.store.database.outages import is_full
from serving.store.errors import DiskFull

BALLAST = "store.ballast"
FLOOR_BYTES = 64 * 1024 * 1024
BALLAST_BYTES = 16 * 1024 * 1024
# On a disk so small that these shares of it are less, they replace the sizes above.
FLOOR_SHARE = 0.02
BALLAST_SHARE = 0.02
LOOKUP_INTERVAL_S = 0.25  # a write takes less than a millisecond; it must not pay for statvfs each time


class DiskGuard:
    """Watches the free space of a folder; None if the database is on a server.

    floor_bytes overrides the smaller of 64 MiB and 2 % of the disk.
    """

    def __init__(self, folder: Path | None, floor_bytes: int | None = None) -> None:
        self.folder = folder
        self._floor = floor_bytes
        self._looked_up_at = -LOOKUP_INTERVAL_S
        self._free = 0

    def free_bytes(self) -> int:
        """Free space for this user, read from the system at most four times a second."""
        if self.folder is not None and time.monotonic() - self._looked_up_at >= LOOKUP_INTERVAL_S:
            self._free = shutil.disk_usage(self.folder).free
            self._looked_up_at = time.monotonic()
        return self._free

    def floor_bytes(self) -> int:
        """Free space below which writes are refused."""
        if self._floor is not None or self.folder is None:
            return self._floor or 0
        return min(FLOOR_BYTES, int(FLOOR_SHARE * shutil.disk_usage(self.folder).total))

    def check(self) -> None:
        """Raises DiskFull below the floor; creates a missing ballast file above it."""
        if self.folder is None:
            return
        floor = self.floor_bytes()
        if self.free_bytes() < floor:
            raise DiskFull(f"less than {floor >> 10} KiB are free for the store: free some space")
        self._create_ballast(self.folder / BALLAST)

    @contextmanager
    def room_for_recovery(self) -> Iterator[None]:
        """Deletes the ballast if the disk runs full inside the block, so that a checkpoint has room."""
        try:
            yield
        except Exception as error:
            if self.folder is not None and is_full(error):
                with suppress(OSError):
                    (self.folder / BALLAST).unlink()
                self._looked_up_at = -LOOKUP_INTERVAL_S
            raise

    def _create_ballast(self, path: Path) -> None:
        if path.exists():
            return
        size = min(BALLAST_BYTES, int(BALLAST_SHARE * shutil.disk_usage(path.parent).total))
        if self.free_bytes() < self.floor_bytes() + 2 * size:
            return
        with suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)
