"""Rows whose faults change figures give a warning with their number and the first offender."""

import pytest

from history.history import Rejected, TableReport
from history.row_warnings import row_warnings


@pytest.mark.parametrize(
    ("table", "rule", "subject"),
    [
        ("outcomes", "bad_amount", "outcomes"),
        ("leads", "undecided_outcome", "outcomes"),
        ("leads", "odd_creation", "leads"),
    ],
    ids=["amount", "outcome", "creation"],
)
def test_flag_becomes_a_warning(table: str, rule: str, subject: str) -> None:
    reports = {table: TableReport(9, flagged=(Rejected(rule, 1200, ("row 7: x",)),))}
    (warning,) = row_warnings(reports)
    assert (warning.code, warning.subject) == (rule, subject)
    assert warning.detail.startswith("1,200 ")
    assert warning.detail.endswith(": row 7: x")


@pytest.mark.parametrize(
    ("value", "is_open"), [("$1,200", True), ("1.234.", True), ("n/a", False), ("-50", False)]
)
def test_amount_of_an_open_mark_names_the_setting(value: str, is_open: bool) -> None:
    bad = Rejected("bad_amount", 2, ("row 7: x",), "amount", value)
    (warning,) = row_warnings({"outcomes": TableReport(9, flagged=(bad,))})
    assert ("[formats.outcomes]" in warning.detail) == is_open


def test_late_rows_are_named_for_each_table() -> None:
    late = Rejected("late_row", 2, ("row 7: x",))
    reports = {name: TableReport(900, flagged=(late,)) for name in ("leads", "interactions")}
    warnings = row_warnings(reports)
    assert [(warning.code, warning.subject) for warning in warnings] == [
        ("late_rows", "leads"),
        ("late_rows", "interactions"),
    ]
    assert "row 7: x" in warnings[0].detail


def test_other_flags_and_no_folder_give_no_warning() -> None:
    flags = (Rejected("before_creation", 3, ()),)
    assert row_warnings({"interactions": TableReport(9, flagged=flags)}) == []
    assert row_warnings({}) == []
