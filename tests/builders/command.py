"""Runs commands of the command line in the test's process."""

import json
import os
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cli.main import leadcast


def run(*arguments: object) -> Result:
    """The end of a command: exit code, stdout and stderr; a bug raises."""
    texts = [str(argument) for argument in arguments]
    home = {"LEADCAST_HOME": os.environ.get("LEADCAST_HOME")}  # --home sets it; the runner restores it
    return CliRunner(env=home).invoke(leadcast, texts, catch_exceptions=False)


def answer(*arguments: object) -> dict[str, Any]:
    """The JSON object of a command, which must succeed; the home is LEADCAST_HOME."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


def run_json(home: Path, *arguments: str) -> dict[str, Any]:
    """The JSON object of a command with --json among its arguments, which must succeed."""
    result = run("--home", home, *arguments)
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))
