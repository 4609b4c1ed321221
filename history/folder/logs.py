"""The logs of interactions, stages and costs: the rows that are visible at as_of, grouped by lead."""

from dataclasses import replace

import numpy as np

from history.base.arrays import Ints, Mask
from history.folder.grouping import grouped
from history.folder.lead_rows import LeadRows, VisibleRows
from history.folder.lead_table import VisibleLeads
from history.folder.rules.rules import (
    DUPLICATE_INTERACTION,
    UNKNOWN_DIRECTION,
)
from history.folder.validate import ValidatedTable
from history.folder.values.factors import coded, matching
from history.history import (
    DIRECTIONS,
    NO_DIRECTION,
    Costs,
    Interactions,
    Stages,
)
from history.stage_ties import in_configured_order
from history.text.times import next_month


class InteractionRows(LeadRows):
    """The table of interactions."""

    def build(self, leads: VisibleLeads) -> Interactions:
        """The log of the visible leads, one row of each interaction_id."""
        n_leads = len(leads.created_us)
        rows = self._without_duplicates(self.visible(leads, self.known_us()), n_leads)
        self.flag_early(leads, rows)
        direction = self.text("direction")
        is_unknown = matching(direction, lambda text: text not in DIRECTIONS)
        self.rows.flag(UNKNOWN_DIRECTION, rows.is_visible & is_unknown, "direction")

        order, offsets = grouped(rows.is_visible, rows.index, n_leads, self.own.us)
        return Interactions(
            offsets=offsets,
            time_us=self.own.us[order],
            known_us=rows.known_us[order],
            kind=self.spelled("kind", order),
            channel=self.spelled("channel", order),
            direction=coded(direction, DIRECTIONS, NO_DIRECTION)[order],
            value=self.number("value").value[order],
            ids=self.row_ids.of(order),
        )

    def _without_duplicates(self, rows: VisibleRows, n_leads: int) -> VisibleRows:
        """Of visible rows with one interaction_id within a lead only the one known first, ties in file order."""
        by_lead, _ = grouped(rows.is_visible & self.row_ids.given, rows.index, n_leads)
        repeated = self.row_ids.repeated(by_lead, rows.index[by_lead], rows.known_us[by_lead])
        if not len(repeated):
            return rows
        is_duplicate = np.zeros(len(self), dtype=np.bool_)
        is_duplicate[repeated] = True
        self.rows.reject(DUPLICATE_INTERACTION, is_duplicate, "lead_id", "interaction_id")
        return replace(rows, is_visible=rows.is_visible & ~is_duplicate)


class StageRows(LeadRows):
    """The table of stage entries."""

    def build(self, leads: VisibleLeads) -> Stages:
        """The log of the visible leads."""
        rows = self.visible(leads, self.known_us())
        self.flag_early(leads, rows)
        order, offsets = grouped(rows.is_visible, rows.index, len(leads.created_us), self.own.us)
        config = self.options.config
        entries = Stages(
            offsets,
            self.own.us[order],
            rows.known_us[order],
            self.spelled("stage", order, config.stages),
        )
        return in_configured_order(entries, config)

    def _survivor_has_own(self, leads: VisibleLeads, is_own: Mask, into: Ints) -> Mask:
        """A lead with stage entries keeps its path: duplicates ran through the same stages beside it."""
        has_own = np.zeros(len(leads.created_us) + 1, dtype=np.bool_)
        has_own[leads.index[self.lead][is_own]] = True
        return np.asarray(has_own[into])


class CostRows(ValidatedTable):
    """The table of costs, whose rows belong to no lead."""

    def build(self, as_of_us: int) -> Costs:
        """The periods that began by as_of_us, in file order."""
        rows = np.flatnonzero(self.rows.valid & (self.own.us <= as_of_us))
        start, period_end = self.own.us[rows], self.time("period_end")
        following_month = next_month(start, self.options.config.zone)
        end = np.where(period_end.known[rows], period_end.us[rows], following_month)
        channel, source = (self.spelled(column, rows) for column in ("channel", "source"))
        return Costs(start, end, self.number("amount").value[rows], channel, source)
