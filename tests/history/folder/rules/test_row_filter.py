"""Rows set aside by rule: each once, the first offenders in full."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from history.folder.rules.row_filter import LONGEST_SHOWN, RejectedRow, RowFilter
from history.folder.rules.rules import BEFORE_CREATION, RULES
from history.folder.tables.raw_table import RawTable
from tests.builders.csv_folder import LEADS, counts, read

EMPTY_ID, BAD_TIME = (next(rule for rule in RULES if rule.name == name) for name in ("empty_id", "bad_time"))


def test_the_first_offenders_say_where_and_what(tmp_path: Path) -> None:
    history = read(tmp_path, {"leads.csv": LEADS + "".join(f"x{i},day {i},p\n" for i in range(9))})
    (broken,) = history.reports["leads"].rejected
    assert (broken.rule, broken.count, len(broken.first)) == ("bad_time", 9, 5)
    assert broken.first[0] == "row 4: created_at 'day 0'"


def numbered(*numbers: int, near: dict[str, str] | None = None) -> RawTable:
    ids = pa.array([f"L{number}" for number in numbers])
    return RawTable("leads", {"lead_id": ids}, np.array(numbers, dtype=np.int64), near=near or {})


def test_row_counts_for_the_first_rule_it_breaks() -> None:
    rejected: list[RejectedRow] = []
    rows = RowFilter(numbered(2, 3, 5), rejected)
    rows.reject(EMPTY_ID, np.array([True, False, False]), "lead_id")
    rows.reject(BAD_TIME, np.array([True, True, False]), "lead_id")
    assert rows.valid.tolist() == [False, False, True]
    assert counts(rows.report()) == {"empty_id": 1, "bad_time": 1}
    assert rejected == [
        RejectedRow("leads", 2, "empty_id", "L2"),
        RejectedRow("leads", 3, "bad_time", "L3"),
    ]


def test_flagged_row_stays_and_a_rejected_one_is_not_flagged() -> None:
    rows = RowFilter(numbered(2, 3), None)
    rows.reject(EMPTY_ID, np.array([True, False]))
    rows.flag(BEFORE_CREATION, np.array([True, True]), "lead_id")
    assert rows.valid.tolist() == [False, True]
    (flag,) = rows.report().flagged
    assert (flag.count, flag.first) == (1, ("row 3: lead_id 'L3'",))


def test_near_column_is_flagged_once_for_all_rows() -> None:
    (flag,) = RowFilter(numbered(2, 3, near={"Owner": "owner"}), None).report().flagged
    assert (flag.rule, flag.count, len(flag.first)) == ("near_column", 2, 1)


def test_long_cell_is_shortened_and_an_empty_one_named() -> None:
    cells = pa.array(["x" * 500, None])
    rows = RowFilter(RawTable("leads", {"lead_id": cells}, np.array([2, 3], dtype=np.int64)), None)
    assert len(rows.excerpt(0, ("lead_id",))) == len("row 2: lead_id ") + LONGEST_SHOWN
    assert rows.excerpt(1, ("lead_id", "absent")) == "row 3: lead_id is empty"
