"""The command line as a whole: help, exit codes, where state lives, and how errors are told."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from cli import options, output
from cli import options as environment
from cli.main import COMMANDS, leadcast
from history.errors import DamagedArtifact, InvalidInput

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(leadcast, list(arguments))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command `fail` that raises what the list holds."""
    error: list[BaseException] = []

    @click.command()
    def fail() -> None:
        raise error[0]

    monkeypatch.setitem(COMMANDS, "fail", "tests.cli.test_main:fail")
    monkeypatch.setattr(sys.modules[__name__], "fail", fail, raising=False)
    monkeypatch.setitem(sys.modules, "tests.cli.test_main", sys.modules[__name__])
    return error


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (InvalidInput(["first fault", "second fault"]), "second fault"),
        (DamagedArtifact("model.json has changed"), "model.json has changed"),
        (PermissionError(13, "Permission denied", "/somewhere"), "/somewhere: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
    ids=["input", "artifact", "permission", "disk"],
)
def test_what_fails_is_told_in_words_with_exit_code_1(
    failing: list[BaseException], error: BaseException, shown: str
) -> None:
    failing.append(error)
    result = run("fail")
    assert result.exit_code == 1
    assert shown in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("home", ["file", "file/below"])
@pytest.mark.parametrize("command", [("models",), ("serve",), ("rescore",), ("train", "crm")])
def test_a_home_that_cannot_be_a_folder_is_told_by_its_name(
    command: tuple[str, ...], home: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = run(*command, "--home", str(tmp_path / home))
    assert result.exit_code == 1
    assert str(tmp_path / "file") in result.stderr
    assert "a file" in result.stderr
    assert "champion" not in result.stderr


def test_a_command_mistyped_is_told_the_one_it_may_have_been() -> None:
    result = run("scor", "crm")
    assert result.exit_code == 2
    assert "'score'" in result.stderr


def test_a_list_of_commands_cuts_no_sentence_off() -> None:
    for arguments in (("--help",), ("models", "--help"), ("snapshots", "--help")):
        assert "..." not in run(*arguments).stdout.replace("[ARGS]...", "")


def test_a_caller_without_stderr_gets_its_answer(crm: Path) -> None:
    command = f"exec '{sys.executable}' -m cli check '{crm}' --json 2>&-"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)["tables"]


def test_a_bug_is_not_hidden(failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError("ours"))
    assert isinstance(run("fail").exception, ZeroDivisionError)


def test_an_interrupt_ends_without_a_traceback(failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())
    result = run("fail")
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


SLOW = """
import signal, tempfile
import click, cli.main

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whoever runs the tests may have them ignored
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

@click.command()
def slow():
    with tempfile.TemporaryDirectory(prefix=".train-", dir=FOLDER):
        click.echo("ready")
        while True:
            signal.pause()

cli.main.COMMANDS["slow"] = "__main__:slow"
cli.main.main()
"""


