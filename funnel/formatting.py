"""Figures as people read them, the same on the terminal, on pages and in reports."""

from collections.abc import Mapping
from typing import Any


def percent(value: float | None) -> str:
    """A share as per cent with one decimal; a dash for none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def number(value: float | None) -> str:
    """Three digits, or whole with thousands apart from 1,000 on; a dash for none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def undone(block: Mapping[str, Any]) -> int:
    """Wins and losses of the period that were reopened since: with them a group's first line adds up."""
    flow, deals = block["flow"], block["deals"]
    return int(flow["won"] + flow["lost"] - deals["won"] - deals["lost"])
