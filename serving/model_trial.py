"""The child process that tries a bundle: a damaged model may kill or hang the process that reads it.

Run as `python -m serving.model_trial FOLDER MANIFEST_SHA256 PARENT_PID`; prints one JSON object: {} for a good bundle,
{"reason": ...} for one to refuse. A dead or silent process means refused too.
"""

import json
import sys
from pathlib import Path

from features.errors import DamagedArtifact
from serving.lineage import end_with
from serving.model_check import load_checked, try_out


def main(folder: str, expected_sha256: str, parent: str) -> int:
    """0 when the bundle can be used, 1 when it is refused."""
    end_with(int(parent))
    try:
        reason = try_out(load_checked(Path(folder), expected_sha256, "trial"))
    except DamagedArtifact as damage:
        reason = str(damage)
    sys.stdout.write(json.dumps({} if reason is None else {"reason": reason}) + "\n")
    return 0 if reason is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
