"""Tables validated row by row: each row of a table against the checks of history/folder/rules/checks.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.whole import WHOLE, ColumnOfWhole, Whole
from history.config.config import FunnelConfig
from history.config.schema import NUMBER, ROW_ID, TABLES
from history.folder.rules.checks import CHECKS
from history.folder.rules.row_filter import RejectedRow, RowFilter
from history.folder.rules.rules import (
    COMMA_NUMBER,
    DAY_FIRST_TIME,
    LATE_ROW,
    MONTH_FIRST_TIME,
    PLACEHOLDER_TIME,
    POINT_NUMBER,
)
from history.folder.tables.raw_table import RawTable
from history.folder.values import local_numbers, local_times
from history.folder.values.columns import (
    Numbers,
    Times,
    no_numbers,
    no_times,
    texts,
    without_blanks,
    without_nul,
)
from history.folder.values.id_forms import IdForms
from history.folder.values.row_ids import RowIds
from history.folder.values.zero_dates import texts_of_zero, times_of_zero
from history.history import Factor, empty_factor
from history.spelling import spelled_as_whole
from history.text.placeholders import are_placeholders
from history.text.time_formats import MONTH_FIRST
from history.text.times import DAY_US, LATEST_US
from history.text.written_numbers import COMMA

NO_TIME: Final = np.iinfo(np.int64).min
OWN_TIME: Final[Mapping[str, str]] = {name: layout.own_time for name, layout in TABLES.items()}
IDS: Final = frozenset({"lead_id", "merged_into"})


@dataclass(frozen=True)
class ReadOptions:
    """Configuration, now (None: any time is accepted), and a list that collects rejected rows in full, if wanted.

    as_stored: leads that are gone and closing words among the stages stay, as the store keeps them. whole: decides what
    the tables at hand, which may be a part of a folder, cannot decide alone.
    """

    config: FunnelConfig
    now_us: int | None = None
    rejected: list[RejectedRow] | None = None
    as_stored: bool = False
    whole: Whole = WHOLE

    @property
    def latest_us(self) -> int | None:
        """The latest accepted time: clocks of exports and zones differ by up to a day."""
        return None if self.now_us is None else self.now_us + DAY_US


class ValidatedTable:
    """A table whose rows are checked one by one; `rows.valid` marks those left. An absent column is all missing."""

    def __init__(self, raw: RawTable, options: ReadOptions) -> None:
        self.raw, self.options = raw, options
        self.name = raw.name
        self.rows = RowFilter(raw, options.rejected)
        self._texts: dict[str, Factor] = {}
        self._times: dict[str, Times] = {}
        self._numbers: dict[str, Numbers] = {}
        self.lead: Ints = np.zeros(0, dtype=np.int64)  # of rows that belong to leads, see LeadRows
        self.id_forms = IdForms({})
        self.is_valid_lead: Mask = np.zeros(0, dtype=np.bool_)
        self._prepare()
        for check in CHECKS[self.name]:
            if check.rule.test is not None:
                broken = check.rule.test(self, check.column)
                self.rows.reject(check.rule, broken, *check.shown_columns, tested=check.column)
        self._flag_local_values()

    def _prepare(self) -> None:
        """Derives what the checks of a kind of table read."""

    def _flag_local_values(self) -> None:
        """Counts placeholders, and times and numbers whose form the column alone shows."""
        for column, times in self._times.items():
            self.rows.flag(PLACEHOLDER_TIME, times.is_placeholder, column)
        formats = self.options.config
        if formats.format_of(self.name, "datetime") is None:
            for column, times in self._times.items():
                rule = MONTH_FIRST_TIME if times.order == MONTH_FIRST else DAY_FIRST_TIME
                is_local = None if times.is_local is None else times.is_local & times.good
                self.rows.flag(rule, is_local, column)
        if formats.format_of(self.name, "decimal") is None:
            columns = (name for name in self.raw.columns if TABLES[self.name].role(name) == NUMBER)
            for column in columns:
                numbers = self.number(column)
                rule = COMMA_NUMBER if numbers.mark == COMMA else POINT_NUMBER
                self.rows.flag(rule, numbers.is_local, column)

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def own(self) -> Times:
        """The own time of each row (n,), such as occurred_at."""
        return self.time(OWN_TIME[self.name])

    @property
    def recorded(self) -> Times:
        return self.time("recorded_at")

    def text(self, column: str) -> Factor:
        """A column's texts (n,), blank ones missing; a NUL is replaced, except in ids, which are rejected for it."""
        if column not in self._texts:
            self._texts[column] = self._read_text(column)
        return self._texts[column]

    def _read_text(self, column: str) -> Factor:
        array = self.raw.columns.get(column)
        if array is None:
            return empty_factor(len(self))
        return texts(array) if column in IDS else texts_of_zero(without_blanks(without_nul(texts(array))))

    @cached_property
    def row_ids(self) -> RowIds:
        """The interaction_id of each row."""
        return RowIds(self.raw.columns.get(ROW_ID), len(self))

    def time(self, column: str) -> Times:
        """A column's times (n,)."""
        if column not in self._times:
            self._times[column] = self._read_time(column)
        return self._times[column]

    def _read_time(self, column: str) -> Times:
        array, config = self.raw.columns.get(column), self.options.config
        if array is None:
            return no_times(len(self))
        form = config.format_of(self.name, "datetime")
        rows = self._column(column)
        times = local_times.read_column(array, config.zone, form, rows)
        if (times.given & (~times.good | (times.us < 0))).any():
            times = local_times.read_column(times_of_zero(array), config.zone, form, rows)
        return times if column in TABLES[self.name].needed else _without_placeholders(times)

    def number(self, column: str) -> Numbers:
        """A column's numbers (n,)."""
        if column not in self._numbers:
            self._numbers[column] = self._read_number(column)
        return self._numbers[column]

    def _read_number(self, column: str) -> Numbers:
        array = self.raw.columns.get(column)
        if array is None:
            return no_numbers(len(self))
        decimal = self.options.config.format_of(self.name, "decimal")
        return local_numbers.read_column(array, decimal, self._column(column))

    def _column(self, column: str) -> ColumnOfWhole:
        return ColumnOfWhole(self.options.whole, f"{self.name}.{column}")

    def spelled(self, column: str, rows: Ints, preferred: Sequence[str] = ()) -> Factor:
        """The texts of these rows (k,) in one spelling a value, the commonest of the folder's."""
        return spelled_as_whole(self.text(column).take(rows).compact(), preferred, self._column(column))

    def known_us(self) -> Ints:
        """The later of own time and recorded_at (n,)."""
        own, recorded = self.own, self.recorded
        return np.where(recorded.known, np.maximum(own.us, recorded.us), own.us)

    def latest_us(self, now_us: int | None) -> Ints:
        """The later of own time and recorded_at that is not after now_us (n,); NO_TIME without any."""
        latest = np.full(len(self), NO_TIME, dtype=np.int64)
        for column in (self.own, self.recorded):
            counts = column.known & self.rows.valid
            if now_us is not None:
                counts &= column.us <= now_us
            latest = np.where(counts, np.maximum(latest, column.us), latest)
        return latest

    def flag_late(self, latest_us: Ints, end_us: int) -> None:
        """Counts the rows whose latest_us (n,) is after the end of the data."""
        self.rows.flag(LATE_ROW, latest_us > end_us, "lead_id", OWN_TIME[self.name], "recorded_at")


def _without_placeholders(times: Times) -> Times:
    """The times without dates such as 9999-12-31, which stand for a missing one."""
    is_read = times.good | (times.us > LATEST_US)
    is_placeholder = times.given & is_read & are_placeholders(times.us)
    if not is_placeholder.any():
        return times
    return replace(
        times,
        given=times.given & ~is_placeholder,
        good=times.good & ~is_placeholder,
        is_date=times.is_date & ~is_placeholder,
        is_placeholder=is_placeholder,
    )
