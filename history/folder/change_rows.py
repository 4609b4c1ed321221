"""The log of attribute changes from its validated table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.whole import Question
from history.config.schema import NOT_ATTRIBUTES
from history.folder.attribute_names import attribute_names
from history.folder.grouping import grouped
from history.folder.lead_rows import LeadRows
from history.folder.lead_table import VisibleLeads
from history.folder.rules.rules import (
    IGNORED_ATTRIBUTE,
    NEAR_ATTRIBUTE,
    OTHER_FORM_OF_VALUE,
    RENAMED_ATTRIBUTE,
)
from history.folder.values.factors import matching, renamed_texts
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
        attribute, whole = self.text("attribute"), self.options.whole
        foreign = [name for name in attribute.values if name not in self._leads.raw.columns]
        if not whole.has_any("attributes that are no column", bool(foreign)):
            return np.zeros(len(self), dtype=np.bool_)
        texts = _Texts({name: self._values_of(name) for name in attribute.values}, self._texts_of_columns())
        having = whole.decide(
            Question("attributes with the words of a column", _Texts.and_then, _Texts.alike), texts
        )
        return matching(attribute, having.__contains__)

    def _values_of(self, name: str) -> frozenset[str]:
        """The texts to which an attribute that is no column of leads changes; those of a column are not needed."""
        attribute, value = self.text("attribute"), self.text("value")
        if name in self._leads.raw.columns:
            return frozenset()
        code = list(attribute.values).index(name)
        codes = np.unique(value.codes[(attribute.codes == code) & (value.codes >= 0)]).tolist()
        return frozenset(value.values[own] for own in codes)

    def _texts_of_columns(self) -> dict[str, frozenset[str]]:
        """The texts of each column of leads, of those with nearly as many as an id only some."""
        names = [name for name in self._leads.raw.columns if name not in NOT_ATTRIBUTES]
        return {name: _few(self._leads.text(name).values) for name in names}

    def _in_another_form(self, visible: Mask, lead: Ints) -> Mask:
        """Rows (n,) that repeat a change of the same instant in a form that the column of leads does not have.

        Histories of some CRMs have two rows for each change of an owner, one with the name and one with the id.
        """
        repeats = np.zeros(len(self), dtype=np.bool_)
        attribute, value, whole = self.text("attribute"), self.text("value"), self.options.whole
        changing = [
            _OfAttribute(name, np.flatnonzero(visible & (attribute.codes == code) & (value.codes >= 0)))
            for code, name in enumerate(attribute.values)
            if name in self._leads.raw.columns
        ]
        # Forms are looked at only where most changes share their instant with another one: hardly ever.
        shared = {name: self._in_groups(lead, rows) for name, rows in changing}
        suspected = whole.decide(Question("changes of one instant", _added, _mostly), shared)
        texts = {name: self._folded_texts(name) for name in suspected}
        known_of = whole.decide(KNOWN_TEXTS, texts)
        mixed, foreign = {}, {}
        for name, rows in changing:
            if name not in suspected:
                continue
            has_known = np.array([folded(text) in known_of[name] for text in value.values], dtype=np.bool_)
            is_known = has_known[value.codes[rows]]
            group = _groups(lead[rows], self.own.us[rows])
            known = np.bincount(group, is_known) > 0
            unknown = np.bincount(group, ~is_known) > 0
            is_mixed = (known & unknown)[group]
            mixed[name] = _Share(int(np.count_nonzero(is_mixed)), len(rows))
            foreign[name] = rows[is_mixed & ~is_known]
        for name in whole.decide(Question("changes in two forms", _added, _mostly), mixed):
            repeats[foreign.get(name, [])] = True
        return repeats

    def _in_groups(self, lead: Ints, rows: Ints) -> "_Share":
        """How many of these rows (k,) have the lead (n,) and the instant of another one."""
        if not len(rows):
            return _Share(0, 0)
        group = _groups(lead[rows], self.own.us[rows])
        return _Share(int(np.count_nonzero(np.bincount(group)[group] > 1)), len(rows))

    def _folded_texts(self, name: str) -> frozenset[str]:
        return frozenset(folded(text) for text in self._leads.text(name).values)

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


class _OfAttribute(NamedTuple):
    """The rows of the changes of one attribute."""

    name: str
    rows: Ints


class _Share(NamedTuple):
    """Some of an attribute's changes, and all."""

    some: int
    all: int


def _added(one: Mapping[str, _Share], other: Mapping[str, _Share]) -> dict[str, _Share]:
    both = dict(one)
    for name, (some, every) in other.items():
        own = both.get(name, _Share(0, 0))
        both[name] = _Share(own.some + some, own.all + every)
    return both


def _mostly(shares: Mapping[str, _Share]) -> frozenset[str]:
    """The attributes with enough changes of which most are counted."""
    return frozenset(
        name
        for name, (some, every) in shares.items()
        if every >= LEAST_REPEATED and some >= MOSTLY_REPEATED * every
    )


_TextsOf = Mapping[str, frozenset[str]]


def _united(one: _TextsOf, other: _TextsOf) -> _TextsOf:
    return {name: one.get(name, frozenset()) | other.get(name, frozenset()) for name in (*one, *other)}


def _all_texts(texts: _TextsOf) -> _TextsOf:
    return texts


KNOWN_TEXTS: Final = Question("texts of changing columns", _united, _all_texts)


@dataclass(frozen=True)
class _Texts:
    """The texts of attributes that change, and of columns of leads, by name."""

    attributes: _TextsOf
    columns: _TextsOf

    def and_then(self, other: "_Texts") -> "_Texts":
        """The texts of both."""
        columns = _united(self.columns, other.columns)
        return _Texts(
            _united(self.attributes, other.attributes),
            {name: _few(sorted(texts)) for name, texts in columns.items()},
        )

    def alike(self) -> frozenset[str]:
        """The attributes, of those that are no column, with the words of a column that never changes."""
        unchanged = [
            _words(texts)
            for name, texts in self.columns.items()
            if name not in self.attributes and len(texts) <= MOST_TEXTS
        ]
        having = []
        for name, texts in self.attributes.items():
            words, least = _words(texts), max(LEAST_SHARED, MOSTLY_SHARED * len(texts))
            if any(len(words & known) >= least for known in unchanged):
                having.append(name)
        return frozenset(having)


def _few(texts: Sequence[str]) -> frozenset[str]:
    """The texts, or only one more than a column that is compared may have."""
    return frozenset(texts[: MOST_TEXTS + 1])


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
