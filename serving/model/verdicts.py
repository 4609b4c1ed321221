"""Verdicts of trials, shared by the processes of one `leadcast serve` in their run folder."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from models.home.pointer import Pointer

LOCK = "model_check.lock"  # held by the process that tries a bundle


@dataclass(frozen=True)
class Verdict:
    """The result of a trial; reason None for a good bundle."""

    reason: str | None


def read_verdict(run_folder: Path, pointer: Pointer, refusal_seconds: float) -> Verdict | None:
    """What another process found, None if nothing; a refusal older than refusal_seconds is tried again."""
    file = _file(run_folder, pointer)
    try:
        reason = json.loads(file.read_text())[0]
        age_seconds = time.time() - file.stat().st_mtime
    except (OSError, ValueError):
        return None
    return Verdict(reason) if reason is None or age_seconds < refusal_seconds else None


def write_verdict(run_folder: Path, pointer: Pointer, verdict: Verdict) -> None:
    """Records the verdict; the caller holds LOCK."""
    _file(run_folder, pointer).write_text(json.dumps([verdict.reason]))


def _file(run_folder: Path, pointer: Pointer) -> Path:
    return run_folder / f"model_check.{pointer.manifest_sha256}.json"
