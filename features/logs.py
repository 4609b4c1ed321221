"""The tables that hang on leads, each judged and then built as it is visible at T."""

from collections.abc import Mapping

import numpy as np

from features.event_log import (
    DIRECTIONS,
    NO_DIRECTION,
    OPEN,
    STATES,
    Changes,
    Costs,
    Factor,
    Flags,
    Interactions,
    Ints,
    Mask,
    Outcomes,
    Stages,
    offsets_of,
)
from features.judged import Judged, Leads, OfLeads, Reading, Visible, grouped
from features.layout import FIXED_ATTRIBUTES
from features.rules import matching
from features.tables import RawTable
from features.times import next_month
from features.values import LARGEST_NUMBER


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
