"""One table under its rules: what judges a row by itself, and which leads there are at T."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.columns import Numbers, Times, no_numbers, no_times, numbers, texts, times, without_nul
from features.config import FunnelConfig
from features.event_log import Factor, Ints, Mask, empty_factor
from features.layout import NOT_ATTRIBUTES
from features.rules import RejectedRow, Sieve
from features.tables import RawTable

OWN_TIME: Final[Mapping[str, str]] = {
    "leads": "created_at",
    "interactions": "occurred_at",
    "stages": "entered_at",
    "outcomes": "closed_at",
    "attribute_changes": "changed_at",
    "costs": "period_start",
}
IDS: Final = frozenset({"lead_id", "interaction_id"})


@dataclass(frozen=True)
class Reading:
    """What one reading of a folder goes by: configuration, latest instant accepted, where full rejected rows go."""

    config: FunnelConfig
    latest_us: int | None = None
    rejected: list[RejectedRow] | None = None


@dataclass(frozen=True)
class Visible:
    """The leads visible at as_of_us: created_us (n,) in file order, and each known id's place among them or -1."""

    as_of_us: int
    created_us: Ints
    place: Ints


class Judged:
    """One table and its sieve, with its own time and recorded_at; an absent column is all missing."""

    def __init__(self, raw: RawTable, reading: Reading) -> None:
        self.raw, self.reading = raw, reading
        self.sieve = Sieve(raw, reading.rejected)
        self.own = self.time(OWN_TIME[raw.name])
        self.recorded = self.time("recorded_at")

    def __len__(self) -> int:
        return len(self.raw)

    def text(self, column: str) -> Factor:
        """A column's texts; a NUL in an id stays, so that its row is set aside."""
        array = self.raw.columns.get(column)
        if array is None:
            return empty_factor(len(self))
        return texts(array) if column in IDS else without_nul(texts(array))

    def time(self, column: str) -> Times:
        array = self.raw.columns.get(column)
        return no_times(len(self)) if array is None else times(array, self.reading.config.zone)

    def number(self, column: str) -> Numbers:
        array = self.raw.columns.get(column)
        return no_numbers(len(self)) if array is None else numbers(array)

    def check_times(self, needed: bool = True) -> None:
        """Judge the row's own time and recorded_at; an own time that is not needed may lie in the future too."""
        latest_us = self.reading.latest_us
        self.sieve.check_times(OWN_TIME[self.raw.name], self.own, latest_us if needed else None, needed)
        self.sieve.check_times("recorded_at", self.recorded, latest_us, needed=False)

    def known_us(self) -> Ints:
        """The later of own time and recorded_at."""
        return np.where(self.recorded.known, np.maximum(self.own.us, self.recorded.us), self.own.us)

    def latest_time(self, now_us: int | None) -> int | None:
        """The latest own time or recorded_at of the rows that are left, not after now_us."""
        latest: list[int] = []
        for column in (self.own, self.recorded):
            counted = column.us[column.known & self.sieve.alive]
            counted = counted if now_us is None else counted[counted <= now_us]
            latest += [int(counted.max())] if len(counted) else []
        return max(latest, default=None)


class Leads(Judged):
    """The table of leads; ids are the distinct lead ids of all rows, usable (n_ids,) marks those with a good row."""

    def __init__(self, raw: RawTable, reading: Reading) -> None:
        super().__init__(raw, reading)
        self.ids = self.text("lead_id")
        self.sieve.check_ids(self.ids)
        self.check_times()
        self.code_of = {text: code for code, text in enumerate(self.ids.values)}
        self.usable: Mask = np.zeros(len(self.ids.values), dtype=np.bool_)
        self.usable[self.ids.codes[self.sieve.alive]] = True

    def visible(self, as_of_us: int) -> tuple[Visible, Ints]:
        """The leads at as_of_us and their rows; of visible rows with one id the first in the file counts."""
        seen = np.flatnonzero(self.sieve.alive & (self.known_us() <= as_of_us))
        _, first = np.unique(self.ids.codes[seen], return_index=True)
        rows = seen[np.sort(first)]
        later = np.zeros(len(self), dtype=np.bool_)
        later[seen] = True
        later[rows] = False
        self.sieve.reject("duplicate_lead", later, "lead_id")
        place = np.full(len(self.ids.values) + 1, -1, dtype=np.int64)
        place[self.ids.codes[rows]] = np.arange(len(rows))
        return Visible(as_of_us, self.own.us[rows], place), rows

    def attributes(self, rows: Ints) -> dict[str, Factor]:
        """Every attribute of the leads in `rows`, over the values that they have."""
        names = [name for name in self.raw.columns if name not in NOT_ATTRIBUTES]
        return {name: self.text(name).take(rows).compact() for name in names}


class OfLeads(Judged):
    """A table whose rows belong to leads; lead (n,) is each row's position among the leads' ids, -1 for none."""

    def __init__(self, raw: RawTable, reading: Reading, leads: Leads) -> None:
        super().__init__(raw, reading)
        ids = self.text("lead_id")
        code_of = np.array([*(leads.code_of.get(text, -1) for text in ids.values), -1], dtype=np.int64)
        self.lead: Ints = code_of[ids.codes]
        self.sieve.check_ids(ids)
        self.sieve.reject("unknown_lead", self.lead < 0, "lead_id")
        self.sieve.reject("lead_set_aside", ~np.append(leads.usable, False)[self.lead], "lead_id")

    def shown(self, visible: Visible, known_us: Ints) -> tuple[Mask, Ints]:
        """Which living rows are visible by their lead and known_us (n,), and each row's place among those leads."""
        place = visible.place[self.lead]
        return self.sieve.alive & (place >= 0) & (known_us <= visible.as_of_us), place

    def flag_early(self, visible: Visible, shown: Mask, place: Ints) -> None:
        """Count the visible rows that are older than their lead."""
        created = np.append(visible.created_us, 0)[place]
        self.sieve.flag(
            "before_creation", shown & (self.own.us < created), "lead_id", OWN_TIME[self.raw.name]
        )


def grouped(shown: Mask, place: Ints, *by: Ints) -> Ints:
    """The shown rows by lead, then by the keys of `by`, then in file order; `place` (n,) is each row's lead."""
    rows = np.flatnonzero(shown)
    keys = [place[rows], *(key[rows] for key in by)]
    return np.asarray(rows[np.lexsort(keys[::-1])], dtype=np.int64)
