"""Commands that only read work in a home that cannot be written; the others say which folder it is."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.conftest import made_once

pytestmark = pytest.mark.long  # starts many processes

ROOT = Path(__file__).parents[2]
READING = {
    "check": ("check", "CRM"),
    "score": ("score", "CRM", "--output", "OUT/scores.csv"),
    "score by number": ("score", "CRM", "--model", "2", "--output", "OUT/second.csv"),
    "score by alias": ("score", "CRM", "--model", "challenger", "--output", "OUT/challenger.csv"),
    "forecast": ("forecast", "CRM", "--output", "OUT/forecast.csv"),
    "funnel": ("funnel", "CRM", "--output", "OUT/funnel.json"),
    "backtest": ("backtest", "CRM", "--trials", "0", "--origins", "1"),
    "models": ("models",),
    "models show": ("models", "show", "challenger"),
    "snapshots": ("snapshots",),
    "export": ("export", "OUT/export"),
    "backup": ("backup", "OUT/backup.tar"),
}
WRITING = {
    "train": ("train", "CRM", "--trials", "0"),
    "models promote": ("models", "promote", "2"),
    "load": ("load", "CRM"),
    "rescore": ("rescore",),
    "serve": ("serve", "--port", "0"),
}
# Root may write anywhere, unless the process has lost the capability to override permissions.
WITHOUT_OVERRIDE = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
if os.geteuid() == 0:
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
RUN_ALL = """
import json, sys
from click.testing import CliRunner
from cli.main import leadcast

ends = {}
for name, arguments in json.loads(sys.argv[1]).items():
    done = CliRunner().invoke(leadcast, arguments, catch_exceptions=False)
    ends[name] = (done.exit_code, done.stderr)
print(json.dumps(ends))
"""


class End(NamedTuple):
    exit_code: int
    stderr: str


@pytest.fixture(scope="session")
def ends(trained_home: Path, crm: Path, shared_folder: Path) -> dict[str, End]:
    """How each command ends in a read-only home."""
    folder = made_once(shared_folder / "read-only", lambda folder: _run_commands(trained_home, crm, folder))
    return {name: End(*end) for name, end in json.loads((folder / "ends.json").read_text()).items()}


def _run_commands(trained_home: Path, crm: Path, folder: Path) -> None:
    """Runs all commands in a home with a store and two versions, one of which is not exported."""
    home, out = folder / "home", folder / "out"
    out.mkdir(parents=True)
    shutil.copytree(trained_home, home)
    for arguments in (
        ("train", str(crm), "--trials", "0", "--promote", "never", "--as-of", "2026-05-01"),
        ("load", str(crm)),
    ):
        done = CliRunner().invoke(leadcast, [*arguments, "--home", str(home)], env={"LEADCAST_HOME": None})
        assert done.exit_code == 0, done.stderr
    _set_writable(home, False)
    try:
        (folder / "ends.json").write_text(_run_all(home, crm, out))
    finally:
        _set_writable(home, True)


def _set_writable(home: Path, writable: bool) -> None:
    for path in (home, *home.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o200 if writable else mode & ~0o222)


def _run_all(home: Path, crm: Path, out: Path) -> str:
    names = {"CRM": str(crm), "OUT": str(out)}
    commands = {}
    for name, arguments in (READING | WRITING).items():
        first, *rest = ("/".join(names.get(part, part) for part in word.split("/")) for word in arguments)
        commands[name] = [first, *rest, "--home", str(home)]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_OVERRIDE, "-c", RUN_ALL, json.dumps(commands)],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", READING)
def test_command_that_reads_works(ends: dict[str, End], name: str) -> None:
    assert ends[name].exit_code == 0, ends[name].stderr


@pytest.mark.parametrize("name", WRITING)
def test_command_that_writes_names_the_home(ends: dict[str, End], name: str) -> None:
    assert ends[name].exit_code == 1
    assert "/home" in ends[name].stderr
    assert "cannot be written" in ends[name].stderr or "Permission denied" in ends[name].stderr


def test_result_that_is_not_kept_is_named(ends: dict[str, End]) -> None:
    for name in ("forecast", "funnel"):
        assert "not saved as a snapshot" in ends[name].stderr
    assert "the run is not logged" in ends["backtest"].stderr
