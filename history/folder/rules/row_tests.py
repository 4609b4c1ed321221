"""The tests of rules: which rows (n,) of a table break a rule by one of their columns."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from history.base.arrays import Mask
from history.config.schema import FIXED_ATTRIBUTES, LONGEST_ID, ROW_ID, TABLES
from history.folder.values.factors import matching
from history.folder.values.id_forms import is_rounded
from history.history import STATES
from history.text.times import EARLIEST_US
from history.text.values import LARGEST_NUMBER

if TYPE_CHECKING:
    from history.folder.validate import ValidatedTable

    Test = Callable[[ValidatedTable, str], Mask]


def is_empty(table: "ValidatedTable", column: str) -> Mask:
    return np.asarray(table.text(column).codes < 0)


def is_blank(table: "ValidatedTable", column: str) -> Mask:
    return is_empty(table, column) | matching(table.text(column), lambda text: not text.strip())


def has_nul(table: "ValidatedTable", column: str) -> Mask:
    if column == ROW_ID:
        return table.row_ids.has_nul()
    return matching(table.text(column), lambda text: "\0" in text)


def is_long(table: "ValidatedTable", column: str) -> Mask:
    return matching(table.text(column), lambda text: len(text) > LONGEST_ID)


def has_no_lead(table: "ValidatedTable", column: str) -> Mask:
    return np.asarray(table.lead < 0)


def has_rounded_id(table: "ValidatedTable", column: str) -> Mask:
    return matching(table.text(column), is_rounded)


def has_no_lead_and(table: "ValidatedTable", column: str, test: Callable[[str], bool]) -> Mask:
    """Rows without a lead whose text passes `test`, which is called for the texts of such rows only."""
    has_no_lead = table.lead < 0
    if not has_no_lead.any():
        return has_no_lead
    ids = table.text(column)
    passes = np.zeros(len(ids.values) + 1, dtype=np.bool_)
    for code in np.unique(ids.codes[has_no_lead & (ids.codes >= 0)]).tolist():
        passes[code] = test(ids.values[code])
    return np.asarray(has_no_lead & passes[ids.codes])


def differs_by_case(table: "ValidatedTable", column: str) -> Mask:
    return has_no_lead_and(table, column, table.id_forms.differs_by_case)


def differs_by_zeros(table: "ValidatedTable", column: str) -> Mask:
    return has_no_lead_and(table, column, table.id_forms.differs_by_zeros)


def lists_ids(table: "ValidatedTable", column: str) -> Mask:
    return has_no_lead_and(table, column, lambda text: table.id_forms.parts(text) is not None)


def has_invalid_lead(table: "ValidatedTable", column: str) -> Mask:
    return ~np.append(table.is_valid_lead, False)[table.lead]


def has_no_time(table: "ValidatedTable", column: str) -> Mask:
    return ~table.time(column).given


def is_not_a_time(table: "ValidatedTable", column: str) -> Mask:
    times = table.time(column)
    return times.given & ~times.good


def is_unclear(table: "ValidatedTable", column: str) -> Mask:
    times = table.time(column)
    if times.is_local is None or times.order is not None:
        return np.zeros(len(table), dtype=np.bool_)
    return times.is_local & ~times.good


def is_before_1990(table: "ValidatedTable", column: str) -> Mask:
    times = table.time(column)
    return times.known & (times.us < EARLIEST_US)


def lies_in_the_future(table: "ValidatedTable", column: str) -> Mask:
    times, latest_us = table.time(column), table.options.latest_us
    if latest_us is None:
        return np.zeros(len(table), dtype=np.bool_)
    return times.known & (times.us > latest_us)


def has_no_number(table: "ValidatedTable", column: str) -> Mask:
    return ~table.number(column).given


def is_bad_number(table: "ValidatedTable", column: str) -> Mask:
    numbers, lowest = table.number(column), TABLES[table.name].fields[column].lowest
    with np.errstate(invalid="ignore"):
        within = (numbers.value >= lowest) & (numbers.value <= LARGEST_NUMBER)
    return numbers.given & ~(numbers.good & within)


def is_not_a_state(table: "ValidatedTable", column: str) -> Mask:
    return ~matching(table.text(column), STATES.__contains__)


def is_fixed(table: "ValidatedTable", column: str) -> Mask:
    return matching(table.text(column), FIXED_ATTRIBUTES.__contains__)


def ends_before_start(table: "ValidatedTable", column: str) -> Mask:
    end = table.time(column)
    return end.known & (end.us <= table.own.us)
