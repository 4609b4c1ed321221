"""Groups of a backtest: every row in one group, unknown columns refused."""

import pytest

from history.base.errors import InvalidInput
from history.history import History
from training.backtest.backtest import Backtest
from training.backtest.groups import grouping_columns
from training.evaluation.grouping import selected


def test_groups_hold_every_row_once(result: Backtest) -> None:
    rows = sum(len(replay.rows) for replay in result.replays)
    selected_rows = sum(selected(replay.rows.probability).sum() for replay in result.replays)
    by_column = result.result["by"]
    assert set(by_column) == {"stage", "source", "owner", "lead_age", "age_group", "industry"}
    for groups in by_column.values():
        sizes = [group["metrics"]["leads"] for group in groups]
        assert sum(sizes) == rows
        in_top = sum(size * group["selection_rate"] for size, group in zip(sizes, groups, strict=True))
        assert in_top == pytest.approx(selected_rows)


def test_unknown_column_is_refused_with_those_there_are(history: History) -> None:
    with pytest.raises(InvalidInput, match=r"--by nothing.*industry"):
        grouping_columns(history, ["nothing"])
