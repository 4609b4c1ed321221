"""`import leadcast` beside a project that has its own `models`, `features` ...: it works, or names the folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadcast import ROOMS

ROOT = Path(__file__).parents[2]


def start(folder: Path, code: str = "import leadcast; print('imported')") -> subprocess.CompletedProcess[str]:
    """Runs code as a notebook started in `folder` does: the folder comes first, then what is installed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("room", ROOMS)
def test_package_of_a_rooms_name_is_named(tmp_path: Path, room: str) -> None:
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").write_text("raise SystemExit('must not run')")
    done = start(tmp_path)
    assert done.returncode == 1
    last_line = done.stderr.splitlines()[-1]
    assert last_line.startswith(f"ImportError: {(tmp_path / room).resolve()} shadows the package '{room}'")
    assert "start Python in another folder, or rename yours" in last_line


def test_module_of_a_rooms_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("")
    done = start(tmp_path)
    assert f"{(tmp_path / 'models.py').resolve()} shadows the package 'models'" in done.stderr


def test_module_imported_earlier_is_named(tmp_path: Path) -> None:
    (tmp_path / "project" / "training").mkdir(parents=True)
    (tmp_path / "project" / "training" / "__init__.py").write_text("")
    code = "import sys; sys.path.insert(0, 'project'); import training; sys.path.pop(0); import leadcast"
    done = start(tmp_path, code)
    assert "shadows the package 'training'" in done.stderr


def test_folder_that_is_no_package_shadows_nothing(tmp_path: Path) -> None:
    """A folder `models` of notebooks or weights is no package; the installed one comes first."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "weights.bin").write_bytes(b"")
    done = start(tmp_path)
    assert (done.returncode, done.stdout) == (0, "imported\n"), done.stderr


@pytest.mark.long
def test_path_changed_after_the_import_shadows_nothing(tmp_path: Path) -> None:
    (tmp_path / "project" / "history").mkdir(parents=True)
    (tmp_path / "project" / "history" / "__init__.py").write_text("")
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2026-05-01\n")
    code = "import sys, leadcast; sys.path.insert(0, 'project'); print(leadcast.read_folder('.').set_aside == [])"
    done = start(tmp_path, code)
    assert done.stdout == "True\n", done.stderr


def test_package_of_another_name_shadows_nothing(tmp_path: Path) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "__init__.py").write_text("")
    assert start(tmp_path).stdout == "imported\n"
