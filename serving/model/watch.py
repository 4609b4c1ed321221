"""The model in use: follows the champion on disk; a new bundle is tried in a child process, loaded, and swapped in."""

import asyncio
import fcntl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history.base.errors import DamagedArtifact
from history.text.times import format_time
from models.bundle import Bundle
from models.home.pointer import POINTER, Pointer, manifest_sha256, read_pointer
from serving.base import metrics
from serving.base.clock import clock_us
from serving.base.json_logs import LOGGER
from serving.base.metrics import Gauge
from serving.model.errors import NoModel
from serving.model.trial import load_checked, try_in_child, try_out
from serving.model.verdicts import LOCK, Verdict, read_verdict, write_verdict

POLL_SECONDS = 0.5
RETRY_SECONDS = 30.0


@dataclass(frozen=True)
class Refused:
    """A bundle that was promoted but not taken into use."""

    model_version: str
    reason: str
    since_us: int

    def describe(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version,
            "reason": self.reason,
            "since": format_time(self.since_us),
        }


class ModelWatch:
    """Holds the model in use; a request takes `current` once and keeps it to its end.

    Each of `on_swap` is called in the event loop after a swap with the new bundle. Workers that share `run_folder` try
    a bundle once for all.
    """

    def __init__(self, home: Path, run_folder: Path | None = None) -> None:
        self.home = home
        self.run_folder = run_folder
        self.current: Bundle | None = None
        self.refused: Refused | None = None
        self.on_swap: list[Callable[[Bundle], None]] = []
        self._in_use = ("", "")  # version and manifest digest
        self._is_taking = False
        self._pointer_state: tuple[int, ...] | None = None
        self._retry_at = 0.0

    def bundle(self) -> Bundle:
        """The model in use; raises NoModel without one."""
        if self.current is None:
            raise NoModel(self.refused.reason if self.refused else None, self.is_loading)
        return self.current

    @property
    def is_loading(self) -> bool:
        """True while no model is in use and the promoted one is being tried and loaded."""
        return self._is_taking and self.current is None

    async def run(self) -> None:
        """Follows the champion until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Takes a new champion into use, or refuses it; a refused one is tried again after `RETRY_SECONDS`."""
        state = _state_of(self.home / POINTER)
        is_retry_due = self.refused is not None and time.monotonic() >= self._retry_at
        if state == self._pointer_state and not is_retry_due:
            return
        self._pointer_state = state
        try:
            pointer = read_pointer(self.home)
        except DamagedArtifact as damage:
            self._refuse("", str(damage))
            return
        if pointer is None:
            return
        if self._in_use == (pointer.model_version, pointer.manifest_sha256):
            self.refused = None
            return
        self._is_taking = True
        try:
            if not await self._take(pointer) and self.current is None:
                await self._fall_back(pointer)
        finally:
            self._is_taking = False

    async def _take(self, pointer: Pointer) -> bool:
        try:
            reason = await self._trial(pointer)
            if reason is None:
                bundle = await asyncio.to_thread(_load, pointer)
        except DamagedArtifact as damage:
            reason = str(damage)
        except OSError as error:
            reason = f"it cannot be tried now: {error.strerror or type(error).__name__}"
        if reason is not None:
            self._refuse(pointer.model_version, reason)
            return False
        self._in_use = (pointer.model_version, pointer.manifest_sha256)
        self.refused = None
        self._use(bundle)
        return True

    async def _fall_back(self, pointer: Pointer) -> None:
        """After a start with a damaged champion: takes the latest earlier version whose export is intact."""
        refused = self.refused
        for version in pointer.before:
            folder = pointer.folder.parent / version
            with suppress(DamagedArtifact):
                if await self._take(Pointer(version, folder, manifest_sha256(folder))):
                    break
        self.refused = refused

    def _use(self, bundle: Bundle) -> None:
        self.current = bundle
        metrics.SWAPS.inc()
        LOGGER.info("model in use", extra={"fields": {"model_version": bundle.version}})
        for notify in self.on_swap:
            notify(bundle)

    def _refuse(self, version: str, reason: str) -> None:
        """Records the refusal; logs it once per version and reason, with the home's path replaced."""
        reason = reason.replace(str(self.home.absolute()), "HOME").replace(str(self.home), "HOME")
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if self.refused is None or (self.refused.model_version, self.refused.reason) != (version, reason):
            self.refused = Refused(version, reason, clock_us())
            metrics.REFUSALS.inc()
            LOGGER.error("model refused", extra={"fields": {"model_version": version, "reason": reason}})

    async def _trial(self, pointer: Pointer) -> str | None:
        """The reason to refuse the bundle, None for a good one; the verdict is shared in the run folder.

        Raises OSError if this process cannot try it: out of memory, files or disk space.
        """
        if self.run_folder is None or not self.run_folder.is_dir():
            return await try_in_child(pointer)
        with open(self.run_folder / LOCK, "w") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            verdict = read_verdict(self.run_folder, pointer, RETRY_SECONDS / 2)
            if verdict is None:
                verdict = Verdict(await try_in_child(pointer))
                write_verdict(self.run_folder, pointer, verdict)
            return verdict.reason

    def gauges(self) -> Iterable[Gauge]:
        """Gauges of the model in use and of a refused one."""
        refused = {"model_version": self.refused.model_version if self.refused else ""}
        is_refused = float(self.refused is not None)
        yield Gauge("leadcast_model_refused", "1 while a promoted bundle is refused.", refused, is_refused)
        if self.current is not None:
            version = {"model_version": self.current.version}
            yield Gauge("leadcast_model_info", "The model in use.", version, 1.0)
            age_seconds = clock_us() / 1e6 - self.current.trained_through_us / 1e6
            yield Gauge("leadcast_model_age_seconds", "Time since the model's own T.", version, age_seconds)


def _state_of(path: Path) -> tuple[int, ...]:
    """Changes with every replacement of the file; empty without the file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _load(pointer: Pointer) -> Bundle:
    bundle = load_checked(pointer.folder, pointer.manifest_sha256, pointer.model_version)
    reason = try_out(bundle)
    if reason is not None:
        raise DamagedArtifact(reason)
    return bundle
