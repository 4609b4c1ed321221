"""Usual touches: JSON and back."""

import json

from models.reasons.usual_touches import UsualTouch


def test_json_gives_the_same_touch() -> None:
    for touch in (UsualTouch("call", "phone", 6.0), UsualTouch("mail")):
        assert UsualTouch.from_dict(json.loads(json.dumps(touch.to_dict()))) == touch
