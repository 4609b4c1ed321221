"""Headline figures of a report."""

from collections.abc import Mapping
from typing import Any


def reopened_closings(block: Mapping[str, Any]) -> int:
    """Wins and losses of the period that were reopened since; with them the headline counts of a group add up."""
    flow, deals = block["flow"], block["deals"]
    return int(flow["won"] + flow["lost"] - deals["won"] - deals["lost"])
