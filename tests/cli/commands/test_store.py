"""`load`, `export`, `backup`: loading twice adds nothing, and a mistyped home is refused."""

import shutil
from pathlib import Path

import pytest

from tests.builders.command import answer, run


def test_loading_again_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_bytes(
        b"lead_id,created_at\na,2026-01-01\na\0b,2026-01-01\na\0c,2026-01-01\n"
    )
    (tmp_path / "outcomes.csv").write_text("lead_id,outcome,closed_at\na,lost,9999-12-31\n")
    for known in (0, 1):
        loaded = answer("load", tmp_path, "--accept-rejected", "--home", tmp_path / "home")
        assert (loaded["leads"], loaded["rows"]["outcomes"]) == (1 - known, 1 - known)
        assert (loaded["leads_known"], loaded["rows_known"]) == (known, known)
        assert loaded["rejected"] == {"leads": {"nul_in_id": 2}}


@pytest.mark.parametrize("command", ["backup", "export"])
def test_empty_home_is_neither_exported_nor_backed_up(tmp_path: Path, command: str) -> None:
    """A nightly backup with a mistyped home would keep nothing, and say so to nobody."""
    result = run(command, str(tmp_path / "out"), "--home", str(tmp_path / "wrong"))
    assert result.exit_code == 1
    assert "has no store.db" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_missing_columns_of_stored_leads_are_named(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(crm, data, ignore=shutil.ignore_patterns("truth"))
    leads = data / "leads.csv"
    header, rows = leads.read_text(encoding="utf-8").split("\n", 1)
    leads.write_text(header.replace("annual_budget", "Budget") + "\n" + rows, encoding="utf-8")
    for arguments in (("load", data), ("rescore", "--as-of", "2026-06-30")):
        (warning,) = (w for w in answer(*arguments)["warnings"] if w["code"] == "missing_input")
        assert warning["subject"] == "annual_budget"
        assert "'Budget'" in warning["detail"]
