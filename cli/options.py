"""The options that several commands take: name, type, default and help of each written once."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from history.atomic_file import refuse_unless_file
from history.errors import InvalidInput

if TYPE_CHECKING:
    from training.train import TrainOptions
import time

Decorator = Callable[[Any], Any]
PathCheck = Callable[[click.Context, click.Parameter, Path | None], Path | None]


def ending_in(*endings: str) -> PathCheck:
    """A check of an output option: one of these endings, in a folder that exists."""

    def check(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
        if value is None:
            return None
        if value.suffix.lower() not in endings:
            raise click.BadParameter(f"{value}: end it in {' or '.join(endings)}")
        return in_a_folder(_context, _option, value)

    return check


def in_a_folder(context: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
    """A check of an output: a file or a new name in a folder that exists and can be written."""
    if value is not None:
        folder = value.absolute().parent
        if not folder.is_dir():
            raise click.BadParameter(f"{value}: there is no folder {folder}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise click.BadParameter(f"{value}: the folder {folder} cannot be written")
    return file_or_new(context, option, value)


def file_or_new(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
    """A check of a path to write or read: what is written takes the place of a file, never of /dev/null."""
    if value is not None:
        try:
            refuse_unless_file(value)
        except InvalidInput as refusal:
            raise click.BadParameter(str(refusal)) from None
    return value


def _or_parent(context: click.Context, _option: click.Parameter, value: bool) -> bool:
    above = context.parent.params if context.parent else {}
    return value or bool(above.get("as_json"))


data_argument = click.argument("data", type=click.Path(path_type=Path))
json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_or_parent, help="Print one JSON object on stdout."
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
    help="A .csv or .parquet file.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    metavar="S",
    help="Of every random choice.",
)
no_snapshot_option = click.option(
    "--no-snapshot", is_flag=True, help="Do not keep what was said; see `leadcast snapshots`."
)


def as_of_option(text: str = "Stand at this date or time (default: the latest in the data).") -> Decorator:
    """--as-of, with what T means to the command."""
    return click.option("--as-of", metavar="T", help=text)


def since_option(text: str) -> Decorator:
    """--since: an earlier date to compare with."""
    return click.option("--since", metavar="T", help=text)


def by_option(text: str, multiple: bool = False) -> Decorator:
    """--by: a column of the leads to group by."""
    return click.option("--by", metavar="COLUMN", multiple=multiple, help=text)


def report_option(text: str) -> Decorator:
    """--report: a page to write."""
    return click.option(
        "--report",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=ending_in(".html", ".htm"),
        metavar="FILE.html",
        help=text,
    )


def trials_option(text: str) -> Decorator:
    """--trials: how long to tune; None leaves it to training."""
    return click.option("--trials", type=click.IntRange(0, 1000), metavar="N", help=text)


def train_options(given: Mapping[str, Any]) -> "TrainOptions":
    """What --seed, --trials and --keep come to, as far as the command takes them."""
    from training.train import TrainOptions

    asked = {name: given[name] for name in ("seed", "trials", "keep") if given.get(name) is not None}
    return TrainOptions(**asked)


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


def data_or_store(text: str) -> Decorator:
    """An optional DATA and --store in its place."""
    argument = click.argument("data", type=click.Path(path_type=Path), required=False)
    store = click.option("--store", is_flag=True, help=text)
    return lambda command: argument(store(command))


def refuse_unless_one(data: Path | None, store: bool) -> None:
    """Ends the command where both DATA and --store are given, or neither."""
    if (data is None) != store:
        raise click.UsageError("give either a data folder or --store")


def refuse_unused(used: str, *names: str) -> None:
    """Ends the command where one of these options was given, which only counts as `used` says."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} goes {used}")


def as_of_us(text: str | None, zone: ZoneInfo, option: str = "--as-of") -> int | None:
    """The option's time in microseconds UTC, read in the funnel's zone where it has no offset.

    Raises a usage error for what is no time, and for a year that is not from 1990 to 2199.
    """
    if text is None:
        return None
    from history.read import parse_time
    from history.times import AS_OF_END_US, EARLIEST_US

    try:
        us = parse_time(text, zone)
    except InvalidInput as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    if not EARLIEST_US <= us < AS_OF_END_US:
        raise click.BadParameter(f"{text!r} is not from 1990 to 2199.", param_hint=option)
    return us


def home() -> Path:
    """The folder of the state: --home, else LEADCAST_HOME, else .leadcast; InvalidInput where it cannot be one."""
    path = Path(os.environ.get("LEADCAST_HOME") or ".leadcast").absolute()
    for above in (path, *path.parents):
        if above.is_file():
            raise InvalidInput(f"{path} cannot be the home: {above} is a file; name a folder with --home")
    return path


def now_us() -> int:
    """The clock, in microseconds UTC; read here and passed down."""
    return time.time_ns() // 1000
