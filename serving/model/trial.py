"""Trial of a bundle in a child process: a damaged model may kill or hang the process that reads it.

Run as `python -m serving.model.trial FOLDER MANIFEST_SHA256 PARENT_PID`; prints one JSON object: {} for a good bundle,
{"reason": ...} for one to refuse. A crash or a timeout is a refusal too.
"""

import asyncio
import json
import math
import os
import sys
from pathlib import Path

from history.base.errors import DamagedArtifact
from models.bundle import Bundle
from models.home.pointer import Pointer, manifest_sha256
from models.home.saved import load_bundle
from serving.base.parent_death import die_with_parent
from serving.base.problems import Problem
from serving.model.invented import invented_lead
from serving.model.scoring import score_leads

TRIAL_SECONDS = 60.0
_CODE = Path(__file__).resolve().parents[2]


async def try_in_child(pointer: Pointer) -> str | None:
    """The reason to refuse the bundle, from the child's output or from how it ended; None for a good bundle."""
    bundle = [str(pointer.folder.absolute()), pointer.manifest_sha256]
    command = [sys.executable, "-m", "serving.model.trial", *bundle, str(os.getpid())]
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=_environment()
    )
    try:
        async with asyncio.timeout(TRIAL_SECONDS):
            output, _ = await child.communicate()
    except TimeoutError:
        return f"it did not score a lead within {TRIAL_SECONDS:.0f} seconds"
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 0:
        return None
    try:
        return str(json.loads(output)["reason"])
    except (ValueError, KeyError):
        return f"reading it ended the trial process with code {child.returncode}"


def _environment() -> dict[str, str]:
    """This process's environment with the code on the path, without the workers' shared counters."""
    path = os.pathsep.join([str(_CODE), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    return environment


def load_checked(folder: Path, expected_sha256: str, version: str) -> Bundle:
    """The bundle; raises DamagedArtifact unless its manifest is the promoted one and its files match it."""
    if manifest_sha256(folder) != expected_sha256:
        raise DamagedArtifact("its manifest is not the one that was promoted")
    return load_bundle(folder, version)


def try_out(bundle: Bundle) -> str | None:
    """Scores an invented lead with all reasons; the reason to refuse the bundle, None for a good one."""
    as_of_us = bundle.trained_through_us
    record = score_leads(bundle, [invented_lead(bundle)], as_of_us, as_of_us, None)[0]
    if isinstance(record, Problem):
        return "it cannot read a plain lead"
    numbers = [record[key] for key in ("probability", "probability_low", "probability_high", "score")]
    numbers += [reason["points"] for reason in record["reasons"]]
    if not all(isinstance(number, float | int) and math.isfinite(number) for number in numbers):
        return "it gives scores that are not finite numbers"
    if not 0.0 < record["probability"] < 1.0:
        return "it gives a probability outside of (0, 1)"
    return None


def reason_to_refuse(folder: Path, expected_sha256: str) -> str | None:
    """Why the bundle in this folder cannot be used, None for a good one; reading it may end this process."""
    try:
        return try_out(load_checked(folder, expected_sha256, "trial"))
    except DamagedArtifact as damage:
        return str(damage)


def main(folder: str, expected_sha256: str, parent_pid: str) -> int:
    """0 for a good bundle, 1 for one to refuse."""
    die_with_parent(int(parent_pid))
    reason = reason_to_refuse(Path(folder), expected_sha256)
    sys.stdout.write(json.dumps({} if reason is None else {"reason": reason}) + "\n")
    return 0 if reason is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
