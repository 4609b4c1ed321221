"""The funnel's state as one flat table: a row a stage, or a row a group and stage."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from funnel.records import Record
from history.base.table_file import COUNT, NUMBER, TEXT

LEDGER_COLUMNS = (
    "entries",
    "first_entries",
    "re_entries",
    "there_now",
    "moved_on",
    "skipped_ahead",
    "moved_back",
    "won",
    "lost",
)
FIGURE_COLUMNS = (
    "median_days_there",
    "onward_rate",
    "onward_rate_low",
    "onward_rate_high",
    "win_rate",
    "win_rate_low",
    "win_rate_high",
    "q25_days_in_stage",
    "median_days_in_stage",
    "q75_days_in_stage",
    "churn_rate",
)
COLUMNS: Final[Mapping[str, str]] = {
    "group": TEXT,
    "stage": TEXT,
    **dict.fromkeys(LEDGER_COLUMNS, COUNT),
    "leads_now": COUNT,
    **dict.fromkeys(FIGURE_COLUMNS, NUMBER),
}


def columns(state: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The table of stages by column, each of its kind in COLUMNS."""
    rows = list(stage_rows(state))
    return {name: [row[name] for row in rows] for name in COLUMNS}


def stage_rows(state: Mapping[str, Any]) -> Iterator[Record]:
    """One row a stage of each group of `by`, or of the total, with COLUMNS as keys.

    Stage null is the wait before the first stage.
    """
    blocks = state["groups"] if state["by"] is not None else [{"group": None, **state["total"]}]
    for block in blocks:
        for stage in block["stages"]:
            yield {"group": block["group"], "stage": stage["stage"], **_figures(stage)}


def _figures(stage: Mapping[str, Any]) -> Record:
    ledger, days = stage["ledger"], stage["days_in_stage"]
    onward, win = stage["conversion"]["onward"], stage["conversion"]["win"]
    rates = ("rate", "rate_low", "rate_high")
    return {
        **{name: ledger[name] for name in LEDGER_COLUMNS},
        "leads_now": stage["now"]["leads"],
        "median_days_there": stage["now"]["days_there"]["median"],
        **{f"onward_{name}": onward[name] for name in rates},
        **{f"win_{name}": win[name] for name in rates},
        **{f"{name}_days_in_stage": days[name] for name in ("q25", "median", "q75")},
        "churn_rate": stage["calendar"]["churn_rate"],
    }
