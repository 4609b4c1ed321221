"""Ids of another form: matched if one lead alone is meant, else set aside with the difference."""

from pathlib import Path

import pyarrow as pa
import pytest

from history.folder.values.id_forms import IdForms, has_no_lists, is_rounded, long_id
from tests.builders.csv_folder import counts, read

SHORT = "0065g00000AbCdE"
LONG = long_id(SHORT)


def forms(*ids: str) -> IdForms:
    return IdForms({text: code for code, text in enumerate(ids)})


@pytest.mark.parametrize(
    ("lead_ids", "text", "code"),
    [
        (("12", "3"), "12", 0),
        (("12",), "12.0", 0),
        (("12",), "12.000", 0),
        (("12",), "12.5", -1),
        (("12.0",), "12", 0),
        (("12.0", "12"), "12.0", 0),
        (("12.0", "12"), "12", 1),
        (("12.0", "12.00"), "12", -1),
        ((SHORT,), LONG, 0),
        ((LONG,), SHORT, 0),
        ((LONG, SHORT), SHORT, 1),
        ((SHORT,), LONG[:15] + "000", -1),
        ((SHORT.lower(),), SHORT, -1),
        (("a",), "A", -1),
        (("7",), "007", -1),
    ],
)
def test_lead_of_a_text(lead_ids: tuple[str, ...], text: str, code: int) -> None:
    assert forms(*lead_ids).code(text) == code


def test_codes_of_many_cells_are_those_of_each() -> None:
    of_leads, cells = forms("12.0", LONG, "a"), ("a", "12", SHORT, "12.0", "A", "a;12")
    codes, is_exact = of_leads.codes(cells)
    assert codes.tolist() == [of_leads.code(cell) for cell in cells] == [2, 0, 1, 0, -1, -1]
    assert is_exact.tolist() == [True, False, False, True, False, False]


def test_a_mark_between_ids_is_found_in_texts_and_codes() -> None:
    for column in (pa.array(["a", None, "b c"]), pa.array([], pa.string())):
        assert has_no_lists(column)
        assert has_no_lists(column.dictionary_encode())
    for mark in ";,|\n":
        assert not has_no_lists(pa.array(["a", f"b{mark}c"]).dictionary_encode())


def test_check_characters_are_those_of_salesforce() -> None:
    assert long_id("00D300000000xyz") == "00D300000000xyzEAA"
    assert long_id("not an id") == "not an id"


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("a;b", ["a", "b"]),
        ("a, b,", ["a", "b"]),
        ('["a","b"]', ["a", "b"]),
        ("{a|gone}", ["a", "gone"]),
        ("a\na", ["a"]),
        ("x;y", None),
        ("a b", None),
        ("a,b", None),
        ("a", None),
    ],
)
def test_parts_of_a_cell(cell: str, parts: list[str] | None) -> None:
    known = ("a", "b", "a,b") if cell == "a,b" else ("a", "b")
    assert forms(*known).parts(cell) == parts


@pytest.mark.parametrize(
    ("text", "is_rounded_id"),
    [("1.2E+10", True), ("1,23E+17", True), ("1.2345678901e+16", True), ("5E+10", True),
     ("1E5", False), ("A1.2E+10", False), ("12.0", False), ("", False)],
)  # fmt: skip
def test_ids_that_a_spreadsheet_rounded(text: str, is_rounded_id: bool) -> None:
    assert is_rounded(text) == is_rounded_id


def calls(*ids: str) -> str:
    return "lead_id,occurred_at,kind\n" + "".join(f'"{lead}",2024-01-05,call\n' for lead in ids)


LEADS = f"lead_id,created_at\n1234,2024-01-01\n1235,2024-01-01\nAb,2024-01-01\n{SHORT},2024-01-01\n"


def test_rows_count_for_the_lead_that_is_meant(tmp_path: Path) -> None:
    files = {"leads.csv": LEADS, "interactions.csv": calls("1234.0", LONG, "1234;1235.0", "1235")}
    history = read(tmp_path, files)
    assert history.interactions.lead.tolist() == [0, 0, 1, 1, 3]
    report = history.reports["interactions"]
    assert report.rows == 4
    assert counts(report) == {}
    assert counts(report, flagged=True) == {"several_ids": 1, "other_id_form": 3}


def test_rows_without_one_lead_say_what_differs(tmp_path: Path) -> None:
    ids = ("1.2E+03", "01234", "ab", "Ab ", "gone", "1234,gone")
    history = read(tmp_path, {"leads.csv": LEADS, "interactions.csv": calls(*ids)})
    assert counts(history.reports["interactions"]) == {
        "rounded_id": 1,
        "id_case": 2,
        "id_zeros": 1,
        "unknown_lead": 2,
    }
    assert history.interactions.lead.tolist() == [0]


def test_outcome_of_several_leads_is_set_aside(tmp_path: Path) -> None:
    outcomes = "lead_id,outcome,closed_at,amount\n1234;1235,won,2024-01-05,100\nAb,won,2024-01-05,7\n"
    history = read(tmp_path, {"leads.csv": LEADS, "outcomes.csv": outcomes})
    assert counts(history.reports["outcomes"]) == {"listed_ids": 1}
    assert history.outcomes.amount.tolist() == [7.0]


def test_leads_with_rounded_ids_are_set_aside(tmp_path: Path) -> None:
    leads = "lead_id,created_at\n1.2E+10,2024-01-01\n1.2E+10,2024-01-02\n7,2024-01-03\n"
    history = read(tmp_path, {"leads.csv": leads})
    assert list(history.lead_ids) == ["7"]
    assert counts(history.reports["leads"]) == {"rounded_id": 2}
