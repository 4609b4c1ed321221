"""Stages kept by id: what each means, in which order, and a chosen stage before the system's own word."""

import math
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from connectors.deals.deals import LOST, OPEN, WON
from connectors.deals.stage_table import StageRow, StageTable, stage_table
from connectors.reading.options import ReadOptions
from history.base.errors import InvalidInput

ROWS = [
    StageRow("1", "New", "sales", 0, OPEN),
    StageRow("2", "Offer", "sales", 1, None),
    StageRow("3", "Closed Won", "sales", 2, None),
    StageRow("4", "Dropped", "sales", 3, LOST),
    StageRow("5", "Never used", "sales", 0.5, OPEN),
    StageRow("6", "Elsewhere", "other", 0, OPEN),
]


def table(used: str, rows: list[StageRow] | None = None, **options: tuple[str, ...]) -> StageTable:
    read = ReadOptions(0, ZoneInfo("UTC"), won=options.get("won", ()), lost=options.get("lost", ()))
    return stage_table(ROWS if rows is None else rows, used, read)


def test_meaning_is_the_systems_then_the_usual_word() -> None:
    stages = table("1234")
    assert dict(zip(stages.labels, stages.states.tolist(), strict=True)) == {
        "New": OPEN, "Offer": OPEN, "Closed Won": WON, "Dropped": LOST,
    }  # fmt: skip


def test_chosen_stage_comes_before_the_systems_word() -> None:
    stages = table("124", won=("dropped",), lost=("2",))
    assert stages.states_of(stages.codes(["4", "2", "1", None])).tolist() == [WON, LOST, OPEN, OPEN]
    assert {stages.labels[code] for code in stages.chosen} == {"Dropped", "Offer"}


def test_unknown_chosen_stage_lists_the_stages() -> None:
    with pytest.raises(InvalidInput, match="--won Signed: no such stage; the stages are New, Offer"):
        table("12", won=("Signed",))


def test_order_has_the_unused_stages_of_the_same_pipeline() -> None:
    assert table("12").order == ("New", "Never used", "Offer")
    assert table("126").order == ("New", "Elsewhere", "Never used", "Offer")


@pytest.mark.parametrize(
    "rows",
    [[*ROWS, StageRow("7", "Odd", "sales", math.nan, OPEN)], ROWS[1:]],
    ids=["without order", "not described"],
)
def test_order_that_is_not_whole_is_unknown(rows: list[StageRow]) -> None:
    assert table("127", rows).order == ()


def test_stage_the_system_does_not_describe_has_its_id_as_label() -> None:
    stages = table("9", [])
    assert (list(stages.labels), stages.states.tolist()) == (["9"], [OPEN])
    assert np.array_equal(stages.codes(["9", "8"]), [0, -1])