@pytest.mark.parametrize(
    ("number", "said", "code"),
    [
        (signal.SIGTERM, "terminated before it was done\n", 143),
        (signal.SIGINT, "interrupted before it was done\n", 130),
        (signal.SIGHUP, "hung up before it was done\n", 129),
    ],
)
def test_a_signal_ends_a_command_as_a_failure_does(
    number: signal.Signals, said: str, code: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SLOW.replace("FOLDER", repr(str(tmp_path))), "slow"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            assert list(tmp_path.iterdir())
            process.send_signal(number)
            assert process.communicate(timeout=60)[1] == said
        finally:
            process.kill()
    assert process.returncode == code
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_the_caller_had_ignored_stays_so() -> None:
    code = (
        "import signal, cli.main as m\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "m._handle_signals()\n"
        "print(signal.getsignal(signal.SIGHUP).name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "SIG_IGN\n"


@pytest.mark.parametrize(
    "arguments",
    [("nope",), ("train",), ("score", "x"), ("check", "x", "--nope"), ("score", "x", "--output", "y.txt")],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


@pytest.mark.parametrize("where", ["before", "after", "below"])
def test_home_is_taken_before_and_after_a_command(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setenv("LEADCAST_HOME", "unused")

    class Registry:
        def rollback(self) -> str:
            seen.append(environment.home())
            return "1"

    monkeypatch.setattr("cli.models._registry", Registry)
    given = ("--home", str(tmp_path))
    orders = {
        "before": (*given, "models", "rollback"),
        "after": ("models", *given, "rollback"),
        "below": ("models", "rollback", *given),
    }
    assert run(*orders[where]).exit_code == 0
    assert seen == [tmp_path]


def test_json_before_a_subcommand_counts_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Registry:
        def rollback(self) -> str:
            return "3"

    monkeypatch.setattr("cli.models._registry", Registry)
    for arguments in (("models", "--json", "rollback"), ("models", "rollback", "--json")):
        assert json.loads(run(*arguments).stdout) == {"champion": "3"}


def test_json_has_no_number_that_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"nan": float("nan"), "list": [float("inf"), 1.5], "path": Path("x"), "text": "Zürich"})
    assert json.loads(capsys.readouterr().out) == {
        "nan": None,
        "list": [None, 1.5],
        "path": "x",
        "text": "Zürich",
    }


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"{sys.executable!s} -m cli --help | true"
    done = subprocess.run(
        ["bash", "-c", command.replace(sys.executable, f"'{sys.executable}'")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_spinning_threads_are_off_and_libraries_are_quiet_unless_asked() -> None:
    code = (
        "import os, sys, warnings, cli.main as m\n"
        "sys.argv = ['leadcast', '--version']\n"
        "try: m.main()\n"
        "except SystemExit: pass\n"
        "warnings.warn('a library speaks')\n"
        "print(os.environ['OMP_WAIT_POLICY'])\n"
    )
    clean = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "PYTHONWARNINGS")}
    quiet = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean, capture_output=True, text=True, check=True
    )
    loud = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    assert quiet.stdout.splitlines()[-1] == "PASSIVE"
    assert quiet.stderr == ""
    assert "a library speaks" in loud.stderr


def test_times_of_options_are_read_in_the_funnels_zone() -> None:
    from zoneinfo import ZoneInfo

    berlin, utc = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
    start = options.as_of_us("2026-01-01", utc)
    assert start is not None
    assert options.as_of_us("2026-01-01", berlin) == start - 3_600_000_000
    assert options.as_of_us("2026-01-01T00:00:00Z", berlin) == start
    assert options.as_of_us(None, utc) is None
    with pytest.raises(click.BadParameter, match="'yesterday' is not a time"):
        options.as_of_us("yesterday", utc)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "0001-01-01T00:00:00+14:00", "1989-12-31", "2200-01-01", "9999-12-31"]
)
def test_a_time_far_from_any_data_is_wrong_usage(text: str, crm: Path) -> None:
    result = run("funnel", str(crm), "--since", text)
    assert result.exit_code == 2
    assert f"Invalid value for --since: '{text}' is not from 1990 to 2199." in result.stderr


@pytest.mark.parametrize(
    "command", [("check", "DATA", "--rejected"), ("score", "DATA", "--output"), ("backup",), ("restore",)]
)
def test_a_pipe_or_device_is_never_replaced_nor_waited_for(command: tuple[str, ...], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    result = run(*command, str(pipe), "--home", str(tmp_path / "home"))
    assert result.exit_code == 2
    assert "is a folder, a device or a pipe: name a file" in " ".join(result.stderr.split())
    assert pipe.is_fifo()
    assert not (tmp_path / "home").exists()


def test_columns_line_up_whatever_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    output.echo_table(["stage", "n"], [["見積", 1], ["cafe\u0301", 2], ["new", 3]])
    header, *rows = capsys.readouterr().err.splitlines()
    assert [cell_len(row[: row.index(digit)]) for row, digit in zip(rows, "123", strict=True)] == [7, 7, 7]
    assert header.index("n") == 7


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.echo("a\x1b[2Jb\x07\x9b1mc\ttab\nnext")
    output.echo_table(["stage"], [["new\nstage\r"]])
    assert capsys.readouterr().err == "a\\x1b[2Jb\\x07\\x9b1mc\ttab\nnext\nstage\nnew\\nstage\\r\n"


@pytest.mark.parametrize("command", ["backup", "export"])
def test_a_home_with_nothing_in_it_is_not_written_out(tmp_path: Path, command: str) -> None:
    """A nightly backup with a mistyped home would keep nothing, and say so to nobody."""
    result = run(command, str(tmp_path / "out"), "--home", str(tmp_path / "wrong"))
    assert result.exit_code == 1
    assert "has no store.db" in result.stderr
    assert list(tmp_path.iterdir()) == []
