"""The champion on disk -> the model in use: tried in a child process, loaded, swapped whole by reference."""

import asyncio
import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history.errors import DamagedArtifact
from history.times import format_time
from models.bundle import Bundle
from models.pointer import POINTER, Pointer, manifest_sha256, read_pointer
from serving.base import metrics
from serving.base.json_logs import LOGGER
from serving.base.metrics import Gauge
from serving.model.errors import NoModel
from serving.model.trial import load_checked, try_out

POLL_SECONDS = 0.5
CHECK_SECONDS = 60.0
RETRY_SECONDS = 30.0
_CODE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Refused:
    """A bundle that was promoted but not taken, and why."""

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

    `on_swap` is called in the event loop after each swap with the new bundle.
    """

    def __init__(self, home: Path, run_folder: Path | None = None) -> None:
        self.home = home
        self.run_folder = run_folder
        self.current: Bundle | None = None
        self.refused: Refused | None = None
        self.on_swap: list[Callable[[Bundle], None]] = []
        self._in_use = ("", "")
        self._mark: tuple[int, ...] | None = None
        self._retry_at = 0.0

    def bundle(self) -> Bundle:
        """The model in use; raises NoModel without one."""
        if self.current is None:
            raise NoModel(self.refused.reason if self.refused else None)
        return self.current

    async def run(self) -> None:
        """Looks for a new champion until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Takes the champion into use if it is another one than before, or refuses it."""
        mark = _mark(self.home / POINTER)
        if mark == self._mark and (self.refused is None or time.monotonic() < self._retry_at):
            return
        self._mark = mark
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
        if not await self._take(pointer) and self.current is None:
            await self._fall_back(pointer)

    async def _take(self, pointer: Pointer) -> bool:
        try:
            reason = await self._tried(pointer)
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
        """After a start with a damaged champion: the latest earlier one whose export still works."""
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
        for tell in self.on_swap:
            tell(bundle)

    def _refuse(self, version: str, reason: str) -> None:
        reason = reason.replace(str(self.home.absolute()), "HOME").replace(str(self.home), "HOME")
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if self.refused is None or (self.refused.model_version, self.refused.reason) != (version, reason):
            self.refused = Refused(version, reason, time.time_ns() // 1000)
            metrics.REFUSALS.inc()
            LOGGER.error("model refused", extra={"fields": {"model_version": version, "reason": reason}})

    async def _tried(self, pointer: Pointer) -> str | None:
        """Why the bundle must not be used, None when it may; workers that share a run folder try it once.

        OSError where this process cannot try it, for want of memory, of files or of room.
        """
        if self.run_folder is None or not self.run_folder.is_dir():
            return await try_in_child(pointer)
        with open(self.run_folder / "model_check.lock", "w") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            verdict = self.run_folder / f"model_check.{pointer.manifest_sha256}.json"
            known = _known(verdict)
            if known is None:
                known = (await try_in_child(pointer),)
                verdict.write_text(json.dumps(known))
            return known[0]

    def gauges(self) -> Iterable[Gauge]:
        """The model in use and the one refused, for /metrics."""
        refused = {"model_version": self.refused.model_version if self.refused else ""}
        yield (
            "leadcast_model_refused",
            "1 while a promoted bundle is refused.",
            refused,
            float(self.refused is not None),
        )
        if self.current is not None:
            version = {"model_version": self.current.version}
            yield "leadcast_model_info", "The model in use.", version, 1.0
            age = time.time() - self.current.trained_through_us / 1e6
            yield "leadcast_model_age_seconds", "Time since the model's own T.", version, age


def _mark(path: Path) -> tuple[int, ...]:
    try:
        seen = path.stat()
    except OSError:
        return ()
    return seen.st_mtime_ns, seen.st_ino, seen.st_size


def _known(verdict: Path) -> tuple[str | None] | None:
    """The verdict on file; one that refuses holds for `RETRY_SECONDS`."""
    try:
        reason = json.loads(verdict.read_text())[0]
        age = time.time() - verdict.stat().st_mtime
    except (OSError, ValueError):
        return None
    return (reason,) if reason is None or age < RETRY_SECONDS / 2 else None


def _load(pointer: Pointer) -> Bundle:
    bundle = load_checked(pointer.folder, pointer.manifest_sha256, pointer.model_version)
    reason = try_out(bundle)
    if reason is not None:
        raise DamagedArtifact(reason)
    return bundle


async def try_in_child(pointer: Pointer) -> str | None:
    """Why the bundle must not be used: said by the child process, or read from how it ended."""
    what = [str(pointer.folder.absolute()), pointer.manifest_sha256, str(os.getpid())]
    command = [sys.executable, "-m", "serving.model.trial", *what]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_CODE), os.environ.get("PYTHONPATH", "")]),
    }
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment
    )
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            said, _ = await child.communicate()
    except TimeoutError:
        return f"it did not score a lead within {CHECK_SECONDS:.0f} seconds"
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 0:
        return None
    try:
        return str(json.loads(said)["reason"])
    except (ValueError, KeyError):
        return f"reading it ended the trial process with code {child.returncode}"
