"""Tables whose rows belong to leads: which rows are visible at as_of, and as whose."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints, Mask
from history.folder.lead_table import LeadTable, VisibleLeads
from history.folder.merges import NO_LEAD
from history.folder.rules.rules import (
    BEFORE_CREATION,
    MERGED_ROW,
    OTHER_ID_FORM,
    SEVERAL_IDS,
)
from history.folder.tables.raw_table import RawTable
from history.folder.validate import OWN_TIME, ReadOptions, ValidatedTable
from history.folder.values.id_forms import split_lists


@dataclass(frozen=True)
class VisibleRows:
    """Which rows of a table (n,) are visible, the index of each one's lead, and when it was known.

    Rows of a merged lead that moved have the survivor's index, and are known since the merge.
    """

    is_visible: Mask
    index: Ints
    known_us: Ints


class LeadRows(ValidatedTable):
    """A table whose rows belong to leads; lead (n,) is the index of each row's lead among the leads' ids, else -1."""

    def __init__(self, raw: RawTable, options: ReadOptions, leads: LeadTable) -> None:
        self._leads = leads
        super().__init__(split_lists(raw, leads.id_forms), options)
        self._flag_id_forms()

    def _flag_id_forms(self) -> None:
        """Counts the rows whose lead is written in another form than in the table of leads."""
        self.rows.flag(SEVERAL_IDS, self.raw.is_split, "lead_id")
        self.rows.flag(OTHER_ID_FORM, self._is_other_form, "lead_id")

    def _prepare(self) -> None:
        ids, self.id_forms = self.text("lead_id"), self._leads.id_forms
        codes, is_exact = self.id_forms.codes(ids.values)
        self.lead = np.append(codes, -1)[ids.codes]
        self._is_other_form = np.append((codes >= 0) & ~is_exact, False)[ids.codes]
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
