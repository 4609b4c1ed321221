"""Columns of a file by canonical name: mapped, missing, duplicated and nearly named ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from history.folder.tables.wanted_columns import MOST_COLUMNS
from history.read import read_folder
from history.snapshot import cut
from tests.builders.csv_folder import LEADS, problems, read


def test_columns_under_other_names(tmp_path: Path) -> None:
    toml = '[columns.leads]\nlead_id = "Id"\ncreated_at = "CreatedDate"\nowner = "OwnerName"\n'
    toml += '[columns.attribute_changes]\nvalue = "New"'
    files = {
        "funnel.toml": toml,
        "leads.csv": "Id,CreatedDate,OwnerName,lead_id\na,2024-01-01,ann,zzz\n",
        "attribute_changes.csv": "lead_id,changed_at,attribute,New\na,2024-01-02,OwnerName,bob\na,2024-01-02,owner,\n",
    }
    history = read(tmp_path, files)
    assert list(history.lead_ids) == ["a"]
    assert {name: f.text(0) for name, f in history.attributes.items()} == {"owner": "ann"}
    assert list(history.changes.attribute.values) == ["owner"]
    assert [history.changes.value.text(i) for i in (0, 1)] == ["bob", None]


def test_a_table_has_at_most_so_many_columns(tmp_path: Path) -> None:
    def wide(n: int) -> Mapping[str, str]:
        header = ",".join(["lead_id", "created_at", *(f"x{i}" for i in range(n - 2))])
        return {"leads.csv": header + "\na,2024-01-01" + ",1" * (n - 2) + "\n"}

    assert len(read(tmp_path, wide(MOST_COLUMNS)).attributes) == MOST_COLUMNS - 2
    assert problems(tmp_path, wide(MOST_COLUMNS + 1)) == (
        "leads.csv: the file has 10,001 columns; at most 10,000 are read, leave out those that do not describe a lead.",
    )


def test_a_mapped_column_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, {"funnel.toml": '[columns.leads]\nowner = "OwnerName"'})
    assert any("'OwnerName'" in problem and "owner" in problem for problem in found)


def test_a_models_configuration_keeps_the_folders_column_names(tmp_path: Path) -> None:
    toml = '[funnel]\nhorizon_days = 7\n[columns.leads]\nlead_id = "Id"'
    files = {"funnel.toml": toml, "leads.csv": LEADS.replace("lead_id", "Id")}
    model = read(tmp_path, {**files, "stages.csv": "lead_id,entered_at,stage\na,2024-01-03,new\n"}).config
    (tmp_path / "stages.csv").write_text("lead_id,entered_at,stage\na,2024-01-03,other\n", encoding="utf-8")
    (tmp_path / "funnel.toml").write_text('[columns.leads]\nlead_id = "Id"', encoding="utf-8")
    history = read_folder(tmp_path, config=model)
    assert (history.config.horizon_days, history.config.stages) == (7, ("new",))
    assert cut(history, history.as_of_us).config.stages == ("new",)


@pytest.mark.parametrize("name", ["Lead_ID", "LEAD ID", "leadId"])
def test_a_required_column_in_other_case_names_its_mapping(name: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"leads.csv": LEADS.replace("lead_id", name).encode()})
    assert problem.splitlines()[-1].strip() == f'lead_id = "{name}"'
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
