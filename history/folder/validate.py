"""Tables validated row by row: each row of a table against the rules of history/folder/rules/rules.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.whole import WHOLE, ColumnOfWhole, Whole
from history.config.config import FunnelConfig
from history.config.schema import NOT_ATTRIBUTES, NUMBER, ROW_ID, TABLES
from history.folder.merges import NO_LEAD, Merges
from history.folder.rules.row_filter import RejectedRow, RowFilter
from history.folder.rules.rules import (
    BEFORE_CREATION,
    CHECKS,
    COMMA_NUMBER,
    DAY_FIRST_TIME,
    DUPLICATE_LEAD,
    LATE_ROW,
    MERGED_ROW,
    MONTH_FIRST_TIME,
    ODD_CREATION,
    OTHER_ID_FORM,
    PLACEHOLDER_DATE,
    PLACEHOLDER_TIME,
    POINT_NUMBER,
    SEVERAL_IDS,
    Rule,
    matching,
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
from history.folder.values.id_forms import IdForms, split_lists
from history.folder.values.row_ids import RowIds
from history.folder.values.zero_dates import texts_of_zero, times_of_zero
from history.history import Factor, empty_factor
from history.odd_creations import AFTER_ODD, earliest_of
from history.spelling import spelled_as_whole
from history.text.placeholders import are_placeholders, is_placeholder_text
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


@dataclass(frozen=True)
class VisibleLeads:
    """The leads visible at as_of_us, in file order: their rows (n,) in the table of leads and created_us (n,).

    index: of each id of the table of leads among them, else -1. merges: of leads that are gone, None without any.
    """

    as_of_us: int
    rows: Ints
    created_us: Ints
    index: Ints
    merges: Merges | None = None


@dataclass(frozen=True)
class VisibleRows:
    """Which rows of a table (n,) are visible, the index of each one's lead, and when it was known.

    Rows of a merged lead that moved have the survivor's index, and are known since the merge.
    """

    is_visible: Mask
    index: Ints
    known_us: Ints


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


class LeadTable(ValidatedTable):
    """The table of leads; ids are the distinct lead ids of all rows, usable (n_ids,) marks those with a valid row."""

    def __init__(self, raw: RawTable, options: ReadOptions) -> None:
        super().__init__(raw, options)
        self.ids = self.text("lead_id")
        self.id_forms = IdForms({text: code for code, text in enumerate(self.ids.values)})
        self.usable: Mask = np.zeros(len(self.ids.values), dtype=np.bool_)
        self.usable[self.ids.codes[self.rows.valid]] = True

    def add_absent(self, lead_ids: Sequence[str]) -> None:
        """Accepts rows of leads that have no row here, because the export lists them as merged only."""
        absent = [lead_id for lead_id in dict.fromkeys(lead_ids) if self.id_forms.code(lead_id) < 0]
        if absent:
            code_of = {text: code for code, text in enumerate([*self.ids.values, *absent])}
            self.id_forms = IdForms(code_of)
            self.usable = np.append(self.usable, np.ones(len(absent), dtype=np.bool_))

    def visible(self, as_of_us: int) -> VisibleLeads:
        """The leads at as_of_us; of visible rows with one id the first in the file counts."""
        visible = np.flatnonzero(self.rows.valid & (self.known_us() <= as_of_us))
        _, first = np.unique(self.ids.codes[visible], return_index=True)
        rows = visible[np.sort(first)]
        is_duplicate = np.zeros(len(self), dtype=np.bool_)
        is_duplicate[visible] = True
        is_duplicate[rows] = False
        self.rows.reject(DUPLICATE_LEAD, is_duplicate, "lead_id")
        whole = self.options.whole
        after_odd_us = whole.decide(AFTER_ODD, earliest_of(self.own.us[rows], whole.row_count))
        is_odd = np.zeros(len(self), dtype=np.bool_)
        is_odd[rows] = after_odd_us is not None and self.own.us[rows] < after_odd_us
        self.rows.flag(ODD_CREATION, is_odd, "lead_id", "created_at")
        return self._at(as_of_us, rows)

    def without(self, leads: VisibleLeads, left_out: Mask, rule: Rule) -> VisibleLeads:
        """The leads without those of left_out (n,), which are counted under the rule."""
        flagged = np.zeros(len(self), dtype=np.bool_)
        flagged[leads.rows[left_out]] = True
        self.rows.flag(rule, flagged, "lead_id")
        if not left_out.any():
            return leads
        return self._at(leads.as_of_us, leads.rows[~left_out])

    def _at(self, as_of_us: int, rows: Ints) -> VisibleLeads:
        index = np.full(len(self.usable) + 1, -1, dtype=np.int64)
        index[self.ids.codes[rows]] = np.arange(len(rows))
        return VisibleLeads(as_of_us, rows, self.own.us[rows], index)

    def attributes(self, rows: Ints) -> dict[str, Factor]:
        """Every attribute of the leads in `rows`, over the values that they have."""
        names = [name for name in self.raw.columns if name not in NOT_ATTRIBUTES]
        is_shown = np.zeros(len(self), dtype=np.bool_)
        is_shown[rows] = True
        for name in names:
            self.rows.flag(PLACEHOLDER_DATE, is_shown & matching(self.text(name), is_placeholder_text), name)
        return {name: self.text(name).take(rows).compact() for name in names}


class LeadRows(ValidatedTable):
    """A table whose rows belong to leads; lead (n,) is the index of each row's lead among the leads' ids, else -1."""

    def __init__(self, raw: RawTable, options: ReadOptions, leads: LeadTable) -> None:
        self._leads = leads
        super().__init__(split_lists(raw, leads.id_forms), options)
        self._flag_id_forms()

    def _flag_id_forms(self) -> None:
        """Counts the rows whose lead is written in another form than in the table of leads."""
        self.rows.flag(SEVERAL_IDS, self.raw.is_split, "lead_id")
        is_exact = matching(self.text("lead_id"), self.id_forms.is_exact)
        self.rows.flag(OTHER_ID_FORM, ~is_exact & (self.lead >= 0), "lead_id")

    def _prepare(self) -> None:
        ids, self.id_forms = self.text("lead_id"), self._leads.id_forms
        codes = np.array([*map(self.id_forms.code, ids.values), -1], dtype=np.int64)
        self.lead = codes[ids.codes]
        self.is_valid_lead = self._leads.usable

    def visible(self, leads: VisibleLeads, known_us: Ints) -> VisibleRows:
        """The valid rows that are visible by their lead and known_us (n,); those of merged leads move."""
        index = leads.index[self.lead]
        if leads.merges is None:
            self.rows.flag(MERGED_ROW, None)
        else:
            into = np.where(self.rows.valid & self._can_move(), leads.merges.into[self.lead], NO_LEAD)
            since_us = leads.merges.since_us[self.lead]
            moves = (into != NO_LEAD) & (np.maximum(known_us, since_us) <= leads.as_of_us)
            stays = moves & self._survivor_has_own(leads, self.rows.valid & (index >= 0), into)
            self.rows.flag(MERGED_ROW, stays, "lead_id", OWN_TIME[self.name])
            moves &= ~stays
            index = np.where(moves, into, index)
            known_us = np.where(moves, np.maximum(known_us, since_us), known_us)
        is_visible = self.rows.valid & (index >= 0) & (known_us <= leads.as_of_us)
        return VisibleRows(is_visible, index, known_us)

    def _can_move(self) -> Mask:
        """Rows (n,) that could be another lead's too."""
        return np.ones(len(self), dtype=np.bool_)

    def _survivor_has_own(self, leads: VisibleLeads, is_own: Mask, into: Ints) -> Mask:
        """Rows (n,) that do not move, because the lead `into` (n,) has rows of its own, is_own (n,), instead."""
        return np.zeros(len(self), dtype=np.bool_)

    def flag_early(self, leads: VisibleLeads, rows: VisibleRows) -> None:
        """Counts the visible rows that are older than their lead."""
        created_us = np.append(leads.created_us, 0)[rows.index]
        self.rows.flag(
            BEFORE_CREATION, rows.is_visible & (self.own.us < created_us), "lead_id", OWN_TIME[self.name]
        )
