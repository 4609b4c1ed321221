"""One table under its rules: what judges a row by itself, and which leads there are at T."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from history.arrays import Flags, Ints, Mask
from history.config import FunnelConfig
from history.folder.columns import Numbers, Times, no_numbers, no_times, numbers, texts, times, without_nul
from history.folder.raw_table import RawTable
from history.folder.rules import RejectedRow, Sieve, matching
from history.history import (
    DIRECTIONS,
    NO_DIRECTION,
    OPEN,
    STATES,
    Changes,
    Costs,
    Factor,
    Interactions,
    Outcomes,
    Stages,
    empty_factor,
    offsets_of,
)
from history.schema import FIXED_ATTRIBUTES, NOT_ATTRIBUTES, TABLES
from history.times import next_month
from history.values import LARGEST_NUMBER

OWN_TIME: Final[Mapping[str, str]] = {name: layout.own_time for name, layout in TABLES.items()}
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


class InteractionRows(OfLeads):
    def __init__(self, raw: RawTable, reading: Reading, leads: Leads) -> None:
        super().__init__(raw, reading, leads)
        self.check_times()
        self.kind, self.ids = self.text("kind"), self.text("interaction_id")
        self.sieve.reject("empty_kind", self.kind.codes < 0, "lead_id", "occurred_at")
        self.sieve.check_nul(self.ids, "lead_id", "interaction_id")
        self.value = self.number("value")
        self.sieve.check_numbers("bad_value", "value", self.value, -LARGEST_NUMBER)

    def build(self, visible: Visible) -> Interactions:
        known = self.known_us()
        shown, place = self.shown(visible, known)
        shown = self._once(shown, place, known)
        self.flag_early(visible, shown, place)
        direction = self.text("direction")
        self.sieve.flag(
            "unknown_direction", shown & matching(direction, lambda text: text not in DIRECTIONS), "direction"
        )
        rows = grouped(shown, place, self.own.us)
        ids = self.ids.take(rows)
        return Interactions(
            offsets=offsets_of(place[rows], len(visible.created_us)),
            time_us=self.own.us[rows],
            known_us=known[rows],
            kind=self.kind.take(rows).compact(),
            channel=self.text("channel").take(rows).compact(),
            direction=_coded(direction, DIRECTIONS, NO_DIRECTION)[rows],
            value=self.value.value[rows],
            ids=_decoded(ids) if (ids.codes >= 0).any() else None,
        )

    def _once(self, shown: Mask, place: Ints, known: Ints) -> Mask:
        """Of shown rows with one interaction_id within a lead only the one known first, ties in file order."""
        rows = np.flatnonzero(shown & (self.ids.codes >= 0))
        key = place[rows] * len(self.ids.values) + self.ids.codes[rows]
        order = np.argsort(key, kind="stable")
        if not (np.diff(key[order]) == 0).any():
            return shown
        order = np.lexsort((known[rows], key))
        later = np.zeros(len(self), dtype=np.bool_)
        later[rows[order[1:]][np.diff(key[order]) == 0]] = True
        self.sieve.reject("duplicate_interaction", later, "lead_id", "interaction_id")
        return shown & ~later


class StageRows(OfLeads):
    def __init__(self, raw: RawTable, reading: Reading, leads: Leads) -> None:
        super().__init__(raw, reading, leads)
        self.check_times()
        self.stage = self.text("stage")
        self.sieve.reject("empty_stage", self.stage.codes < 0, "lead_id", "entered_at")

    def build(self, visible: Visible) -> Stages:
        known = self.known_us()
        shown, place = self.shown(visible, known)
        self.flag_early(visible, shown, place)
        rows = grouped(shown, place, self.own.us)
        return Stages(
            offsets_of(place[rows], len(visible.created_us)),
            self.own.us[rows],
            known[rows],
            self.stage.take(rows).compact(),
        )


class OutcomeRows(OfLeads):
    def __init__(self, raw: RawTable, reading: Reading, leads: Leads) -> None:
        super().__init__(raw, reading, leads)
        outcome = self.text("outcome")
        self.state = _coded(outcome, STATES, -1)
        self.sieve.reject("bad_outcome", self.state < 0, "lead_id", "outcome")
        self.check_times(needed=False)
        self.amount = self.number("amount")
        self.sieve.check_numbers("bad_amount", "amount", self.amount, 0.0)

    def build(self, visible: Visible) -> Outcomes:
        implied = ~self.own.known & ~self.recorded.known
        undecided = implied & (self.state == OPEN)
        place = visible.place[self.lead]
        created = np.append(visible.created_us, 0)[place]
        time_us = np.where(self.recorded.known, self.recorded.us, created + self.reading.config.horizon_us)
        time_us = np.where(self.own.known, self.own.us, time_us)
        known = np.where(self.recorded.known, np.maximum(time_us, self.recorded.us), time_us)
        shown, _ = self.shown(visible, known)
        self.sieve.reject(
            "closed_before_created", shown & (time_us < created), "lead_id", "closed_at", "recorded_at"
        )
        self.sieve.flag("open_without_time", undecided, "lead_id")
        rows = grouped(shown & self.sieve.alive & ~undecided, place, time_us, known)
        return Outcomes(
            offsets=offsets_of(place[rows], len(visible.created_us)),
            time_us=time_us[rows],
            known_us=known[rows],
            state=self.state[rows],
            amount=self.amount.value[rows],
            reason=self.text("reason").take(rows).compact(),
            implied=implied[rows],
        )


class ChangeRows(OfLeads):
    def __init__(self, raw: RawTable, reading: Reading, leads: Leads) -> None:
        super().__init__(raw, reading, leads)
        self.check_times()
        self.attribute = _canonical(self.text("attribute"), reading.config.columns.get("leads", {}))
        self.sieve.reject("empty_attribute", self.attribute.codes < 0, "lead_id", "changed_at")
        self.sieve.reject(
            "fixed_attribute", matching(self.attribute, FIXED_ATTRIBUTES.__contains__), "attribute"
        )

    def build(self, visible: Visible) -> Changes:
        known = self.known_us()
        shown, place = self.shown(visible, known)
        ignored = matching(self.attribute, set(self.reading.config.ignore).__contains__)
        self.sieve.flag("ignored_attribute", ignored, "attribute")
        shown &= ~ignored
        self.flag_early(visible, shown, place)
        rows = grouped(shown, place, self.own.us)
        return Changes(
            offsets_of(place[rows], len(visible.created_us)),
            self.own.us[rows],
            known[rows],
            self.attribute.take(rows).compact(),
            self.text("value").take(rows).compact(),
        )


class CostRows(Judged):
    def __init__(self, raw: RawTable, reading: Reading) -> None:
        super().__init__(raw, reading)
        self.check_times()
        self.end, self.amount = self.time("period_end"), self.number("amount")
        self.sieve.check_times("period_end", self.end, None, needed=False)
        self.sieve.reject("missing_amount", ~self.amount.given, "amount", "period_start")
        self.sieve.check_numbers("bad_amount", "amount", self.amount, 0.0)
        backward = self.end.known & (self.end.us <= self.own.us)
        self.sieve.reject("period_ends_before_start", backward, "period_start", "period_end")

    def build(self, as_of_us: int) -> Costs:
        """The periods that began by as_of_us, in file order."""
        rows = np.flatnonzero(self.sieve.alive & (self.own.us <= as_of_us))
        start = self.own.us[rows]
        end = np.where(self.end.known[rows], self.end.us[rows], next_month(start, self.reading.config.zone))
        channel, source = self.text("channel").take(rows).compact(), self.text("source").take(rows).compact()
        return Costs(start, end, self.amount.value[rows], channel, source)


def _coded(factor: Factor, code_of: Mapping[str, int], otherwise: int) -> Flags:
    codes = [*(code_of.get(text, otherwise) for text in factor.values), otherwise]
    return np.asarray(np.array(codes, dtype=np.int8)[factor.codes])


def _decoded(factor: Factor) -> list[str | None]:
    lookup = np.array([*factor.values, None], dtype=object)
    return list(lookup[factor.codes])


def _canonical(attribute: Factor, mapping: Mapping[str, str]) -> Factor:
    """Attribute names as the rest of the product knows them, where the export's own column names were given."""
    if not mapping:
        return attribute
    canonical = {column: name for name, column in mapping.items()}
    names = [canonical.get(text, text) for text in attribute.values]
    distinct = {name: code for code, name in enumerate(dict.fromkeys(names))}
    recode = np.array([*(distinct[name] for name in names), -1], dtype=np.int32)
    return Factor(recode[attribute.codes], list(distinct))
