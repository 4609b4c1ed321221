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

from cli import options as environment
from cli.main import COMMANDS, leadcast
from history.base.errors import DamagedArtifact, InvalidInput

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
def test_failure_is_a_message_and_exit_code_1(
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
def test_home_that_is_a_file_is_named(command: tuple[str, ...], home: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(*command, "--home", str(tmp_path / home))
    assert result.exit_code == 1
    assert str(tmp_path / "file") in result.stderr
    assert "a file" in result.stderr
    assert "champion" not in result.stderr


def test_mistyped_command_gets_a_suggestion() -> None:
    result = run("scor", "crm")
    assert result.exit_code == 2
    assert "'score'" in result.stderr


def test_summaries_of_commands_are_complete() -> None:
    for arguments in (("--help",), ("models", "--help"), ("snapshots", "--help")):
        assert "..." not in run(*arguments).stdout.replace("[ARGS]...", "")


def test_json_is_printed_with_stderr_closed(crm: Path) -> None:
    command = f"exec '{sys.executable}' -m cli check '{crm}' --json 2>&-"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)["tables"]


def test_bug_is_not_hidden(failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError("ours"))
    assert isinstance(run("fail").exception, ZeroDivisionError)


def test_interrupt_ends_without_a_traceback(failing: list[BaseException]) -> None:
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
def test_signal_runs_the_clean_up(number: signal.Signals, said: str, code: int, tmp_path: Path) -> None:
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


def test_ignored_signal_stays_ignored() -> None:
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
def test_home_option_counts_before_and_after_a_command(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setenv("LEADCAST_HOME", "unused")

    class Registry:
        def rollback(self) -> str:
            seen.append(environment.home())
            return "1"

    monkeypatch.setattr("cli.commands.models._registry", Registry)
    given = ("--home", str(tmp_path))
    orders = {
        "before": (*given, "models", "rollback"),
        "after": ("models", *given, "rollback"),
        "below": ("models", "rollback", *given),
    }
    assert run(*orders[where]).exit_code == 0
    assert seen == [tmp_path]


def test_json_option_counts_before_a_subcommand(monkeypatch: pytest.MonkeyPatch) -> None:
    class Registry:
        def rollback(self) -> str:
            return "3"

    monkeypatch.setattr("cli.commands.models._registry", Registry)
    for arguments in (("models", "--json", "rollback"), ("models", "rollback", "--json")):
        assert json.loads(run(*arguments).stdout) == {"champion": "3"}


def test_closed_pipe_gives_no_traceback() -> None:
    command = f"{sys.executable!s} -m cli --help | true"
    done = subprocess.run(
        ["bash", "-c", command.replace(sys.executable, f"'{sys.executable}'")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_library_warnings_are_silent_unless_asked_for() -> None:
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
