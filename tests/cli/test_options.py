"""Options mean the same in every command, and a wrong one is refused before any work."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, leadcast
from cli.options import as_of_us
from funnel.forecast.periods import KINDS, MOST
from funnel.state.attention.attention import MOST_ATTENTION
from tests.builders.command import run
from training.capacity import TRIALS

CONTEXT = click.Context(leadcast, info_name="leadcast")
DIFFERING = {
    "--seed",  # simulate: any whole number
    "--output",  # funnel: optional, JSON too
    "--by",  # backtest: repeatable
    "--kind",  # snapshots: any; snapshots show: forecast by default
    "data",  # train, snapshots take: optional, as --store may take its place
    "file",  # restore: must exist
}


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for subname, subcommand in command.commands.items():
            yield from commands(f"{name} {subname}", subcommand)


def test_option_is_the_same_in_every_command() -> None:
    forms: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for top in COMMANDS:
        found = leadcast.get_command(CONTEXT, top)
        assert found is not None
        for name, command in commands(top, found):
            for parameter in command.params:
                record = parameter.to_info_dict()
                form = [record.get(k) for k in ("type", "default", "multiple", "is_flag", "required")]
                forms[parameter.opts[0]][repr(form)].append(name)
    differing = {option: list(by.values()) for option, by in forms.items() if len(by) > 1}
    assert set(differing) == DIFFERING, differing


def test_bounds_in_options_are_the_librarys() -> None:
    """They are written twice, so that --help need not import the library."""
    funnel, forecast, train, backtest = (
        leadcast.get_command(CONTEXT, name) for name in ("funnel", "forecast", "train", "backtest")
    )
    assert funnel is not None
    assert forecast is not None
    for command in (train, backtest):
        assert command is not None
        assert f"(default: {TRIALS})" in " ".join(command.get_help(CONTEXT).split())
    given = {option.name: option.type for command in (funnel, forecast) for option in command.params}
    attention, periods, period = given["attention"], given["periods"], given["period"]
    assert isinstance(attention, click.IntRange)
    assert isinstance(periods, click.IntRange)
    assert isinstance(period, click.Choice)
    assert attention.max == MOST_ATTENTION
    assert periods.max == max(MOST.values())
    assert tuple(period.choices) == tuple(KINDS)


def test_unwritable_folder_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """os.access as for another user: the tests may run as root, who may write anywhere."""
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    refused = CliRunner().invoke(leadcast, ["score", "crm", "--output", str(tmp_path / "s.csv")])
    assert refused.exit_code == 2
    assert "cannot be written" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "crm", "--output", "scores.xlsx"), "the name must end in .csv or .parquet"),
        (("forecast", "crm", "--output", "missing/f.csv"), "does not exist"),
        (("funnel", "crm", "--output", "f.txt"), "the name must end in .json or .csv or .parquet"),
        (("check", "crm", "--rejected", "missing/r.csv"), "does not exist"),
        (("backtest", "crm", "--report", "page.pdf"), "the name must end in .html"),
        (("forecast", "crm", "--output", "f.csv", "--report", "missing/f.html"), "does not exist"),
        (("backtest", "crm", "--periods", "3"), "--periods has no effect without --forecast"),
        (("backtest", "crm", "--period", "month"), "--period has no effect without --forecast"),
        (
            ("forecast", "crm", "--since", "2026-01-01", "--output", "f.csv"),
            "--since has no effect without --explain or",
        ),
        (("train",), "give either a data folder or --store"),
        (("snapshots", "take", "crm", "--store"), "give either a data folder or --store"),
    ],
)
def test_wrong_option_is_refused_before_the_work(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(leadcast, list(arguments))
    assert refused.exit_code == 2
    assert message in " ".join(refused.stderr.split())
    assert not list(tmp_path.iterdir())


def test_time_without_offset_is_in_the_funnels_zone() -> None:
    berlin, utc = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
    start = as_of_us("2026-01-01", utc)
    assert start is not None
    assert as_of_us("2026-01-01", berlin) == start - 3_600_000_000
    assert as_of_us("2026-01-01T00:00:00Z", berlin) == start
    assert as_of_us(None, utc) is None
    with pytest.raises(click.BadParameter, match="'yesterday' is not a time"):
        as_of_us("yesterday", utc)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "0001-01-01T00:00:00+14:00", "1989-12-31", "2200-01-01", "9999-12-31"]
)
def test_time_outside_1990_to_2199_is_wrong_usage(text: str, crm: Path) -> None:
    result = run("funnel", str(crm), "--since", text)
    assert result.exit_code == 2
    assert f"Invalid value for --since: '{text}' is not from 1990 to 2199." in result.stderr


@pytest.mark.parametrize(
    "command", [("check", "DATA", "--rejected"), ("score", "DATA", "--output"), ("backup",), ("restore",)]
)
def test_pipe_is_neither_replaced_nor_waited_for(command: tuple[str, ...], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    result = run(*command, str(pipe), "--home", str(tmp_path / "home"))
    assert result.exit_code == 2
    assert "is a folder, a device or a pipe: name a file" in " ".join(result.stderr.split())
    assert pipe.is_fifo()
    assert not (tmp_path / "home").exists()
