"""The logs of a history from validated tables: the rows that are visible at as_of, grouped by lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from history.arrays import Flags, Ints, Mask
from history.folder.columns import Times
from history.folder.rules import (
    BAD_AMOUNT,
    CLOSED_BEFORE_CREATED,
    CLOSING_AHEAD,
    DUPLICATE_INTERACTION,
    IGNORED_ATTRIBUTE,
    OPEN_WITHOUT_TIME,
    UNKNOWN_DIRECTION,
    is_bad_number,
    matching,
)
from history.folder.validate import LeadRows, ValidatedTable, VisibleLeads
from history.history import (
    DIRECTIONS,
    LOST,
    NO_DIRECTION,
    OPEN,
    STATES,
    WON,
    Changes,
    Costs,
    Factor,
    Interactions,
    Outcomes,
    Stages,
    offsets_of,
)
from history.outcome_words import folded, states_of_words
from history.settled import Pending
from history.spelling import one_spelling
from history.times import EARLIEST_US, LATEST_US, day_ends, next_month


def grouped(visible: Mask, index: Ints, *by: Ints) -> Ints:
    """The visible rows by lead (index (n,)), then by the keys of `by`, then in file order."""
    rows = np.flatnonzero(visible)
    keys = [index[rows], *(key[rows] for key in by)]
    return np.asarray(rows[np.lexsort(keys[::-1])], dtype=np.int64)


class InteractionRows(LeadRows):
    """The table of interactions."""

    def build(self, leads: VisibleLeads) -> Interactions:
        """The log of the visible leads, one row of each interaction_id."""
        known = self.known_us()
        visible, index = self.visible(leads, known)
        visible = self._without_duplicates(visible, index, known)
        self.flag_early(leads, visible, index)
        direction = self.text("direction")
        is_unknown = matching(direction, lambda text: text not in DIRECTIONS)
        self.rows.flag(UNKNOWN_DIRECTION, visible & is_unknown, "direction")

        rows = grouped(visible, index, self.own.us)
        ids = self.text("interaction_id").take(rows)
        return Interactions(
            offsets=offsets_of(index[rows], len(leads.created_us)),
            time_us=self.own.us[rows],
            known_us=known[rows],
            kind=one_spelling(self.text("kind").take(rows).compact()),
            channel=one_spelling(self.text("channel").take(rows).compact()),
            direction=_coded(direction, DIRECTIONS, NO_DIRECTION)[rows],
            value=self.number("value").value[rows],
            ids=_decoded(ids) if (ids.codes >= 0).any() else None,
        )

    def _without_duplicates(self, visible: Mask, index: Ints, known: Ints) -> Mask:
        """Of visible rows with one interaction_id within a lead only the one known first, ties in file order."""
        ids = self.text("interaction_id")
        rows = np.flatnonzero(visible & (ids.codes >= 0))
        key = index[rows] * len(ids.values) + ids.codes[rows]
        order = np.argsort(key, kind="stable")
        if not (np.diff(key[order]) == 0).any():
            return visible
        order = np.lexsort((known[rows], key))
        is_duplicate = np.zeros(len(self), dtype=np.bool_)
        is_duplicate[rows[order[1:]][np.diff(key[order]) == 0]] = True
        self.rows.reject(DUPLICATE_INTERACTION, is_duplicate, "lead_id", "interaction_id")
        return visible & ~is_duplicate


class StageRows(LeadRows):
    """The table of stage entries."""

    def build(self, leads: VisibleLeads) -> Stages:
        """The log of the visible leads."""
        known = self.known_us()
        visible, index = self.visible(leads, known)
        self.flag_early(leads, visible, index)
        rows = grouped(visible, index, self.own.us)
        return Stages(
            offsets_of(index[rows], len(leads.created_us)),
            self.own.us[rows],
            known[rows],
            one_spelling(self.text("stage").take(rows).compact(), self.options.config.stages),
        )


class OutcomeRows(LeadRows):
    """The table of outcomes; a date in closed_at is the end of its day."""

    def _read_text(self, column: str) -> Factor:
        """The texts of a column; words for won, lost and open as these."""
        text = super()._read_text(column)
        if column != "outcome":
            return text
        states = states_of_words(self.options.config.outcome_words)
        return _renamed(text, [states.get(folded(word), word) for word in text.values])

    def _read_time(self, column: str) -> Times:
        """The times of a column; a date in closed_at ends at now or recorded_at, if these lie on that day."""
        times = super()._read_time(column)
        if column != "closed_at":
            return times
        rows = np.flatnonzero(times.is_date & times.known & (times.us >= EARLIEST_US))
        start_us = times.us[rows]
        end_us = day_ends(start_us, self.options.config.zone)
        self._day_end_us = times.us.copy()
        self._day_end_us[rows] = end_us
        now_us = LATEST_US if self.options.now_us is None else self.options.now_us
        recorded_us = np.where(self.recorded.known, self.recorded.us, LATEST_US)[rows]
        for bound_us in (np.full(len(rows), now_us), recorded_us):
            end_us = np.where(bound_us >= start_us, np.minimum(end_us, bound_us), end_us)
        closed_us = times.us.copy()
        closed_us[rows] = end_us
        return replace(times, us=closed_us)

    def undecided(self, leads: VisibleLeads, end_us: int) -> Mask:
        """Leads (n,) whose only outcomes that could be visible at T are set aside.

        From end_us, the end of the data, on an outcome counts whatever its time. An empty one without closed_at tells
        of no decision.
        """
        index = leads.index[self.lead]
        closed, recorded = self.own, self.recorded
        known_us = np.maximum(np.where(closed.known, closed.us, 0), np.where(recorded.known, recorded.us, 0))
        tells_nothing = (self.text("outcome").codes < 0) & ~closed.given
        is_visible = known_us <= leads.as_of_us
        may_be_visible = (index >= 0) & (is_visible | (leads.as_of_us >= end_us))
        undecided = np.zeros(len(leads.created_us) + 1, dtype=np.bool_)
        undecided[index[may_be_visible & ~self.rows.valid & ~tells_nothing]] = True
        undecided[index[may_be_visible & self.rows.valid]] = False
        return undecided[:-1]

    def build(self, leads: VisibleLeads) -> Outcomes:
        """The decisions; without closed_at one counts from recorded_at, without both from a horizon after creation."""
        rows = self._dated(leads)
        is_idle = rows.is_undated & (rows.state == OPEN)
        visible, _ = self.visible(leads, rows.known_us)
        before_created = visible & rows.is_before_created
        self.rows.flag(CLOSED_BEFORE_CREATED, before_created, "lead_id", "closed_at", "recorded_at")
        self.rows.flag(OPEN_WITHOUT_TIME, is_idle, "lead_id")
        is_bad = is_bad_number(self, "amount")
        self.rows.flag(BAD_AMOUNT, visible & is_bad & (rows.state == WON), "lead_id", "amount")
        log_rows = grouped(visible & self.rows.valid & ~is_idle, rows.index, rows.time_us, rows.known_us)
        return self._log(leads, rows, log_rows)

    def pending(self, leads: VisibleLeads, end_us: int) -> Pending | None:
        """Wins and losses that decide a lead from end_us, the end of the data, on; None at an earlier T.

        One dated after T decides before one without a time.
        """
        if leads.as_of_us < end_us:
            return None
        rows = self._dated(leads)
        is_decision = self.rows.valid & (rows.index >= 0) & ((rows.state == WON) | (rows.state == LOST))
        is_ahead = is_decision & ~rows.is_undated & (rows.known_us > leads.as_of_us)
        self.rows.flag(CLOSING_AHEAD, is_ahead, "lead_id", "closed_at", "recorded_at")
        chosen = is_ahead | (is_decision & rows.is_undated)
        time_us = np.where(is_ahead, rows.time_us, 0)
        return Pending(self._log(leads, rows, grouped(chosen, rows.index, time_us)), end_us, end_us)

    def _dated(self, leads: VisibleLeads) -> "_DatedOutcomes":
        """The rows (n,) with their leads, times and states."""
        closed, recorded = self.own, self.recorded
        index = leads.index[self.lead]
        created = np.append(leads.created_us, 0)[index]
        time_us = np.where(recorded.known, recorded.us, created + self.options.config.horizon_us)
        time_us = np.where(closed.known, closed.us, time_us)
        known = np.where(recorded.known, np.maximum(time_us, recorded.us), time_us)

        # A recorded_at of the creation's day may lie before the creation, the end of that day never does.
        latest_us = np.where(closed.known, self._day_end_us, time_us)
        return _DatedOutcomes(
            index=index,
            time_us=np.maximum(time_us, created),
            known_us=np.maximum(known, created),
            state=_coded(self.text("outcome"), STATES, -1),
            is_undated=~closed.known & ~recorded.known,
            is_before_created=latest_us < created,
        )

    def _log(self, leads: VisibleLeads, dated: "_DatedOutcomes", rows: Ints) -> Outcomes:
        """The log of these rows (m,), which are grouped by lead."""
        amount = np.where(is_bad_number(self, "amount"), np.nan, self.number("amount").value)
        return Outcomes(
            offsets=offsets_of(dated.index[rows], len(leads.created_us)),
            time_us=dated.time_us[rows],
            known_us=dated.known_us[rows],
            state=dated.state[rows],
            amount=amount[rows],
            reason=one_spelling(self.text("reason").take(rows).compact()),
            implied=(dated.is_undated | dated.is_before_created)[rows],
        )


@dataclass(frozen=True)
class _DatedOutcomes:
    """The rows (n,) of the table of outcomes: lead among the visible ones or -1, times, and state or -1."""

    index: Ints
    time_us: Ints
    known_us: Ints
    state: Flags
    is_undated: Mask
    is_before_created: Mask


class ChangeRows(LeadRows):
    """The table of attribute changes."""

    def _read_text(self, column: str) -> Factor:
        """Attributes by their canonical names, if funnel.toml maps the columns of leads."""
        text = super()._read_text(column)
        return (
            _canonical(text, self.options.config.columns.get("leads", {})) if column == "attribute" else text
        )

    def build(self, leads: VisibleLeads) -> Changes:
        """The log of the visible leads, without ignored attributes."""
        known = self.known_us()
        visible, index = self.visible(leads, known)
        ignored = matching(self.text("attribute"), set(self.options.config.ignore).__contains__)
        self.rows.flag(IGNORED_ATTRIBUTE, ignored, "attribute")
        visible &= ~ignored
        self.flag_early(leads, visible, index)
        rows = grouped(visible, index, self.own.us)
        return Changes(
            offsets_of(index[rows], len(leads.created_us)),
            self.own.us[rows],
            known[rows],
            self.text("attribute").take(rows).compact(),
            self.text("value").take(rows).compact(),
        )


class CostRows(ValidatedTable):
    """The table of costs, whose rows belong to no lead."""

    def build(self, as_of_us: int) -> Costs:
        """The periods that began by as_of_us, in file order."""
        rows = np.flatnonzero(self.rows.valid & (self.own.us <= as_of_us))
        start, period_end = self.own.us[rows], self.time("period_end")
        following_month = next_month(start, self.options.config.zone)
        end = np.where(period_end.known[rows], period_end.us[rows], following_month)
        channel, source = (
            one_spelling(self.text(column).take(rows).compact()) for column in ("channel", "source")
        )
        return Costs(start, end, self.number("amount").value[rows], channel, source)


def _coded(factor: Factor, code_of: Mapping[str, int], otherwise: int) -> Flags:
    """The code of each row's text; `otherwise` for a missing or unknown one."""
    codes = [*(code_of.get(text, otherwise) for text in factor.values), otherwise]
    return np.asarray(np.array(codes, dtype=np.int8)[factor.codes])


def _decoded(factor: Factor) -> list[str | None]:
    lookup = np.array([*factor.values, None], dtype=object)
    return list(lookup[factor.codes])


def _canonical(attribute: Factor, mapping: Mapping[str, str]) -> Factor:
    """Canonical attribute names for those of the export's own columns; mapping: canonical name -> column."""
    canonical = {column: name for name, column in mapping.items()}
    return _renamed(attribute, [canonical.get(text, text) for text in attribute.values])


def _renamed(factor: Factor, names: Sequence[str]) -> Factor:
    """The factor with another text for each of its values, of which several may become one."""
    if names == factor.values:
        return factor
    distinct = {name: code for code, name in enumerate(dict.fromkeys(names))}
    recode = np.array([*(distinct[name] for name in names), -1], dtype=np.int32)
    return Factor(recode[factor.codes], list(distinct))
