"""The files of a data folder: which are read, and what a folder without the right ones is told."""

import os
from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from history.read import read_folder
from tests.builders.csv_folder import LEADS, problems


def test_missing_and_double_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match=r"no leads\.csv"):
        read_folder(tmp_path)
    (tmp_path / "leads.csv.gz").write_bytes(b"\x1f\x8b broken")
    assert any("keep one file" in problem for problem in problems(tmp_path, {}))
    (tmp_path / "leads.csv").unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["leads.csv", "outcomes.csv", "funnel.toml"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing"])
def test_a_pipe_or_folder_in_place_of_a_table_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS)
    (tmp_path / name).unlink(missing_ok=True)
    if kind == "folder":
        (tmp_path / name).mkdir()
    elif kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to("nothing")
    with pytest.raises(InvalidInput, match=f"^{name} is not a regular file"):
        read_folder(tmp_path)


def test_all_problems_of_all_tables_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "stages.parquet").write_bytes(b"PAR1 no")
    found = problems(
        tmp_path,
        {
            "funnel.toml": "[funnel]\nhorizon = 3\n",
            "leads.csv": "id,created_at\n",
            "interactions.csv": "lead_id;occurred_at;kind\n",
            "outcomes.csv": "",
            "costs.csv": "period_start,amount,amount\n2024-01-01,1,2\n",
        },
    )
    for expected in (
        "horizon",
        "'lead_id' is missing",
        "by semicolons",
        "outcomes.csv is empty",
        "stages.parquet",
        "2 times",
    ):
        assert any(expected in problem for problem in found), expected
    assert len(found) == 6


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('[funnel]\nname = "x\n[columns.leads]\nlead_id = "id"\n', "cannot be read: Illegal character"),
        ('[colums.leads]\nlead_id = "id"\n', "did you mean columns?"),
        ("[columns.leads]\nlead_id = 3\n", "lead_id must be a non-empty text, got 3"),
        ('[columns.leeds]\nlead_id = "id"\n', "did you mean leads?"),
    ],
)
def test_a_typing_error_in_funnel_toml_is_one_problem(tmp_path: Path, config: str, message: str) -> None:
    """Without its names of columns every table would seem to lack some."""
    files = {
        "funnel.toml": config,
        "leads.csv": "id,on\n",
        "stages.csv": "id,on,st\n",
        "outcomes.csv": "id,o\n",
    }
    (problem,) = problems(tmp_path, files)
    assert message in problem


def test_a_table_file_in_other_case_is_a_problem(tmp_path: Path) -> None:
    if (tmp_path / "leads.csv").write_text(LEADS) and (tmp_path / "LEADS.csv").exists():
        pytest.skip("a file system that knows no case")
    (problem,) = problems(tmp_path, {"Outcomes.CSV": b"lead_id,outcome\na,won\n"})
    assert problem == "Outcomes.CSV is not read: rename it to outcomes.csv."


def test_missing_leads_are_told_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "leads.xlsx").write_bytes(b"PK")
    with pytest.raises(InvalidInput, match=r"no leads\.csv or .*; the folder has 'leads\.xlsx'\."):
        read_folder(tmp_path)
