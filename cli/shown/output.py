"""Output of every command: text and tables for people on stderr, one JSON object on stdout."""

import json
import math
import shlex
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

MICROSECONDS = 1_000_000
# Control characters but tab and line feed: a name from the data must not steer the terminal.
_CONTROLS = (*range(9), *range(11, 32), *range(127, 160))
_ESCAPES = {code: repr(chr(code))[1:-1] for code in _CONTROLS}
_CELL_ESCAPES = {**_ESCAPES, ord("\n"): "\\n", ord("\t"): "\\t"}


def echo(text: str = "") -> None:
    """Prints text for people on stderr, control characters escaped."""
    click.echo(text.translate(_ESCAPES), err=True)


def print_json(result: Mapping[str, Any]) -> None:
    """Prints the command's JSON object on stdout; NaN and infinity become null."""
    click.echo(json.dumps(_json_ready(result), ensure_ascii=False, allow_nan=False))


def _json_ready(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_ready(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(inner) for inner in value]
    if hasattr(value, "tolist"):  # numpy, which is not imported here
        return _json_ready(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def echo_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints aligned columns on stderr; a Chinese or Japanese character is two cells wide."""
    from rich.cells import cell_len

    cells = [[_cell(value) for value in header]]
    cells += [[_cell(value) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value).translate(_CELL_ESCAPES)


def echo_warnings(warnings: Iterable[Mapping[str, Any]]) -> None:
    """Prints each warning as `code subject: detail`, with its number of leads if it is about leads."""
    for warning in warnings:
        name = f"{warning['code']} {warning['subject']}".rstrip()
        leads = f" ({warning['leads']:,} leads)" if "leads" in warning else ""
        echo(f"warning: {name}: {warning['detail']}{leads}")


def echo_next(*words: object) -> None:
    """Prints the command that usually follows, its arguments quoted for a shell if need be."""
    echo(f"Next: leadcast {shlex.join(map(str, words))}")


def readable_time(us: int) -> str:
    """An instant in microseconds UTC, for people: to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(us // MICROSECONDS))
