"""The sheets of an Excel workbook as sources."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from connectors.formats.accounts import Account
from connectors.formats.header import distinct, header_row
from connectors.formats.sources import Batch, Source
from history.base.errors import InvalidInput
from history.text.values import number_text

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

SAMPLE_ROWS: Final = 200


def open_workbook(path: Path, name: str) -> list[Source]:
    """One source a sheet that has rows; raises InvalidInput if the file is no workbook."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(path)
        sheets = {name: _cells(workbook.get_sheet_by_name(name)) for name in workbook.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise InvalidInput(
            f"{name} cannot be read as a workbook: {error}; save it again as .xlsx or .csv."
        ) from error
    several = sum(1 for rows in sheets.values() if rows) > 1
    return [
        _sheet(f"{name}, sheet {sheet}" if several else name, rows) for sheet, rows in sheets.items() if rows
    ]


def _cells(sheet: "CalamineSheet") -> list[list[Any]]:
    """The cells of a sheet; a value that is merged over several rows of its column stands in each of them.

    Reports that are grouped show the group so: left alone, only the first row of each group would have it.
    """
    rows = sheet.to_python()
    top, left = sheet.start or (0, 0)
    for (first, column), (last, last_column) in sheet.merged_cell_ranges or ():
        if column == last_column:
            for row in range(first - top + 1, min(last - top + 1, len(rows))):
                rows[row][column - left] = rows[first - top][column - left]
    return rows


def _sheet(name: str, cells: list[list[Any]]) -> Source:
    rows = [[_text(cell) for cell in row] for row in cells]
    filled = [(number, row) for number, row in enumerate(rows, 1) if any(row)]
    if not filled:
        return Source(name, (), lambda _account, _columns: iter(()))
    top = header_row([row for _, row in filled[:SAMPLE_ROWS]])
    header, below = filled[top][1], filled[top + 1 :]
    # A report's table may begin in the second column.
    places = [place for place, cell in enumerate(header) if cell or any(row[place] for _, row in below)]
    names = distinct([header[place] for place in places])

    def batches(account: Account, columns: Sequence[str]) -> Iterator[Batch]:
        account.rows_read += len(below)
        wanted = {column: places[names.index(column)] for column in columns}
        table = pa.table(
            {
                column: pa.array([row[place].strip() or None for _, row in below], pa.string())
                for column, place in wanted.items()
            }
        )
        yield Batch(table, np.array([number for number, _ in below], dtype=np.int64))

    return Source(name, names, batches)


def _text(cell: Any) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        return number_text(cell)
    if isinstance(cell, datetime):
        midnight = cell.time() == time(0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return number_text(cell.total_seconds())
    return str(cell)
