"""The pace as a bundle keeps it: stages by their folded names, nothing lost on the way."""

import json

from models.reasons.pace import UNKNOWN_PACE, Pace


def test_pace_survives_json() -> None:
    pace = Pace({"": 2.0, "größe": 1 / 3}, {"new": 9.0}, 4.5, has_touches=True, has_outbound=False)
    assert Pace.from_dict(json.loads(json.dumps(pace.to_dict()))) == pace
    assert Pace.from_dict(json.loads(json.dumps(UNKNOWN_PACE.to_dict()))) == UNKNOWN_PACE


def test_stages_are_found_by_any_spelling() -> None:
    pace = Pace({"closed soon": 2.0, "": 1.0}, {"new": 9.0})
    assert pace.silent_limit(" Closed  SOON ") == 2.0
    assert pace.silent_limit(None) == 1.0
    assert pace.stuck_limit("NEW") == 9.0
    assert pace.stuck_limit("other") is None
