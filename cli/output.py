"""What every command shares: the home, text to stderr, JSON to stdout, progress, times of options."""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

Progress = Callable[[str, float], None]  # what is being done, share done 0 to 1

MICROSECONDS = 1_000_000
data_argument = click.argument("data", type=click.Path(path_type=Path))


def _or_parent(context: click.Context, _option: click.Parameter, value: bool) -> bool:
    above = context.parent.params if context.parent else {}
    return value or bool(above.get("as_json"))


json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_or_parent, help="Print one JSON object on stdout."
)


def home() -> Path:
    """The folder of the state: --home, else LEADCAST_HOME, else .leadcast."""
    return Path(os.environ.get("LEADCAST_HOME") or ".leadcast").absolute()


def now_us() -> int:
    """The clock, in microseconds UTC; read here and passed down."""
    return time.time_ns() // 1000


def say(text: str = "") -> None:
    """One line for people, on stderr."""
    click.echo(text, err=True)


def emit(result: Mapping[str, Any]) -> None:
    """The command's one JSON object, on stdout; what JSON has no number for becomes null."""
    click.echo(json.dumps(_plain(result), ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def say_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Columns of text for people, on stderr, none of it cut off."""
    cells = [[str(c) for c in header], *([_cell(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def say_warnings(warnings: Iterable[Mapping[str, Any]]) -> None:
    """Each warning once, as `code subject: detail`, with the number of leads where it is about leads."""
    for w in warnings:
        concerned = f" ({w['leads']:,} leads)" if "leads" in w else ""
        say(f"warning: {w['code']} {w['subject']}".rstrip() + f": {w['detail']}{concerned}")


def as_of_us(text: str | None, zone: Any) -> int | None:
    """--as-of in microseconds UTC, read in the funnel's zone where it has no offset; else a usage error."""
    if text is None:
        return None
    from features.errors import InvalidInput
    from features.history import parse_time

    try:
        return parse_time(text, zone)
    except (ValueError, InvalidInput) as error:
        raise click.BadParameter(f"{error}: give an ISO date or date-time such as 2026-01-31") from None


def when(us: int) -> str:
    """A time for people: UTC, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(us // MICROSECONDS))


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on stderr when it is a terminal, else one line a phase."""
    if not sys.stderr.isatty():
        yield _phases()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


def _phases() -> Progress:
    told: list[str] = []

    def tell(text: str, _share: float) -> None:
        if told[-1:] != [text]:
            told.append(text)
            say(f"{text} ...")

    return tell
