"""Sets rows of one table aside by rule, and keeps counts, first offenders and the rows themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask
from history.folder.rules.rules import FOREIGN_ENCODING, NEAR_COLUMN, RAGGED_ROW, Rule
from history.folder.tables.encodings import NAMES, UTF_8
from history.folder.tables.raw_table import RawTable
from history.history import Rejected, TableReport

UTF_8_NAME: Final = NAMES[UTF_8]
SHOWN_OFFENDERS: Final = 5
LONGEST_SHOWN: Final = 80  # characters of a cell in a message
FIRST_PLACE: Final = 1  # places 0 and 1 are of what the whole file has
MOST_VALUES: Final = 1_000  # distinct texts of the rows of one rule that are counted


@dataclass(frozen=True)
class RejectedRow:
    """One row that was set aside: its table, row number (as RawTable counts), rule and text as a line of CSV."""

    table: str
    row: int
    rule: str
    text: str


class ValueCount(NamedTuple):
    """Rows that have a text, and the number of the first of them."""

    rows: int
    first_row: int


@dataclass(frozen=True)
class Counted:
    """Rows that one rule rejects or flags; place: of the rule among all that a table is tested by.

    first: numbers of the first rows and their excerpts. values: the commonest texts of the rows in the tested column.
    """

    place: int
    rule: str
    count: int
    first: tuple[tuple[int, str], ...]
    column: str = ""
    values: Mapping[str, ValueCount] = field(default_factory=dict)

    def and_then(self, other: "Counted") -> "Counted":
        """The rows of both, of the same rule."""
        most = max(SHOWN_OFFENDERS, len(self.first), len(other.first))
        first = tuple(sorted({*self.first, *other.first})[:most])
        values = dict(self.values)
        for text, (rows, first_row) in other.values.items():
            own = values.get(text, ValueCount(0, first_row))
            values[text] = ValueCount(own.rows + rows, min(own.first_row, first_row))
        return replace(self, count=self.count + other.count, first=first, values=values)

    def rejected(self) -> Rejected:
        """As a report has it, with the commonest text, of equally common ones the first in the file."""
        texts = self.values
        commonest = min(texts, key=lambda text: (-texts[text].rows, texts[text].first_row), default="")
        first = tuple(excerpt for _, excerpt in self.first)
        return Rejected(self.rule, self.count, first, self.column, commonest)


@dataclass(frozen=True)
class TableCounts:
    """Rows of a table, and what rules reject and flag, in the order of the rules' places."""

    rows: int
    rejected: tuple[Counted, ...] = ()
    flagged: tuple[Counted, ...] = ()

    def and_then(self, other: "TableCounts") -> "TableCounts":
        """The rows of both."""
        return TableCounts(
            self.rows + other.rows,
            _joined(self.rejected, other.rejected),
            _joined(self.flagged, other.flagged),
        )

    def report(self) -> TableReport:
        """For people and rules that look at all rows."""
        return TableReport(
            self.rows,
            tuple(counted.rejected() for counted in self.rejected),
            tuple(counted.rejected() for counted in self.flagged),
        )


def _joined(one: Sequence[Counted], other: Sequence[Counted]) -> tuple[Counted, ...]:
    by_place = {counted.place: counted for counted in one}
    for counted in other:
        own = by_place.get(counted.place)
        by_place[counted.place] = counted if own is None else own.and_then(counted)
    return tuple(by_place[place] for place in sorted(by_place))


