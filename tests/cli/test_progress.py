"""How far a command is: a bar that moves on a terminal, one line a phase elsewhere."""

import io
import sys

import pytest

from cli.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run() -> None:
    with progress_bar() as tell:
        for text, share in (("reading", 0.0), ("fitting", 0.3), ("fitting", 0.6)):
            tell(text, share)


def test_off_a_terminal_each_phase_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert capsys.readouterr() == ("", "reading ...\nfitting ...\n")


@pytest.mark.parametrize("columns", ["40", "200"])
def test_a_bar_leaves_nothing_behind(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last word erases its line, so that what the command says next stands alone."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")
    run()
    text = shown.getvalue()
    assert "fitting" in text
    assert "60%" in text
    assert text.endswith("\x1b[1A\x1b[2K")


def test_without_stderr_nothing_is_said_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    run()
