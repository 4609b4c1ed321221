"""`leadcast COMMAND`: imports the command, silences library warnings, turns errors into exit codes."""

import errno
import os
import signal
import sys
import warnings
from importlib import import_module
from types import FrameType
from typing import Any

import click

from history.base.errors import DamagedArtifact, EngineFailed, InvalidInput
from history.base.extras import installation_hint

COMMANDS = {
    "simulate": "cli.commands.data:simulate",
    "import": "cli.commands.importing:import_",
    "check": "cli.commands.data:check",
    "train": "cli.commands.training:train",
    "backtest": "cli.commands.backtest:backtest",
    "score": "cli.commands.scoring:score",
    "forecast": "cli.commands.forecast:forecast",
    "funnel": "cli.commands.funnel:funnel",
    "snapshots": "cli.commands.snapshots:snapshots",
    "models": "cli.commands.models:models",
    "serve": "cli.commands.serve:serve",
    "load": "cli.commands.store:load",
    "export": "cli.commands.store:export",
    "rescore": "cli.commands.store:rescore",
    "backup": "cli.commands.store:backup",
    "restore": "cli.commands.store:restore",
}
EPILOG = """\b
Examples:
  leadcast simulate crm                       create a synthetic CRM to try the commands on
  leadcast check crm                          check whether data can be used
  leadcast train crm                          train, evaluate, register and promote a model
  leadcast score crm --output scores.csv      score every open lead

Exit codes: 0 success, 1 failure (with a message), 2 wrong usage,
130 ended by Ctrl-C, 143 ended by SIGTERM.
"""
ADVICE = {
    errno.ENOSPC: "; free some space, then run the command again",
    errno.EEXIST: "; a folder is needed but a file has its name: choose another path",
    errno.ENOTDIR: "; a folder is needed but a file has its name: choose another path",
    errno.EROFS: "; choose a writable folder with --home or LEADCAST_HOME",
}
SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


def _home_option() -> click.Option:
    def set_home(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
        if value:
            os.environ["LEADCAST_HOME"] = value  # child processes read it too

    return click.Option(
        ["--home"],
        metavar="DIR",
        expose_value=False,
        is_eager=True,
        callback=set_home,
        help="Folder of models, runs and the store (default: LEADCAST_HOME or .leadcast).",
    )


def _with_home(command: click.Command) -> click.Command:
    if not any(option.name == "home" for option in command.params):
        command.params.append(_home_option())
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            _with_home(subcommand)
    return command


def _with_full_summary(command: click.Command) -> click.Command:
    """Lists of commands show the whole first paragraph of each; click's own summary is cut off."""
    command.short_help = " ".join((command.help or "").split("\n\n")[0].split())
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            _with_full_summary(subcommand)
    return command


class LazyGroup(click.Group):
    """Commands by import path, imported on use, so that --help is fast; each also takes --home."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return _with_full_summary(_with_home(command))

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
        except (InvalidInput, DamagedArtifact, EngineFailed) as error:
            raise click.ClickException(str(error)) from None
        except ModuleNotFoundError as error:
            hint = installation_hint(error)
            if hint is None:
                raise
            raise click.ClickException(hint) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(_os_problem(error)) from None


def _os_problem(error: OSError) -> str:
    path = f"{error.filename}: " if error.filename else ""
    return f"{path}{error.strerror or error}{ADVICE.get(error.errno or 0, '')}"


@click.group(
    cls=LazyGroup,
    params=[_home_option()],
    epilog=EPILOG,
    context_settings={"max_content_width": 110},
)
@click.version_option(package_name="leadcast", prog_name="leadcast")
def leadcast() -> None:
    """Scores leads by their history: win probability, expected revenue, reasons, and a forecast of the funnel."""


class Terminated(SystemExit):
    """Raised by signal handlers, so that clean-up runs as after an exception."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.cause = SIGNALS[signal.Signals(number)]


def _terminate(number: int, _frame: FrameType | None) -> None:
    """Ends the command by an exception; the same signal again ends it at once."""
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(number)


def _handle_signals() -> None:
    """Ignored signals (nohup, a shell's &) stay ignored; `serve` sets its own handlers afterwards."""
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _terminate)


def main() -> None:
    """The console script; exit codes are those of EPILOG, 128 + N after signal N."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    _handle_signals()
    try:
        leadcast(prog_name="leadcast")
    except Terminated as end:
        click.echo(f"{end.cause} before it was done", err=True)
        raise
