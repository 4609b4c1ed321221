"""Runs a command of the command line in the test's process."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cli.main import leadcast


def run_json(home: Path, *arguments: str) -> dict[str, Any]:
    """The JSON output of a command, which must succeed."""
    result = CliRunner().invoke(leadcast, ["--home", str(home), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))
