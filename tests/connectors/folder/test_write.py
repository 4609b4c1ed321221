"""The folder is the old one or the new one at any moment, and never another's."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.folder.write import IMPORT_FILE, new_folder, refuse_unless_replaceable
from history.base.errors import InvalidInput

KILLED = """
import os, signal, sys
from pathlib import Path
import connectors.folder.write as write
point, output = sys.argv[1], Path(sys.argv[2])
real = getattr(write, point)
def killed(*arguments):
    result = None if sys.argv[3] == "before" else real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(write, point, killed)
with write.new_folder(output) as folder:
    folder.write_text("import.json", '"new"')
"""


@pytest.mark.parametrize("point", ["_to_disk", "_take_place", "_exchanged"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_leaves_the_old_or_the_new_folder(tmp_path: Path, point: str, when: str) -> None:
    output = tmp_path / "crm"
    with new_folder(output) as folder:
        folder.write_text(IMPORT_FILE, '"old"')
    done = subprocess.run(
        [sys.executable, "-c", KILLED, point, str(output), when], cwd=Path(__file__).parents[3]
    )
    assert done.returncode == -signal.SIGKILL
    assert json.loads((output / IMPORT_FILE).read_text()) in ("old", "new")
    with new_folder(output) as folder:
        folder.write_text(IMPORT_FILE, '"later"')
    assert json.loads((output / IMPORT_FILE).read_text()) == "later"
    assert os.listdir(tmp_path) == ["crm"], "what the kill left is removed"


def test_failure_leaves_the_old_folder_and_no_rest(tmp_path: Path) -> None:
    output = tmp_path / "crm"
    with new_folder(output) as folder:
        folder.write_text(IMPORT_FILE, "old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(output)
    assert (output / IMPORT_FILE).read_text() == "old"
    assert os.listdir(tmp_path) == ["crm"]


def write_and_fail(output: Path) -> None:
    with new_folder(output) as folder:
        folder.add("leads", pa.table({"lead_id": ["1"]}))
        raise ZeroDivisionError


def test_folder_of_others_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id\n")
    with pytest.raises(InvalidInput, match="no import wrote"):
        refuse_unless_replaceable(tmp_path)
