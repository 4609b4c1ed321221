"""A folder that is split into parts is checked with the words and numbers of one that is read at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.folder.checked import checked
from history.base.progress import no_progress
from tests.builders.command import run
from tests.builders.worlds.faulted_crm import changed, faulted_crm, read_rows


def answers(data: Path, *options: str) -> tuple[dict[str, Any], list[str]]:
    """The JSON, and the lines for people without those of steps and of the way."""
    result = run("check", data, "--json", "--accept-rejected", *options)
    assert result.exit_code == 0, result.stderr
    lines = [line for line in result.stderr.splitlines() if "..." not in line and "at once" not in line]
    return json.loads(result.stdout), lines


@pytest.mark.parametrize("parts", ["2", pytest.param("7", marks=pytest.mark.long)])
def test_parts_of_a_faulted_folder_are_checked_as_the_whole(
    home: Path, crm: Path, tmp_path: Path, parts: str
) -> None:
    data = faulted_crm(crm, tmp_path / "crm")
    outcome_of = {row["lead_id"]: row["outcome"] for row in read_rows(crm / "outcomes.csv")}
    changed(data, "leads", lambda rows: [{**row, "end": outcome_of.get(row["lead_id"], "")} for row in rows])
    whole = answers(data)
    assert answers(data, "--parts", parts) == whole
    assert any(warning["code"].startswith("leakage") for warning in whole[0]["warnings"])
    assert not list(home.glob("parts-*"))


def test_of_a_large_folder_some_leads_are_audited_and_all_are_counted(
    home: Path, crm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = answers(crm)
    monkeypatch.setattr("cli.folder.checked.free_bytes", lambda: 1)
    sample, lines = answers(crm, "--parts", "3")
    assert sample["tables"] == whole["tables"]
    assert sample["verdict"]["leads"] == whole["verdict"]["leads"]
    assert 80 < sample["audited_leads"] < 200
    assert "audited_leads" not in whole
    assert any(
        f"audited, from {sample['audited_leads']} of these leads, drawn by their ids" in line
        for line in lines
    )


def test_rows_set_aside_in_full_need_the_folder_at_once(home: Path, crm: Path, tmp_path: Path) -> None:
    result = run("check", crm, "--parts", "2", "--rejected", tmp_path / "rejected.csv")
    assert "is read at once, into memory, because --rejected writes rows in the order of all" in result.stderr
    assert (tmp_path / "rejected.csv").is_file()


def test_histories_are_those_of_all_leads(home: Path, crm: Path) -> None:
    whole = checked(crm, None, None, no_progress)
    parts = checked(crm, 4, None, no_progress)
    assert parts.history.lead_ids == whole.history.lead_ids
    assert (parts.leads, parts.states, parts.is_sample) == (400, whole.states, False)
