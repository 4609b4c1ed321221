"""Sets rows of one table aside by rule, and keeps counts, first offenders and the rows themselves."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask
from history.folder.encodings import NAMES, UTF_8
from history.folder.raw_table import RawTable, python_value
from history.folder.rules import FOREIGN_ENCODING, NEAR_COLUMN, RAGGED_ROW, Rule
from history.history import Rejected, TableReport

UTF_8_NAME: Final = NAMES[UTF_8]
SHOWN_OFFENDERS: Final = 5
LONGEST_SHOWN: Final = 80  # characters of a cell in a message


@dataclass(frozen=True)
class RejectedRow:
    """One row that was set aside: its table, row number (as RawTable counts), rule and text as a line of CSV."""

    table: str
    row: int
    rule: str
    text: str


class RowFilter:
    """Sets each row of a table aside for the first rule that it breaks; `valid` (n,) marks the rows that are left."""

    def __init__(self, table: RawTable, rejected: list[RejectedRow] | None) -> None:
        """rejected: collects the full rows, if they are wanted."""
        self.table = table
        self.valid: Mask = np.ones(len(table), dtype=np.bool_)
        self._collected = rejected
        self._rejected: list[Rejected] = []
        self._flagged: list[Rejected] = []
        self._reject_ragged_rows()
        self._flag_near_columns()
        self._flag_encoding()

    def reject(self, rule: Rule, broken: Mask, *columns: str, tested: str = "") -> None:
        """Sets the valid rows of `broken` (n,) aside; `columns` are shown with the first offenders."""
        rows = np.flatnonzero(broken & self.valid)
        if not len(rows):
            return
        self.valid[rows] = False
        self._rejected.append(self._counted(rule, rows, columns, tested))
        if self._collected is not None:
            self._collected += [
                RejectedRow(
                    self.table.name, int(self.table.row_numbers[i]), rule.name, self.table.row_text(i)
                )
                for i in rows.tolist()
            ]

    def flag(self, rule: Rule, matches: Mask, *columns: str, tested: str = "") -> None:
        """Counts the valid rows of `matches` (n,) and keeps them."""
        rows = np.flatnonzero(matches & self.valid)
        if len(rows):
            self._flagged.append(self._counted(rule, rows, columns, tested))

    def report(self) -> TableReport:
        return TableReport(self.table.row_count, tuple(self._rejected), tuple(self._flagged))

    def excerpt(self, index: int, columns: tuple[str, ...]) -> str:
        """A row's number and its cells in `columns`."""
        present = [column for column in columns if column in self.table.columns]
        cells = (f"{column} {_short(self.table.cell(column, index))}" for column in present)
        return f"row {self.table.row_numbers[index]}: " + ", ".join(cells)

    def _counted(self, rule: Rule, rows: Ints, columns: tuple[str, ...], tested: str = "") -> Rejected:
        first = tuple(self.excerpt(int(row), columns) for row in rows[:SHOWN_OFFENDERS])
        return Rejected(rule.name, len(rows), first, tested, self._commonest(rows, tested))

    def _commonest(self, rows: Ints, column: str) -> str:
        """The commonest text of these rows in a column, "" if they have none."""
        if column not in self.table.columns:
            return ""
        values = self.table.columns[column].take(pa.array(rows))
        counts = pc.value_counts(values.drop_null())
        if not len(counts):
            return ""
        commonest = counts.field("values")[int(np.argmax(counts.field("counts").to_numpy()))]
        if column in self.table.layouts:
            return str(self.table.cell(column, int(rows[pc.index(values, commonest).as_py()])))
        return str(python_value(commonest))

    def _flag_near_columns(self) -> None:
        first = tuple(
            f"column {column!r} is not read as {name}; rename it, or map it in [columns.{self.table.name}] "
            f'of funnel.toml: {name} = "{column}"'
            for column, name in self.table.near.items()
        )
        if first and len(self.table):
            self._flagged.append(Rejected(NEAR_COLUMN.name, len(self.table), first))

    def _flag_encoding(self) -> None:
        if self.table.encoding != UTF_8_NAME and len(self.table):
            first = f"read as {self.table.encoding}; if letters are wrong, save the file as UTF-8"
            self._flagged.append(Rejected(FOREIGN_ENCODING.name, len(self.table), (first,)))

    def _reject_ragged_rows(self) -> None:
        ragged = self.table.ragged
        if not ragged:
            return
        first = tuple(
            f"row {row.row}: {row.got} values, the header has {row.expected}"
            for row in ragged[:SHOWN_OFFENDERS]
        )
        self._rejected.append(Rejected(RAGGED_ROW.name, len(ragged), first))
        if self._collected is not None:
            self._collected += [
                RejectedRow(self.table.name, row.row, RAGGED_ROW.name, row.text) for row in ragged
            ]


def _short(value: object) -> str:
    if value is None or value == "":
        return "is empty"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
