"""The texts of attributes as entries, and the entry valid for a lead at an instant.

The value at creation is a lead's own until a visible change replaces or clears it. A mutable attribute shows today's
value in the CRM, so it is missing until a change states it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from features.attributes.identity import is_account
from features.attributes.kernel import entry_rows
from history.base.arrays import Codes, Ints
from history.history import Changes, Factor, History, empty_factor
from history.snapshot import Snapshot
from history.spelling import one_spelling

_NO_CODES: Codes = np.empty(0, dtype=np.int32)
_MISSING = empty_factor(1)


@dataclass(frozen=True)
class Entries:
    """The texts of m attributes in one history; each distinct text of an attribute is one entry.

    Entry ids of attribute j begin at starts[j]; base (m, leads) are codes within the attribute at creation, -1 for
    missing; change_attribute and change_entry (changes,) are each change row's attribute (-1: another one) and entry
    id (-1: cleared).
    """

    texts: list[Sequence[str]]
    starts: Ints
    base: Codes
    change_attribute: Codes
    change_entry: Codes

    def local(self, valid: Codes, j: int) -> Codes:
        """Entry ids (n, m) of attribute j as positions (n,) in its own texts, -1 for missing."""
        return np.where(valid[:, j] < 0, -1, valid[:, j] - self.starts[j]).astype(np.int32)


def entries_of(history: History, names: Sequence[str], mutable: Sequence[bool]) -> Entries:
    """Collects the texts of the named attributes; one that the history lacks is missing on every lead."""
    nothing = _MISSING if len(history) == 1 else empty_factor(len(history))
    attributes = history.attributes.get
    factors = [
        nothing if is_mutable else attributes(name, nothing)
        for name, is_mutable in zip(names, mutable, strict=True)
    ]
    texts: list[Sequence[str]] = [factor.values for factor in factors]
    base = _codes(factors, len(history)).reshape(len(names), len(history))

    n_changes = len(history.changes.attribute.codes)
    if n_changes:
        changed = _change_entries(history.changes, names, texts)
    else:
        changed = _NO_CHANGES
    starts = np.array([0, *accumulate(map(len, texts))], dtype=np.int64)
    if n_changes:
        first = np.where(changed.entry < 0, 0, starts[changed.attribute])
        changed.entry[:] += first.astype(np.int32)
    return Entries(texts, starts, base, changed.attribute, changed.entry)


def _codes(factors: Sequence[Factor], n_leads: int) -> Codes:
    """The codes of all factors, one after the other."""
    if n_leads == 1:  # to join arrays of one code takes four times as long
        return np.array([factor.codes.item() for factor in factors], dtype=np.int32)
    return np.concatenate([factor.codes for factor in factors]) if factors else _NO_CODES


class _ChangeEntries(NamedTuple):
    """Attribute and entry of each change row (changes,)."""

    attribute: Codes
    entry: Codes


_NO_CHANGES = _ChangeEntries(_NO_CODES, _NO_CODES)


def _change_entries(changes: Changes, names: Sequence[str], texts: list[Sequence[str]]) -> _ChangeEntries:
    """The attribute and local entry of each change row; new texts are appended to those of their attribute."""
    place = {name: j for j, name in enumerate(names)}
    of_code = np.array([*(place.get(name, -1) for name in changes.attribute.values), -1], dtype=np.int32)
    attribute = of_code[changes.attribute.codes]
    values = changes.value.values
    new_texts: dict[int, list[str]] = {}
    known: dict[tuple[int, int], int] = {}
    entry = np.full(len(attribute), -1, dtype=np.int32)
    # The others are skipped at once: of a million changes, one attribute has a few.
    rows = np.flatnonzero((attribute >= 0) & (changes.value.codes >= 0))
    entries = []
    for pair in zip(attribute[rows].tolist(), changes.value.codes[rows].tolist(), strict=True):
        if pair not in known:
            j, code = pair
            appended = new_texts.setdefault(j, [])
            known[pair] = len(texts[j]) + len(appended)
            appended.append(values[code])
        entries.append(known[pair])
    entry[rows] = entries
    for j, appended in new_texts.items():
        texts[j] = [*texts[j], *appended]
    return _ChangeEntries(attribute, entry)


def entries_at(entries: Entries, rows: Snapshot) -> Codes:
    """The entry of each of m attributes valid for each of n rows: (n, m), -1 for no value."""
    out = np.empty((len(rows), len(entries.texts)), dtype=np.int32)
    log = rows.history.changes
    entry_rows(
        out, rows.lead, rows.as_of_us, entries.base, entries.starts,
        log.offsets, log.time_us, log.known_us, entries.change_attribute, entries.change_entry,
    )  # fmt: skip
    return out


def text_at(history: History, name: str, lead: Ints, as_of_us: Ints) -> Factor:
    """The text of one attribute valid for each row (n,) at its instant, in one spelling a value; ids as they are.

    A mutable attribute is read from its changes only.
    """
    factor = written_at(history, name, lead, as_of_us)
    return factor if is_account(name) else one_spelling(factor)


def written_at(history: History, name: str, lead: Ints, as_of_us: Ints) -> Factor:
    """The text of one attribute valid for each row (n,) at its instant, as the data wrote it."""
    at_creation = history.attributes.get(name)
    is_mutable = name in history.config.mutable
    if at_creation is not None and not len(history.changes.time_us) and not is_mutable:
        return at_creation.take(lead)
    entries = entries_of(history, [name], [is_mutable])
    valid = entries_at(entries, Snapshot(history, lead, as_of_us))
    # A change may bring a text that another lead had at creation: both entries get one code.
    texts = entries.texts[0]
    place = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    code_of = np.array([*(place[text] for text in texts), -1], dtype=np.int32)
    return Factor(code_of[valid[:, 0]], list(place))
