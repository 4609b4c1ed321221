"""`leadcast serve`: a home that cannot be written ends the command before any worker starts."""

import os
from pathlib import Path
from typing import Any

import pytest

from cli.commands.serve import _refuse_unwritable
from tests.builders.command import run


def test_home_is_created_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    _refuse_unwritable(home)
    assert home.stat().st_mode & 0o777 == 0o700
    assert list(home.iterdir()) == []


def test_unwritable_home_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    with pytest.raises(OSError, match="Read-only file system") as refused:
        _refuse_unwritable(tmp_path)
    assert refused.value.filename == str(tmp_path)


def test_address_is_printed_and_the_exit_code_is_the_supervisors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FakeSocket:
        def getsockname(self) -> tuple[str, int, int, int]:
            return "::1", 4321, 0, 0

    class FakeSupervisor:
        def __init__(self, _bound: Any, workers: int, _home: Any) -> None:
            self.workers = workers

        def run(self) -> int:
            return self.workers

    monkeypatch.setattr("serving.process.supervisor.listen", lambda *_arguments: FakeSocket())
    monkeypatch.setattr("serving.process.supervisor.Supervisor", FakeSupervisor)
    monkeypatch.setattr("serving.base.json_logs.configure", lambda: None)
    result = run("--home", tmp_path / "home", "serve", "--port", "0", "--workers", "3")
    assert "http://[::1]:4321" in result.stderr
    assert result.exit_code == 3
    assert os.path.isdir(tmp_path / "home")
