"""The rules of the door: their names, what each says, and the sieve that sets rows aside and remembers which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from history.arrays import Ints, Mask
from history.folder.columns import Numbers, Times
from history.folder.raw_table import RawTable
from history.history import Factor, Rejected, TableReport
from history.schema import LONGEST_ID
from history.times import EARLIEST_US, EXPECTED
from history.values import LARGEST_NUMBER

SHOWN_OFFENDERS: Final = 5
LONGEST_SHOWN: Final = 80

REJECTED: Final[Mapping[str, str]] = {
    "ragged_row": "the row has more or fewer values than the header",
    "empty_id": "lead_id is empty or blank",
    "nul_in_id": "lead_id or interaction_id holds a NUL character",
    "long_id": f"lead_id is longer than {LONGEST_ID} characters",
    "duplicate_lead": "an earlier row has the same lead_id",
    "unknown_lead": "no lead has this lead_id",
    "lead_set_aside": "the lead of this row was set aside itself",
    "missing_time": "a needed time is empty",
    "bad_time": f"expected {EXPECTED}",
    "time_before_1990": "the time is before 1990",
    "time_in_future": "the time is more than a day after now",
    "empty_kind": "kind is empty",
    "bad_value": "value is not a number from -1e30 to 1e30",
    "duplicate_interaction": "the lead has this interaction_id already, known earlier",
    "empty_stage": "stage is empty",
    "bad_outcome": "expected won, lost or open",
    "closed_before_created": "closed before the lead was created (a date means 00:00 of that day)",
    "bad_amount": "amount is not a number from 0 to 1e30",
    "empty_attribute": "attribute is empty",
    "fixed_attribute": "lead_id and created_at never change",
    "missing_amount": "amount is empty",
    "period_ends_before_start": "period_end is not after period_start",
}
FLAGGED: Final[Mapping[str, str]] = {
    "before_creation": "the row is older than its lead; it is kept",
    "unknown_direction": "expected inbound or outbound; the row is kept without direction",
    "open_without_time": "an open outcome without a time decides nothing",
    "ignored_attribute": "the attribute is in attributes.ignore; the change is not read",
    "near_column": "a column has the name of a known one but for case or spaces; it is not read as that one",
}


@dataclass(frozen=True)
class RejectedRow:
    """One row that was set aside: its table, row number (as files.py counts), rule and text as a line of CSV."""

    table: str
    row: int
    rule: str
    text: str


class Sieve:
    """Sets rows of one table aside, each for the first rule it breaks; `alive` (n,) marks the rows that are left."""

    def __init__(self, table: RawTable, rejected: list[RejectedRow] | None) -> None:
        self.table = table
        self.alive: Mask = np.ones(len(table), dtype=np.bool_)
        self._rejected = rejected
        self._out: dict[str, list[Rejected]] = {"rejected": [], "flagged": []}
        self._reject_ragged()
        self._flag_near()

    def reject(self, rule: str, broken: Mask, *columns: str) -> None:
        """Set the living rows of `broken` (n,) aside under `rule`; `columns` are shown with the first offenders."""
        rows = np.flatnonzero(broken & self.alive)
        if not len(rows):
            return
        self.alive[rows] = False
        self._remember("rejected", rule, rows, columns)
        if self._rejected is not None:
            self._rejected += [
                RejectedRow(self.table.name, int(self.table.row_numbers[i]), rule, self.table.row_text(i))
                for i in rows.tolist()
            ]

    def flag(self, rule: str, noted: Mask, *columns: str) -> None:
        """Count the living rows of `noted` (n,) under `rule` and keep them."""
        rows = np.flatnonzero(noted & self.alive)
        if len(rows):
            self._remember("flagged", rule, rows, columns)

    def check_times(self, column: str, times: Times, latest_us: int | None, needed: bool) -> None:
        """Reject what is no time, before 1990 or after latest_us, and where it is needed a missing one."""
        if needed:
            self.reject("missing_time", ~times.given, column)
        self.reject("bad_time", times.given & ~times.good, column)
        self.reject("time_before_1990", times.known & (times.us < EARLIEST_US), column)
        if latest_us is not None:
            self.reject("time_in_future", times.known & (times.us > latest_us), column)

    def check_numbers(self, rule: str, column: str, numbers: Numbers, lowest: float) -> None:
        """Reject what is given and no number from `lowest` to LARGEST_NUMBER."""
        with np.errstate(invalid="ignore"):
            within = (numbers.value >= lowest) & (numbers.value <= LARGEST_NUMBER)
        self.reject(rule, numbers.given & ~(numbers.good & within), column)

    def check_ids(self, ids: Factor) -> None:
        self.reject("empty_id", (ids.codes < 0) | matching(ids, lambda text: not text.strip()), "lead_id")
        self.check_nul(ids, "lead_id")
        self.reject("long_id", matching(ids, lambda text: len(text) > LONGEST_ID), "lead_id")

    def check_nul(self, ids: Factor, *columns: str) -> None:
        self.reject("nul_in_id", matching(ids, lambda text: "\0" in text), *columns)

    def report(self) -> TableReport:
        rows = len(self.table) + len(self.table.ragged)
        return TableReport(rows, tuple(self._out["rejected"]), tuple(self._out["flagged"]))

    def shown(self, index: int, columns: tuple[str, ...]) -> str:
        """A row's number and its cells in `columns`."""
        cells = [
            (column, self.table.cell(column, index)) for column in columns if column in self.table.columns
        ]
        return f"row {self.table.row_numbers[index]}: " + ", ".join(
            f"{name} {_short(value)}" for name, value in cells
        )

    def _remember(self, fate: str, rule: str, rows: Ints, columns: tuple[str, ...]) -> None:
        first = tuple(self.shown(int(row), columns) for row in rows[:SHOWN_OFFENDERS])
        self._out[fate].append(Rejected(rule, len(rows), first))

    def _flag_near(self) -> None:
        first = tuple(
            f"column {column!r} is not read as {name}: rename it, or say so in [columns.{self.table.name}] "
            f'of funnel.toml: {name} = "{column}"'
            for column, name in self.table.near.items()
        )
        if first and len(self.table):
            self._out["flagged"].append(Rejected("near_column", len(self.table), first))

    def _reject_ragged(self) -> None:
        ragged = self.table.ragged
        if not ragged:
            return
        first = tuple(
            f"row {r.row}: {r.got} values, the header has {r.expected}" for r in ragged[:SHOWN_OFFENDERS]
        )
        self._out["rejected"].append(Rejected("ragged_row", len(ragged), first))
        if self._rejected is not None:
            self._rejected += [RejectedRow(self.table.name, r.row, "ragged_row", r.text) for r in ragged]


def matching(factor: Factor, test: Callable[[str], bool]) -> Mask:
    """Rows whose text passes `test`, which is asked once for each distinct text."""
    passes = np.array([*map(test, factor.values), False], dtype=np.bool_)
    return np.asarray(passes[factor.codes])


def _short(value: object) -> str:
    text = (
        "is empty" if value is None or value == "" else repr(value) if isinstance(value, str) else str(value)
    )
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
