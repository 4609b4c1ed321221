"""What is written once is one thing: an option means the same in every command, a bad output is refused first."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, leadcast
from funnel.forecast.periods import KINDS, MOST
from funnel.state.attention import MOST_ATTENTION
from training.tune import TRIALS

CONTEXT = click.Context(leadcast, info_name="leadcast")
OWN = {
    "--seed",  # of the simulator: any whole number
    "--output",  # of the funnel: optional, JSON too
    "--by",  # of the backtest: repeatable
    "--kind",  # of the list of snapshots: any; of one date: the forecast
    "data",  # of what reads the store in its place: optional
    "file",  # of restore: there already
}


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for below, found in command.commands.items():
            yield from commands(f"{name} {below}", found)


def test_a_name_has_one_type_and_default_in_all_commands() -> None:
    forms: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for top in COMMANDS:
        found = leadcast.get_command(CONTEXT, top)
        assert found is not None
        for name, command in commands(top, found):
            for parameter in command.params:
                told = parameter.to_info_dict()
                form = [told.get(k) for k in ("type", "default", "multiple", "is_flag", "required")]
                forms[parameter.opts[0]][repr(form)].append(name)
    differing = {option: list(by.values()) for option, by in forms.items() if len(by) > 1}
    assert set(differing) == OWN, differing


def test_bounds_written_beside_the_options_are_those_of_the_library() -> None:
    """They stand twice so that --help need not import the library."""
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


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, who may write anywhere; what is asked of the system is answered for it."""
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    refused = CliRunner().invoke(leadcast, ["score", "crm", "--output", str(tmp_path / "s.csv")])
    assert refused.exit_code == 2
    assert "cannot be written" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
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
def test_what_cannot_be_written_or_read_is_refused_before_the_work(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(leadcast, list(arguments))
    assert refused.exit_code == 2
    assert said in " ".join(refused.stderr.split())
    assert not list(tmp_path.iterdir())
