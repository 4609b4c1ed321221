"""Exports as CRMs and spreadsheets write them: one problem for what is wrong with a file, and where and what to do."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from history.errors import InvalidInput
from history.read import read_folder

LEADS = "lead_id,created_at,plan\na,2024-01-01,x\nb,2024-01-02,y\n"


def problems(folder: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    for name, content in {"leads.csv": LEADS.encode(), **files}.items():
        (folder / name).write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        read_folder(folder)
    return caught.value.problems


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (LEADS.replace(",", ";").encode(), "the columns are separated by semicolons"),
        (LEADS.replace(",", "\t").encode(), "the columns are separated by tabs"),
        (b'lead_id;created_at;"Revenue, EUR"\na;2024-01-01;1,5\n', "separated by semicolons"),
        (b"sep=,\r\n" + LEADS.encode(), "'sep=,', is a note for Excel"),
        (b"sep=;\r\n" + LEADS.encode(), "'sep=;', is a note for Excel"),
        (LEADS.encode("utf-16"), "is UTF-16"),
        (LEADS.encode("utf-16-le"), "is UTF-16"),
        (LEADS.encode("utf-16-be"), "is UTF-16"),
        (b"PK\x03\x04\x14\x00", "an Excel workbook"),
        (b"PAR1\x15\x04", "end in .parquet"),
        (gzip.compress(LEADS.encode(), mtime=0), "end in .csv.gz"),
        (LEADS.encode() + b"c,2024-01-01,K\xf6ln\n", "line 4: 'c,2024-01-01,K\ufffdln"),
        (LEADS.encode().replace(b"plan", b"stra\xdfe"), "line 1: 'd_id,created_at,stra\ufffde"),
    ],
)  # fmt: skip
def test_a_foreign_file_is_one_problem_with_its_format(content: bytes, expected: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"leads.csv": content})
    assert problem.startswith("leads.csv")
    assert expected in problem


def test_a_header_in_other_marks_tells_its_missing_columns_too(tmp_path: Path) -> None:
    found = problems(tmp_path, {"leads.csv": b"Id;created_at\na;2024-01-01\n"})
    assert len(found) == 2
    assert "semicolons" in found[0]
    assert "'lead_id' is missing; the file has 'Id', 'created_at'" in found[1]


@pytest.mark.parametrize("name", ["Lead_ID", "LEAD ID", "leadId"])
def test_a_required_column_in_other_case_names_its_mapping(name: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"leads.csv": LEADS.replace("lead_id", name).encode()})
    assert problem.endswith(f'[columns.leads] of funnel.toml: lead_id = "{name}".')
    (tmp_path / "funnel.toml").write_text(f'[columns.leads]\nlead_id = "{name}"\n')
    assert list(read_folder(tmp_path).lead_ids) == ["a", "b"]


def test_an_optional_column_in_other_case_is_flagged(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS)
    (tmp_path / "outcomes.csv").write_text("lead_id,outcome,Closed_At\na,won,2024-01-05\n")
    (flag,) = read_folder(tmp_path).reports["outcomes"].flagged
    assert flag.rule == "near_column"
    assert 'closed_at = "Closed_At"' in flag.first[0]
    (tmp_path / "funnel.toml").write_text('[columns.outcomes]\nclosed_at = "Closed_At"\n')
    assert read_folder(tmp_path).reports["outcomes"].flagged == ()


def test_a_table_file_in_other_case_is_a_problem(tmp_path: Path) -> None:
    if (tmp_path / "leads.csv").write_text(LEADS) and (tmp_path / "LEADS.csv").exists():
        pytest.skip("a file system that knows no case")
    (problem,) = problems(tmp_path, {"Outcomes.CSV": b"lead_id,outcome\na,won\n"})
    assert problem == "Outcomes.CSV is not read: rename it to outcomes.csv."


def test_missing_leads_are_told_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "leads.xlsx").write_bytes(b"PK")
    with pytest.raises(InvalidInput, match=r"no leads\.csv or .*; the folder has 'leads\.xlsx'\."):
        read_folder(tmp_path)


def test_times_of_all_tables_that_cannot_be_read_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        {
            "leads.csv": b"lead_id,created_at\na,03/04/2024\n",
            "outcomes.csv": b"lead_id,outcome,closed_at\na,won,\na,lost,04/04/2024\n",
            "stages.csv": b"lead_id,entered_at,stage\na,2024-03-04,new\n",
        },
    )
    assert len(found) == 2
    assert found[1].startswith("outcomes: none of 1 closed_at is a time (an ISO 8601")
    assert "row 3: closed_at '04/04/2024'" in found[1]
