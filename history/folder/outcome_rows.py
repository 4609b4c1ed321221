"""The table of outcomes: decisions visible at as_of, leads that are gone or undecided, and merges."""

from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Flags, Ints, Mask
from history.folder.grouping import GroupedRows, grouped
from history.folder.lead_rows import LeadRows
from history.folder.lead_table import VisibleLeads
from history.folder.merges import NO_LEAD, Merges, merges_of
from history.folder.rules.row_tests import is_bad_number
from history.folder.rules.rules import (
    BAD_AMOUNT,
    CLOSED_BEFORE_CREATED,
    CLOSING_AHEAD,
    OPEN_WITHOUT_TIME,
    UNKNOWN_SURVIVOR,
)
from history.folder.validate import NO_TIME
from history.folder.values.columns import Times
from history.folder.values.factors import coded, renamed_texts
from history.history import (
    GONE,
    LOST,
    OPEN,
    STATES,
    WON,
    Factor,
    Outcomes,
)
from history.outcomes.settled import Pending
from history.text.outcome_words import state_of
from history.text.times import EARLIEST_US, LATEST_US, day_ends


class OutcomeRows(LeadRows):
    """The table of outcomes; a date in closed_at is the end of its day."""

    def _read_text(self, column: str) -> Factor:
        """The texts of a column; words for won, lost, open and gone as these."""
        text = super()._read_text(column)
        if column != "outcome":
            return text
        own = self.options.config.outcome_words
        return renamed_texts(text, [state_of(word, own) or word for word in text.values])

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

    def gone(self, leads: VisibleLeads, end_us: int) -> Mask:
        """The leads (n,) that are gone at T. Only an `open` row with a later time brings one back."""
        n = len(leads.created_us)
        if "gone" not in self.text("outcome").values:
            return np.zeros(n, dtype=np.bool_)
        rows, is_endless = self._dated(leads), self._is_endless(leads, end_us)
        says_gone = np.flatnonzero(self._says_gone(leads, end_us) & (rows.index >= 0))
        is_dated = self.rows.valid & (rows.index >= 0) & ~rows.is_undated & (rows.known_us <= leads.as_of_us)
        reopens = np.flatnonzero(is_dated & (rows.state == OPEN))

        gone_us, open_us = (np.full(n, NO_TIME, dtype=np.int64) for _ in range(2))
        np.maximum.at(
            gone_us, rows.index[says_gone], np.where(is_endless, LATEST_US, rows.time_us)[says_gone]
        )
        np.maximum.at(open_us, rows.index[reopens], rows.time_us[reopens])
        return np.asarray((gone_us != NO_TIME) & (gone_us >= open_us))

    def _is_endless(self, leads: VisibleLeads, end_us: int) -> Mask:
        """Rows (n,) without a time, and from end_us on those dated after T: a lead that they call gone stays gone."""
        rows = self._dated(leads)
        return np.asarray(rows.is_undated | ((rows.known_us > leads.as_of_us) & (leads.as_of_us >= end_us)))

    def _says_gone(self, leads: VisibleLeads, end_us: int) -> Mask:
        """The rows (n,) known at T by which their lead is gone."""
        rows = self._dated(leads)
        is_known = (rows.known_us <= leads.as_of_us) | self._is_endless(leads, end_us)
        return np.asarray(self.rows.valid & (rows.state == GONE) & is_known)

    def merges(self, leads: VisibleLeads, is_gone: Mask, left: VisibleLeads, end_us: int) -> Merges | None:
        """Where the rows of merged leads go; of several merges of a lead the last counts.

        is_gone (n,): of leads. left: the same leads, those that are gone left out or not.
        """
        into = self.text("merged_into")
        dated = self._dated(leads)
        rows = np.flatnonzero(self._says_gone(leads, end_us) & (into.codes >= 0))
        rows = rows[np.append(is_gone, True)[dated.index[rows]]]  # True: of a lead without a row of its own
        if not len(rows):
            self.rows.flag(UNKNOWN_SURVIVOR, None)
            return None
        rows = rows[np.argsort(dated.time_us[rows], kind="stable")]
        codes = np.append(self.id_forms.codes(into.values)[0], NO_LEAD)
        survivor, since_us = np.full(len(leads.index), NO_LEAD, dtype=np.int64), np.zeros_like(leads.index)
        survivor[self.lead[rows]] = codes[into.codes[rows]]
        since_us[self.lead[rows]] = np.where(dated.is_undated, 0, dated.known_us)[rows]

        stays = np.append(~is_gone, False)[leads.index]
        merges = merges_of(survivor, since_us, np.where(stays, left.index, NO_LEAD))
        has_none = np.zeros(len(self), dtype=np.bool_)
        has_none[rows[merges.into[self.lead[rows]] == NO_LEAD]] = True
        self.rows.flag(UNKNOWN_SURVIVOR, has_none, "lead_id", "merged_into")
        return merges

    def _can_move(self) -> Mask:
        """Decisions with a time; that a lead is gone is its own."""
        return np.asarray(
            (coded(self.text("outcome"), STATES, -1) != GONE) & (self.own.known | self.recorded.known)
        )

    def _survivor_has_own(self, leads: VisibleLeads, is_own: Mask, into: Ints) -> Mask:
        """Own decisions count; without any, a win moves: duplicates are often closed as lost before they are merged."""
        state = coded(self.text("outcome"), STATES, -1)
        has_own = np.zeros(len(leads.created_us) + 1, dtype=np.bool_)
        has_own[leads.index[self.lead][is_own & (state != GONE)]] = True
        return np.asarray(has_own[into] | (state != WON))

    def build(self, leads: VisibleLeads) -> Outcomes:
        """The decisions; without closed_at one counts from recorded_at, without both from a horizon after creation."""
        rows = self._dated(leads)
        is_idle = rows.is_undated & (rows.state == OPEN)
        moved = self.visible(leads, rows.known_us)
        time_us = np.maximum(rows.time_us, np.append(leads.created_us, 0)[moved.index])
        rows = replace(rows, index=moved.index, time_us=time_us, known_us=moved.known_us)
        visible = moved.is_visible
        if not self.options.as_stored:
            visible &= rows.state != GONE
        before_created = visible & rows.is_before_created
        self.rows.flag(CLOSED_BEFORE_CREATED, before_created, "lead_id", "closed_at", "recorded_at")
        self.rows.flag(OPEN_WITHOUT_TIME, is_idle, "lead_id")
        is_bad = is_bad_number(self, "amount")
        self.rows.flag(
            BAD_AMOUNT, visible & is_bad & (rows.state == WON), "lead_id", "amount", tested="amount"
        )
        counts = visible & self.rows.valid & ~is_idle
        order = grouped(counts, rows.index, len(leads.created_us), rows.time_us, rows.known_us)
        return self._log(rows, order)

    def paid_rows(self, leads: VisibleLeads) -> Ints:
        """Wins with an amount, of visible leads and known at T or undated."""
        closed, recorded = self.own, self.recorded
        known_us = np.maximum(np.where(closed.known, closed.us, 0), np.where(recorded.known, recorded.us, 0))
        is_won = coded(self.text("outcome"), STATES, -1) == WON
        is_visible = (leads.index[self.lead] >= 0) & (known_us <= leads.as_of_us)
        return np.flatnonzero(self.rows.valid & is_won & is_visible & self.number("amount").given)

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
        order = grouped(chosen, rows.index, len(leads.created_us), time_us)
        return Pending(self._log(rows, order), end_us, end_us)

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
            state=coded(self.text("outcome"), STATES, -1),
            is_undated=~closed.known & ~recorded.known,
            is_before_created=latest_us < created,
        )

    def _log(self, dated: "_DatedOutcomes", by_lead: GroupedRows) -> Outcomes:
        """The log of these rows."""
        rows, offsets = by_lead
        amount = np.where(is_bad_number(self, "amount"), np.nan, self.number("amount").value)
        return Outcomes(
            offsets=offsets,
            time_us=dated.time_us[rows],
            known_us=dated.known_us[rows],
            state=dated.state[rows],
            amount=amount[rows],
            reason=self.spelled("reason", rows),
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
