"""The log of attribute changes from its validated table."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.config.schema import NOT_ATTRIBUTES
from history.folder.attribute_names import attribute_names
from history.folder.grouping import grouped
from history.folder.logs import renamed_texts
from history.folder.rules import (
    IGNORED_ATTRIBUTE,
    NEAR_ATTRIBUTE,
    OTHER_FORM_OF_VALUE,
    RENAMED_ATTRIBUTE,
    matching,
)
from history.folder.validate import LeadRows, VisibleLeads
from history.history import Changes, Factor
from history.text.folding import folded

LEAST_REPEATED: Final = 10  # changes of an attribute, for a second form of its values
MOSTLY_REPEATED: Final = 0.8  # of them come in both forms
LEAST_SHARED: Final = 3  # texts of an attribute that a column of leads has too; two are those of any flag
MOSTLY_SHARED: Final = 0.8  # of its texts
MOST_TEXTS: Final = 10_000


class ChangeRows(LeadRows):
    """The table of attribute changes."""

    def _read_text(self, column: str) -> Factor:
        """The texts of a column; attributes by the names of the columns of leads."""
        text = super()._read_text(column)
        if column != "attribute":
            return text
        config = self.options.config
        known = (
            *self._leads.raw.columns,
            *config.ignore,
            *config.mutable,
            *config.sensitive,
            *config.identity,
        )
        names = attribute_names(text.values, known, config.columns.get("leads", {}))
        self._renamed = matching(text, names.renamed.__contains__)
        self._near = matching(text, names.near.__contains__)
        return renamed_texts(text, names.names)

    def build(self, leads: VisibleLeads) -> Changes:
        """The log of the visible leads, without ignored attributes."""
        rows = self.visible(leads, self.known_us())
        ignored = matching(self.text("attribute"), set(self.options.config.ignore).__contains__)
        self.rows.flag(IGNORED_ATTRIBUTE, ignored, "attribute")
        self.rows.flag(RENAMED_ATTRIBUTE, self._renamed, "attribute")
        self.rows.flag(NEAR_ATTRIBUTE, self._near | self._has_values_of_a_column(), "attribute")
        other_form = self._in_another_form(rows.is_visible & ~ignored, rows.index)
        self.rows.flag(OTHER_FORM_OF_VALUE, other_form, "attribute", "value")
        rows = replace(rows, is_visible=rows.is_visible & ~ignored & ~other_form)
        self.flag_early(leads, rows)
        order, offsets = grouped(rows.is_visible, rows.index, len(leads.created_us), self.own.us)
        return Changes(
            offsets,
            self.own.us[order],
            rows.known_us[order],
            self.text("attribute").take(order).compact(),
            self.text("value").take(order).compact(),
        )

    def _has_values_of_a_column(self) -> Mask:
        """Rows (n,) of attributes that are no column of leads, but have the words of one without changes."""
        attribute, value = self.text("attribute"), self.text("value")
        has_them = np.zeros(len(attribute.values) + 1, dtype=np.bool_)
        foreign = [code for code, name in enumerate(attribute.values) if name not in self._leads.raw.columns]
        unchanged = self._words_of_columns(attribute.values) if foreign else []
        for code in foreign:
            codes = np.unique(value.codes[(attribute.codes == code) & (value.codes >= 0)]).tolist()
            words = _words(value.values[own] for own in codes)
            least = max(LEAST_SHARED, MOSTLY_SHARED * len(codes))
            has_them[code] = any(len(words & known) >= least for known in unchanged)
        return np.asarray(has_them[attribute.codes])

    def _words_of_columns(self, changing: Sequence[str]) -> list[set[str]]:
        """The words of each column of leads that never changes and has not nearly as many texts as an id."""
        names = [
            name for name in self._leads.raw.columns if name not in NOT_ATTRIBUTES and name not in changing
        ]
        columns = [self._leads.text(name).values for name in names]
        return [_words(texts) for texts in columns if len(texts) <= MOST_TEXTS]

    def _in_another_form(self, visible: Mask, lead: Ints) -> Mask:
        """Rows (n,) that repeat a change of the same instant in a form that the column of leads does not have.

        Histories of some CRMs have two rows for each change of an owner, one with the name and one with the id.
        """
        repeats = np.zeros(len(self), dtype=np.bool_)
        attribute, value = self.text("attribute"), self.text("value")
        for code, name in enumerate(attribute.values):
            rows = np.flatnonzero(visible & (attribute.codes == code) & (value.codes >= 0))
            if name not in self._leads.raw.columns or len(rows) < LEAST_REPEATED:
                continue
            known_texts = {folded(text) for text in self._leads.text(name).values}
            has_known = np.array([folded(text) in known_texts for text in value.values], dtype=np.bool_)
            is_known = has_known[value.codes[rows]]
            group = _groups(lead[rows], self.own.us[rows])
            known = np.bincount(group, is_known) > 0
            unknown = np.bincount(group, ~is_known) > 0
            is_mixed = (known & unknown)[group]
            if np.count_nonzero(is_mixed) >= MOSTLY_REPEATED * len(rows):
                repeats[rows[is_mixed & ~is_known]] = True
        return repeats

    def _survivor_has_own(self, leads: VisibleLeads, is_own: Mask, into: Ints) -> Mask:
        """A lead with a value of the attribute, at its creation or by a change, keeps its own."""
        attribute = self.text("attribute")
        n = len(leads.created_us)
        has_own = np.zeros((len(attribute.values) + 1, n + 1), dtype=np.bool_)
        for code, name in enumerate(attribute.values):
            if name in self._leads.raw.columns:
                has_own[code, :n] = self._leads.text(name).codes[leads.rows] >= 0
        has_own[attribute.codes[is_own], leads.index[self.lead][is_own]] = True
        return np.asarray(has_own[attribute.codes, into])


def _groups(lead: Ints, time_us: Ints) -> Ints:
    """A number for each distinct pair of lead and time (n,)."""
    order = np.lexsort((time_us, lead))
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = (np.diff(lead[order]) != 0) | (np.diff(time_us[order]) != 0)
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(is_new) - 1
    return group


def _words(texts: Iterable[str]) -> set[str]:
    """The texts in plain form, without numbers, dates and most ids: those of any two columns may be the same."""
    return {folded(text) for text in texts if not text[:1].isdigit()}
