"""Reports saved by commands: an id if saved, else a message, and the command goes on."""

from pathlib import Path
from typing import Any

import pytest

from cli.archive import keep, keep_funnel
from funnel.archive import archived_funnel, read_report
from funnel.state.state import FunnelOptions, funnel_state
from tests.builders.leads.funnel_leads import CONFIG
from tests.builders.leads.twenty_leads import twenty


def record() -> dict[str, Any]:
    options = {"from": None, "to": None, "by": None, "model_version": None}
    archived = archived_funnel(funnel_state(twenty()), CONFIG, options)
    assert archived is not None
    return dict(archived)


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADCAST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_saved_report_has_an_id(empty_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty_home.mkdir()
    name = keep(record())
    assert name is not None
    assert f"saved as snapshot {name}" in capsys.readouterr().err
    assert [path for path in empty_home.rglob("*") if path.is_file()]


def test_home_that_does_not_exist_is_not_created(empty_home: Path) -> None:
    assert keep(record()) is None
    assert not empty_home.exists()


def test_home_that_cannot_be_written_is_a_message(
    empty_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> str:
        raise PermissionError(13, "Permission denied", "/home/x")

    empty_home.mkdir()
    monkeypatch.setattr("funnel.archive.save_report", fail)
    assert keep(record()) is None
    assert "not saved as a snapshot: /home/x: Permission denied" in capsys.readouterr().err


def test_report_that_may_name_a_lead_is_not_saved(
    empty_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty_home.mkdir()
    assert keep(None) is None
    assert "may identify a lead" in capsys.readouterr().err
    assert list(empty_home.iterdir()) == []


def test_funnel_by_a_column_of_leads_is_saved_without_its_groups(empty_home: Path) -> None:
    empty_home.mkdir()
    state = funnel_state(twenty(), FunnelOptions(by="source"))
    name = keep_funnel(state, CONFIG, None, {"by": "email"})
    assert name is not None
    assert read_report(empty_home, name)["answer"]["groups"] == []
