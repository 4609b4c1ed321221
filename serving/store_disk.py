"""The low-disk guard: writes stop while there is still room to recover, and a ballast file gives that room."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serving.store_errors import DiskFull, is_full

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
