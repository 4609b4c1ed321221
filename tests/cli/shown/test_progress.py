"""Progress of a command: a bar that moves on a terminal, one line for each step elsewhere."""

import io
import sys

import pytest

from cli.shown.progress import progress_bar, time_left


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work() -> bool:
    """Reports three times; True once done."""
    with progress_bar() as report:
        for text, share in (("reading", 0.0), ("fitting", 0.3), ("fitting", 0.6)):
            report(text, share)
    return True


def test_each_step_is_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    assert capsys.readouterr() == ("", "reading ...\nfitting ...\n")


def test_shares_are_lines_for_a_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADCAST_PROGRESS", "shares")
    work()
    assert capsys.readouterr() == ("", "0% reading\n30% fitting\n60% fitting\n")


@pytest.mark.parametrize("columns", ["40", "200"])
def test_bar_erases_itself(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next output of the command starts on an empty line."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")
    work()
    text = terminal.getvalue()
    assert "fitting" in text
    assert "60%" in text
    assert text.endswith("\x1b[1A\x1b[2K")


def test_closed_stderr_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert work()


def test_what_is_left_is_told_once_it_can_be_known() -> None:
    assert [time_left(seconds, 0.5) for seconds in (1, 30, 61, 600)] == [
        "",
        "less than a minute left",
        "about 2 min left",
        "about 10 min left",
    ]
    assert [time_left(600, share) for share in (0.0, 0.01, 1.0)] == ["", "", ""]
    assert time_left(300, 0.05) == "about 95 min left"