class RowFilter:
    """Sets each row of a table aside for the first rule that it breaks; `valid` (n,) marks the rows that are left."""

    def __init__(self, table: RawTable, rejected: list[RejectedRow] | None) -> None:
        """rejected: collects the full rows, if they are wanted."""
        self.table = table
        self.valid: Mask = np.ones(len(table), dtype=np.bool_)
        self._collected = rejected
        self._rejected: list[Counted] = []
        self._flagged: list[Counted] = []
        self._rules_rejected = self._rules_flagged = FIRST_PLACE
        self._reject_ragged_rows()
        self._flag_near_columns()
        self._flag_encoding()

    def reject(self, rule: Rule, broken: Mask, *columns: str, tested: str = "") -> None:
        """Sets the valid rows of `broken` (n,) aside; `columns` are shown with the first offenders."""
        self._rules_rejected += 1
        rows = np.flatnonzero(broken & self.valid)
        if not len(rows):
            return
        self.valid[rows] = False
        self._rejected.append(self._counted(self._rules_rejected, rule, rows, columns, tested))
        if self._collected is not None:
            self._collected += [
                RejectedRow(
                    self.table.name, int(self.table.row_numbers[i]), rule.name, self.table.row_text(i)
                )
                for i in rows.tolist()
            ]

    def flag(self, rule: Rule, matches: Mask | None, *columns: str, tested: str = "") -> None:
        """Counts the valid rows of `matches` (n,), None for none, and keeps them.

        A table flags by the same rules in the same order whatever its rows are: so counts of its parts can be joined.
        """
        self._rules_flagged += 1
        if matches is None:
            return
        rows = np.flatnonzero(matches & self.valid)
        if len(rows):
            self._flagged.append(self._counted(self._rules_flagged, rule, rows, columns, tested))

    def counts(self) -> TableCounts:
        """What was set aside and flagged so far."""
        return TableCounts(self.table.row_count, tuple(self._rejected), tuple(self._flagged))

    def report(self) -> TableReport:
        """`counts` for people."""
        return self.counts().report()

    def excerpt(self, index: int, columns: tuple[str, ...]) -> str:
        """A row's number and its cells in `columns`."""
        present = [column for column in columns if column in self.table.columns]
        cells = (f"{column} {_short(self.table.cell(column, index))}" for column in present)
        return f"row {self.table.row_numbers[index]}: " + ", ".join(cells)

    def _counted(
        self, place: int, rule: Rule, rows: Ints, columns: tuple[str, ...], tested: str = ""
    ) -> Counted:
        first = tuple(
            (int(self.table.row_numbers[row]), self.excerpt(int(row), columns))
            for row in rows[:SHOWN_OFFENDERS]
        )
        return Counted(place, rule.name, len(rows), first, tested, self._values(rows, tested))

    def _values(self, rows: Ints, column: str) -> dict[str, ValueCount]:
        """The commonest texts of these rows in a column, at most MOST_VALUES of them."""
        if column not in self.table.columns:
            return {}
        values = self.table.columns[column].take(pa.array(rows))
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        given = np.flatnonzero(codes >= 0)
        _, first, counts = np.unique(codes[given], return_index=True, return_counts=True)
        first = given[first]
        chosen = np.lexsort((first, -counts))[:MOST_VALUES]
        found: dict[str, ValueCount] = {}
        for place, count in zip(first[chosen].tolist(), counts[chosen].tolist(), strict=True):
            text = str(self.table.cell(column, int(rows[place])))
            own = found.get(text, ValueCount(0, int(self.table.row_numbers[rows[place]])))
            found[text] = ValueCount(own.rows + count, own.first_row)
        return found

    def _flag_near_columns(self) -> None:
        first = tuple(
            (
                place,
                f"column {column!r} is not read as {name}; rename it, or map it in [columns.{self.table.name}] "
                f'of funnel.toml: {name} = "{column}"',
            )
            for place, (column, name) in enumerate(self.table.near.items())
        )
        if first and len(self.table):
            self._flagged.append(Counted(0, NEAR_COLUMN.name, len(self.table), first))

    def _flag_encoding(self) -> None:
        if self.table.encoding != UTF_8_NAME and len(self.table):
            first = f"read as {self.table.encoding}; if letters are wrong, save the file as UTF-8"
            self._flagged.append(Counted(1, FOREIGN_ENCODING.name, len(self.table), ((0, first),)))

    def _reject_ragged_rows(self) -> None:
        ragged = self.table.ragged
        if not ragged:
            return
        first = tuple(
            (row.row, f"row {row.row}: {row.got} values, the header has {row.expected}")
            for row in ragged[:SHOWN_OFFENDERS]
        )
        self._rejected.append(Counted(0, RAGGED_ROW.name, len(ragged), first))
        if self._collected is not None:
            self._collected += [
                RejectedRow(self.table.name, row.row, RAGGED_ROW.name, row.text) for row in ragged
            ]


def _short(value: object) -> str:
    if value is None or value == "":
        return "is empty"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
