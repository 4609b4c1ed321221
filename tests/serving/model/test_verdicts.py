"""Verdicts that the processes of one service share."""

import os
from pathlib import Path

from models.home.pointer import Pointer
from serving.model.verdicts import Verdict, read_verdict, write_verdict

POINTER = Pointer("1", Path("1"), "0" * 64)


def test_a_verdict_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_verdict(tmp_path, POINTER, 60.0) is None
    for verdict in (Verdict("card.json is damaged"), Verdict(None)):
        write_verdict(tmp_path, POINTER, verdict)
        assert read_verdict(tmp_path, POINTER, 60.0) == verdict
    assert read_verdict(tmp_path, Pointer("2", Path("2"), "1" * 64), 60.0) is None


def test_an_old_refusal_is_tried_again(tmp_path: Path) -> None:
    write_verdict(tmp_path, POINTER, Verdict("card.json is damaged"))
    (file,) = tmp_path.iterdir()
    os.utime(file, (0, 0))
    assert read_verdict(tmp_path, POINTER, 60.0) is None


def test_a_broken_file_is_no_verdict(tmp_path: Path) -> None:
    write_verdict(tmp_path, POINTER, Verdict(None))
    (file,) = tmp_path.iterdir()
    file.write_text("")
    assert read_verdict(tmp_path, POINTER, 60.0) is None
