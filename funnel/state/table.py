"""The funnel's state as one flat table: a row a stage, or a row a group and stage."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from funnel.state.period import Record
from history.table_file import COUNT, NUMBER, TEXT

COLUMNS: Final[Mapping[str, str]] = {
    "group": TEXT,
    "stage": TEXT,
    **dict.fromkeys(
        (
            "entries", "first_entries", "re_entries", "there_now",
            "moved_on", "skipped_ahead", "moved_back", "won", "lost",
        ),
        COUNT,
    ),
    "leads_now": COUNT,
    **dict.fromkeys(
        (
            "median_days_there", "onward_rate", "onward_rate_low", "onward_rate_high", "win_rate", "win_rate_low",
            "win_rate_high", "q25_days_in_stage", "median_days_in_stage", "q75_days_in_stage", "churn_rate",
        ),
        NUMBER,
    ),
}  # fmt: skip


def stage_rows(state: Mapping[str, Any]) -> list[Record]:
    """The stages of each group of `by`, of the whole without it, with COLUMNS as keys; stage null is the wait
    for the first.
    """
    blocks = state["groups"] if state["by"] is not None else [{"group": None, **state["total"]}]
    return [row for block in blocks for row in _rows(block)]


def _rows(block: Mapping[str, Any]) -> Iterator[Record]:
    for stage in block["stages"]:
        ledger, onward, win = stage["ledger"], stage["conversion"]["onward"], stage["conversion"]["win"]
        row = {name: ledger[name] for name in COLUMNS if name in ledger}
        yield {
            "group": block["group"],
            "stage": stage["stage"],
            **row,
            "leads_now": stage["now"]["leads"],
            "median_days_there": stage["now"]["days_there"]["median"],
            **{f"onward_{name}": onward[name] for name in ("rate", "rate_low", "rate_high")},
            **{f"win_{name}": win[name] for name in ("rate", "rate_low", "rate_high")},
            **{f"{name}_days_in_stage": stage["days_in_stage"][name] for name in ("q25", "median", "q75")},
            "churn_rate": stage["calendar"]["churn_rate"],
        }


def columns(state: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The table of stages by column, each of its kind in COLUMNS."""
    rows = stage_rows(state)
    return {name: [row[name] for row in rows] for name in COLUMNS}
