"""Guessed columns: likely names are found, each column serves once, and funnel.toml keeps what it said."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.base.errors import InvalidInput
from history.config.file import load_config
from history.config.schema import TABLES
from history.folder.tables.column_guesses import guessed_columns, toml_lines, write_columns
from history.folder.tables.files import guess_columns
from history.read import read_folder


@pytest.mark.parametrize(
    ("table", "header", "guesses"),
    [
        ("leads", ["Id", "CreatedDate", "Company"], {"lead_id": "Id", "created_at": "CreatedDate"}),
        ("leads", ["Record ID", "Create Date"], {"lead_id": "Record ID", "created_at": "Create Date"}),
        ("leads", ["Id", "Erstellt am"], {"lead_id": "Id", "created_at": "Erstellt am"}),
        (
            "outcomes",
            ["Opportunity ID", "Stage", "Close Date", "Amount"],
            {"lead_id": "Opportunity ID", "outcome": "Stage", "closed_at": "Close Date"},
        ),
        ("stages", ["deal_id", "to_stage", "timestamp"], {"entered_at": "timestamp", "stage": "to_stage"}),
        ("interactions", ["colour"], {}),
    ],
)
def test_usual_names_are_found(table: str, header: list[str], guesses: dict[str, str]) -> None:
    missing = [name for name in TABLES[table].columns if name not in header]
    assert guesses.items() <= guessed_columns(table, header, missing).items()


@given(st.sampled_from(sorted(TABLES)), st.lists(st.sampled_from(["id", "date", "Date", "type", "status"])))
def test_each_column_serves_once(table: str, header: list[str]) -> None:
    guesses = guessed_columns(table, header, TABLES[table].columns)
    assert len(set(guesses.values())) == len(guesses)
    assert set(guesses.values()) <= set(header)


def write_folder(folder: Path, config: str | None = None) -> None:
    (folder / "leads.csv").write_text("Id,CreatedDate\n1,2026-01-02\n2,2026-01-03\n")
    (folder / "outcomes.csv").write_text("Deal ID,Result,Close Date\n1,won,2026-02-01\n")
    if config is not None:
        (folder / "funnel.toml").write_text(config)


@pytest.mark.parametrize(
    "config",
    [
        None,
        '# mine\n[funnel]\nname = "x"  # keep',
        '[columns.leads] # ids\nlead_id = "Id"\n\n[grades]\nA = 0.1\nB = 0.2\nC = 0.3\nD = 0.4\n',
    ],
)
def test_written_columns_make_the_folder_readable(tmp_path: Path, config: str | None) -> None:
    write_folder(tmp_path, config)
    with pytest.raises(InvalidInput, match=r"\[columns.outcomes\]\n +lead_id = \"Deal ID\""):
        read_folder(tmp_path)
    write_columns(tmp_path, guess_columns(tmp_path, load_config(tmp_path)))
    assert len(read_folder(tmp_path)) == 2
    text = (tmp_path / "funnel.toml").read_text()
    assert text.endswith("\n")
    for line in (config or "").splitlines():
        assert line in text


def test_a_form_that_cannot_be_extended_is_left_alone(tmp_path: Path) -> None:
    config = 'columns = {leads = {lead_id = "Id"}}\n'
    write_folder(tmp_path, config)
    with pytest.raises(ValueError, match="columns"):
        write_columns(tmp_path, guess_columns(tmp_path, load_config(tmp_path)))
    assert (tmp_path / "funnel.toml").read_text() == config


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_lines_read_back_as_toml(column: str) -> None:
    lines = toml_lines({"leads": {"lead_id": column}})
    assert tomllib.loads("\n".join(lines)) == {"columns": {"leads": {"lead_id": column}}}
