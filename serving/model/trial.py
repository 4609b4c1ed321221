"""The child process that tries a bundle: a damaged model may kill or hang the process that reads it.

Run as `python -m serving.model.trial FOLDER MANIFEST_SHA256 PARENT_PID`; prints one JSON object: {} for a good bundle,
{"reason": ...} for one to refuse. A dead or silent process means refused too.
"""

import json
import math
import sys
from pathlib import Path

from history.errors import DamagedArtifact
from history.history import DAY_US
from history.schema import OWN_ATTRIBUTES
from history.times import format_time
from models.bundle import Bundle, load_bundle
from models.pointer import manifest_sha256
from serving.base.parent_death import die_with_parent
from serving.base.problems import Problem
from serving.model.scoring import score_leads


def load_checked(folder: Path, expected_sha256: str, version: str) -> Bundle:
    """The bundle, if its manifest is the one promoted; raises DamagedArtifact."""
    if manifest_sha256(folder) != expected_sha256:
        raise DamagedArtifact("its manifest is not the one that was promoted")
    return load_bundle(folder, version)


def try_out(bundle: Bundle) -> str | None:
    """Scores an invented lead with all reasons; why the answer cannot be used, None when it can."""
    as_of_us = bundle.trained_through_us
    created, yesterday = format_time(as_of_us - 10 * DAY_US), format_time(as_of_us - DAY_US)
    names = [attribute.name for attribute in bundle.vocabulary.attributes]
    lead = {
        "lead_id": "trial",
        "created_at": created,
        "attributes": {name: "1" for name in names if name not in OWN_ATTRIBUTES},
        "interactions": [{"kind": "call", "occurred_at": yesterday, "direction": "inbound", "value": 1}],
        "stages": [{"stage": name, "entered_at": created} for name in bundle.config.stages[:1]],
        "attribute_changes": [
            {"attribute": name, "value": "2", "changed_at": yesterday} for name in names[:1]
        ],
    }
    answer = score_leads(bundle, [lead], as_of_us, as_of_us, None)[0]
    if isinstance(answer, Problem):
        return "it cannot read a plain lead"
    numbers = [answer["probability"], answer["probability_low"], answer["probability_high"], answer["score"]]
    numbers += [reason["points"] for reason in answer["reasons"]]
    if not all(isinstance(n, float | int) and math.isfinite(n) for n in numbers):
        return "it gives scores that are not finite numbers"
    if not 0.0 < answer["probability"] < 1.0:
        return "it gives a probability outside of (0, 1)"
    return None


def main(folder: str, expected_sha256: str, parent: str) -> int:
    """0 when the bundle can be used, 1 when it is refused."""
    die_with_parent(int(parent))
    try:
        reason = try_out(load_checked(Path(folder), expected_sha256, "trial"))
    except DamagedArtifact as damage:
        reason = str(damage)
    sys.stdout.write(json.dumps({} if reason is None else {"reason": reason}) + "\n")
    return 0 if reason is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
