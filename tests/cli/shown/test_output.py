"""Output of commands: JSON that every reader accepts, tables that line up, names that cannot steer a terminal."""

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from cli.shown import output


def test_numbers_unknown_to_json_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"nan": float("nan"), "list": [float("inf"), 1.5], "path": Path("x"), "text": "Zürich"})
    assert json.loads(capsys.readouterr().out) == {
        "nan": None,
        "list": [None, 1.5],
        "path": "x",
        "text": "Zürich",
    }


def test_columns_line_up_in_any_script(capsys: pytest.CaptureFixture[str]) -> None:
    output.echo_table(["stage", "n"], [["見積", 1], ["cafe\u0301", 2], ["new", 3]])
    header, *rows = capsys.readouterr().err.splitlines()
    assert [cell_len(row[: row.index(digit)]) for row, digit in zip(rows, "123", strict=True)] == [7, 7, 7]
    assert header.index("n") == 7


def test_control_characters_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    output.echo("a\x1b[2Jb\x07\x9b1mc\ttab\nnext")
    output.echo_table(["stage"], [["new\nstage\r"]])
    assert capsys.readouterr().err == "a\\x1b[2Jb\\x07\\x9b1mc\ttab\nnext\nstage\nnew\\nstage\\r\n"
