"""Options and arguments that several commands share, and the clock and the home that commands read."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from history.base.atomic_file import refuse_unless_file
from history.base.errors import InvalidInput

if TYPE_CHECKING:
    from history.base.engine import Engine
    from training.train import TrainOptions

Decorator = Callable[[Any], Any]
ENGINES_HELP = (
    "processes or processes:N of this machine, dask://HOST:PORT or spark://HOST:PORT (default: this process)."
)
PathCheck = Callable[[click.Context, click.Parameter, Path | None], Path | None]


# ---- callbacks that check a path before any work


def ending_in(*endings: str) -> PathCheck:
    """Checks an output path: one of these endings, in a folder that can be written."""

    def check(context: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
        if value is None:
            return None
        if value.suffix.lower() not in endings:
            raise click.BadParameter(f"{value}: the name must end in {' or '.join(endings)}")
        return in_a_folder(context, option, value)

    return check


def in_a_folder(context: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
    """Checks an output path: a file or a new name, in a folder that can be written."""
    if value is not None:
        folder = value.absolute().parent
        if not folder.is_dir():
            raise click.BadParameter(f"{value}: the folder {folder} does not exist")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise click.BadParameter(f"{value}: the folder {folder} cannot be written")
    return file_or_new(context, option, value)


def file_or_new(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
    """Checks a path to read or write: a regular file or a new name, since a rename would replace a device."""
    if value is not None:
        try:
            refuse_unless_file(value)
        except InvalidInput as refusal:
            raise click.BadParameter(str(refusal)) from None
    return value


# ---- options


def _own_or_parents(context: click.Context, _option: click.Parameter, value: bool) -> bool:
    """--json counts before a subcommand too."""
    parent_options = context.parent.params if context.parent else {}
    return value or bool(parent_options.get("as_json"))


data_argument = click.argument("data", type=click.Path(path_type=Path))
json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_own_or_parents, help="Print one JSON object on stdout."
)
model_option = click.option(
    "--model",
    default="champion",
    metavar="ALIAS_OR_VERSION",
    help="champion, challenger or a version (default: champion).",
)
table_option = click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    callback=ending_in(".csv", ".parquet"),
    help="The .csv or .parquet file to write.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    metavar="S",
    help="Seed of every random choice.",
)
accept_rejected_option = click.option(
    "--accept-rejected",
    is_flag=True,
    help="Go on although more than a fifth of a table's rows is set aside.",
)
parts_option = click.option(
    "--parts",
    type=click.IntRange(1, 512),
    metavar="N",
    help="Split DATA by leads into N parts on disk, read one after the other (default: if it would fill the memory).",
)
one_in_option = click.option(
    "--one-in",
    type=click.IntRange(1, 1024),
    metavar="K",
    help="Train on one lead in K, drawn by a hash of ids (default: all, or as many as fit into memory).",
)
no_snapshot_option = click.option(
    "--no-snapshot", is_flag=True, help="Do not save the result as a snapshot (see `leadcast snapshots`)."
)


def as_of_option(
    text: str = "Use what was known at this date or time (default: the end of the data).",
) -> Decorator:
    """--as-of, with the meaning of T for the command."""
    return click.option("--as-of", metavar="T", help=text)


def since_option(text: str) -> Decorator:
    """--since: an earlier date to compare with."""
    return click.option("--since", metavar="T", help=text)


def by_option(text: str, multiple: bool = False) -> Decorator:
    """--by: a column of the leads to group by."""
    return click.option("--by", metavar="COLUMN", multiple=multiple, help=text)


def report_option(text: str) -> Decorator:
    """--report: an HTML page to write."""
    return click.option(
        "--report",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=ending_in(".html", ".htm"),
        metavar="FILE.html",
        help=text,
    )


def trials_option(text: str) -> Decorator:
    """--trials: how many settings to compare; None is training's own default."""
    return click.option("--trials", type=click.IntRange(0, 1000), metavar="N", help=text)


def periods_options(period_text: str, periods_text: str) -> Decorator:
    """--period and --periods: the calendar periods of a forecast."""
    period = click.option(
        "--period",
        type=click.Choice(["week", "month", "quarter"]),
        default="month",
        show_default=True,
        help=period_text,
    )
    periods = click.option("--periods", type=click.IntRange(1, 104), metavar="N", help=periods_text)
    return lambda command: period(periods(command))


def _engine_address(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    from engines.choice import check_address

    try:
        check_address(value)
    except InvalidInput as refusal:
        raise click.BadParameter(str(refusal)) from None
    return value


def engine_option(text: str, where: str = ENGINES_HELP) -> Decorator:
    """--engine: who does the parts of the work that `text` names."""
    return click.option("--engine", metavar="WHERE", callback=_engine_address, help=f"{text} {where}")


def data_or_store(text: str) -> Decorator:
    """An optional DATA, and --store in its place."""
    argument = click.argument("data", type=click.Path(path_type=Path), required=False)
    store = click.option("--store", is_flag=True, help=text)
    return lambda command: argument(store(command))


# ---- what options mean together


def refuse_unless_one(data: Path | None, store: bool) -> None:
    """Raises a usage error unless either DATA or --store is given."""
    if (data is None) != store:
        raise click.UsageError("give either a data folder or --store")


def refuse_unused(needed: str, *names: str) -> None:
    """Raises a usage error if one of these options is given, which has no effect without `needed`."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} has no effect without {needed}")


def train_options(options: Mapping[str, Any], engine: "Engine | None" = None) -> "TrainOptions":
    """--seed, --trials and --keep, as far as the command has them and they are given, and who computes features."""
    from training.train import TrainOptions

    names = ("seed", "trials", "keep")
    given = {name: options[name] for name in names if options.get(name) is not None}
    return TrainOptions(**given, engine=engine)


def as_of_us(text: str | None, zone: ZoneInfo, option: str = "--as-of") -> int | None:
    """The time of an option in microseconds UTC, in the funnel's zone if it has no offset; None without a text.

    Raises a usage error unless it is a time of the years 1990 to 2199.
    """
    if text is None:
        return None
    from history.text.times import read_as_of

    try:
        return read_as_of(text, zone)
    except InvalidInput as error:
        raise click.BadParameter(str(error), param_hint=option) from None


# ---- the edge: home and clock


def home() -> Path:
    """The folder of all state: --home, else LEADCAST_HOME, else .leadcast; InvalidInput if it cannot be a folder."""
    from models.home.home import home_folder

    return home_folder()


def now_us() -> int:
    """The clock, in microseconds UTC; read here and passed down."""
    return time.time_ns() // 1000
