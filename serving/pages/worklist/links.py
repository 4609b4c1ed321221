"""Links from figures to the leads behind them: the worklist, filtered."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

FILTERS = ("stage", "owner", "source")


def worklist_link(**filters: str | None) -> str:
    """The worklist with these filters; None is no filter."""
    query = urlencode({name: value for name, value in filters.items() if value is not None})
    return f"/?{query}" if query else "/"


def leak_link(leak: Mapping[str, Any]) -> str:
    """The open leads that a leak is about: those of its stage, source or owner; the silent ones after a hand-over."""
    kind, subject = leak["kind"], leak["subject"]
    if kind == "conversion":
        return worklist_link(stage=subject)
    if kind == "speed":
        return worklist_link(stage=subject, attention="stuck")
    if kind == "hand_over":
        return worklist_link(attention="silent")
    return worklist_link(**{name: leak[name] for name in FILTERS if name in leak})
