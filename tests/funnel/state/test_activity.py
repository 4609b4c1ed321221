"""Touches and responses of the twenty leads counted by hand."""

from typing import Any


def test_follow_ups_and_responses(state: dict[str, Any]) -> None:
    activity = state["total"]["activity"]
    assert (activity["touches"], activity["follow_ups"], activity["waiting_for_answer"]) == (7, 1, 1)
    response, first = activity["response_hours"], activity["first_response_hours"]
    assert (response["n"], response["answered"], response["q25"], response["median"]) == (3, 1, 48.0, None)
    assert (first["n"], first["answered"]) == (20, 2)
