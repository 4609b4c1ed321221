"""What every command says: text and tables to stderr, one JSON object to stdout."""

import json
import math
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

MICROSECONDS = 1_000_000
_CONTROLS = (*range(9), *range(11, 32), *range(127, 160))
_SHOWN = {code: repr(chr(code))[1:-1] for code in _CONTROLS}
_SHOWN_IN_CELLS = {**_SHOWN, ord("\n"): "\\n", ord("\t"): "\\t"}


def say(text: str = "") -> None:
    """Lines for people, on stderr; control characters in names from the data are shown, never obeyed."""
    click.echo(text.translate(_SHOWN), err=True)


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
    """Columns of text for people, on stderr, none of it cut off; a letter of Chinese or Japanese is two wide."""
    from rich.cells import cell_len

    cells = [[_cell(c) for c in header], *([_cell(c) for c in row] for row in rows)]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        say("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value).translate(_SHOWN_IN_CELLS)


def say_warnings(warnings: Iterable[Mapping[str, Any]]) -> None:
    """Each warning once, as `code subject: detail`, with the number of leads where it is about leads."""
    for w in warnings:
        concerned = f" ({w['leads']:,} leads)" if "leads" in w else ""
        say(f"warning: {w['code']} {w['subject']}".rstrip() + f": {w['detail']}{concerned}")


def when(us: int) -> str:
    """A time for people: UTC, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(us // MICROSECONDS))
