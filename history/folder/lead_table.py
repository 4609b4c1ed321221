"""The table of leads: which of them are visible at as_of, and their attributes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints, Mask
from history.config.schema import NOT_ATTRIBUTES
from history.folder.merges import Merges
from history.folder.rules.rules import (
    DUPLICATE_LEAD,
    ODD_CREATION,
    PLACEHOLDER_DATE,
    Rule,
)
from history.folder.tables.raw_table import RawTable
from history.folder.validate import ReadOptions, ValidatedTable
from history.folder.values.factors import matching
from history.folder.values.id_forms import IdForms
from history.history import Factor
from history.odd_creations import AFTER_ODD, earliest_of
from history.text.placeholders import is_placeholder_text


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
