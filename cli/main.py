"""`leadcast COMMAND`: finds the command, quietens the libraries, turns errors into exit codes."""

import errno
import os
import signal
import sys
import warnings
from importlib import import_module
from types import FrameType
from typing import Any

import click

from history.errors import DamagedArtifact, InvalidInput

COMMANDS = {
    "simulate": "cli.data:simulate",
    "check": "cli.data:check",
    "train": "cli.training:train",
    "backtest": "cli.backtest:backtest",
    "score": "cli.scoring:score",
    "forecast": "cli.forecast:forecast",
    "funnel": "cli.funnel:funnel",
    "snapshots": "cli.snapshots:snapshots",
    "models": "cli.models:models",
    "serve": "cli.serve:serve",
    "load": "cli.store:load",
    "export": "cli.store:export",
    "rescore": "cli.store:rescore",
    "backup": "cli.store:backup",
    "restore": "cli.store:restore",
}
EPILOG = """\b
Examples:
  leadcast simulate crm                       a synthetic CRM to try things on
  leadcast check crm                          is my data usable, and what was inferred
  leadcast train crm                          train, evaluate, register, promote
  leadcast score crm --output scores.csv      score every open lead

Exit codes: 0 done, 1 refused or failed (a message says what), 2 usage,
130 ended by Ctrl-C, 143 by SIGTERM.
"""
WHAT_TO_DO = {
    errno.ENOSPC: "; make room, then run it again",
    errno.EEXIST: "; a file is where a folder is wanted: give another path",
    errno.ENOTDIR: "; a file is where a folder is wanted: give another path",
}
ENDED = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


def _home_option() -> click.Option:
    def remember(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
        if value:
            os.environ["LEADCAST_HOME"] = value

    return click.Option(
        ["--home"],
        metavar="DIR",
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="Where state lives (default: LEADCAST_HOME or .leadcast).",
    )


def _with_home(command: click.Command) -> click.Command:
    if not any(option.name == "home" for option in command.params):
        command.params.append(_home_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _with_home(below)
    return command


def _with_whole_sentence(command: click.Command) -> click.Command:
    """Lists of commands show the first sentence of each, wrapped; click would cut it off."""
    command.short_help = " ".join((command.help or "").split("\n\n")[0].split())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _with_whole_sentence(below)
    return command


class LazyGroup(click.Group):
    """Commands by import path, imported when asked for; each also takes --home."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return _with_whole_sentence(_with_home(command))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (InvalidInput, DamagedArtifact) as error:
            raise click.ClickException(str(error)) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(_os_problem(error)) from None


def _os_problem(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}{WHAT_TO_DO.get(error.errno or 0, '')}"


@click.group(
    cls=LazyGroup,
    params=[_home_option()],
    epilog=EPILOG,
    context_settings={"max_content_width": 110},
)
@click.version_option(package_name="leadcast", prog_name="leadcast")
def leadcast() -> None:
    """Turns the history of each lead into a calibrated probability, a revenue, reasons and a forecast."""


class Ended(SystemExit):
    """A signal ends the command: what it made on the way is put away as after any failure."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.why = ENDED[signal.Signals(number)]


def _end(number: int, _frame: FrameType | None) -> None:
    """Ends the command by an exception; the same signal again ends it on the spot."""
    signal.signal(number, signal.SIG_DFL)
    raise Ended(number)


def _heed_signals() -> None:
    """Ignored signals (nohup, a shell's &) stay ignored; `serve` sets its own afterwards."""
    for number in ENDED:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)


def main() -> None:
    """The console script: 0 done, 1 refused or failed, 2 usage, 128 and the number of the signal that ended it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    _heed_signals()
    try:
        leadcast(prog_name="leadcast")
    except Ended as end:
        click.echo(f"{end.why} before it was done", err=True)
        raise
