"""Headline figures: closings reopened since make the counts of flow and deals add up."""

from typing import Any

from funnel.state.report.headline import reopened_closings


def test_reopened_closings_close_the_gap_between_flow_and_deals(state: dict[str, Any]) -> None:
    block = state["total"]
    flow, deals = block["flow"], block["deals"]
    assert reopened_closings(block) == 3, "three of the twenty leads were decided and opened again"
    assert flow["won"] + flow["lost"] == deals["won"] + deals["lost"] + reopened_closings(block)
