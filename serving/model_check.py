"""Whether a bundle can be used: its digests, and a score of an invented lead."""

import math
from pathlib import Path

from features.errors import DamagedArtifact
from features.event_log import DAY_US
from features.layout import OWN_ATTRIBUTES
from features.times import format_time
from models.bundle import Bundle, load_bundle
from models.pointer import manifest_sha256
from serving.adapter import score_leads
from serving.problems import Problem


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
