"""Assignments of leads to owners: the owner at creation, and every change to another one."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Codes, Ints, Mask
from history.history import Changes, Factor, History
from history.spelling import one_spelling

OWNER = "owner"


@dataclass(frozen=True)
class Assignments:
    """m assignments by lead, the creation first and then changes in order of time: lead, instant, owner (m,).

    Every lead has one at its creation; its owner may be missing.
    """

    lead: Ints
    at_us: Ints
    owner: Factor

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: Ints | Mask) -> "Assignments":
        return Assignments(self.lead[index], self.at_us[index], self.owner.take(index))

    @property
    def is_change(self) -> Mask:
        """Whether each assignment is a change, not the one at creation (m,)."""
        changes = np.zeros(len(self.lead), dtype=np.bool_)
        changes[1:] = self.lead[1:] == self.lead[:-1]
        return changes


def assignments(history: History) -> Assignments:
    """The assignments of all leads. A change that repeats the owner, as CRM field histories do, is dropped."""
    n, changes = len(history), history.changes
    at_creation = history.attributes.get(OWNER) or Factor(np.full(n, -1, dtype=np.int32), ())
    rows = _change_rows(changes)
    changed = changes.value.take(rows)

    # dict.fromkeys: distinct names in the order of their first use
    names = list(dict.fromkeys([*at_creation.values, *changes.value.values]))
    place = {name: i for i, name in enumerate(names)}
    everyone = np.arange(n, dtype=np.int64)
    lead = np.concatenate((everyone, changes.lead[rows]))
    at_us = np.concatenate((history.created_us, changes.time_us[rows]))
    codes = np.concatenate((_recoded(at_creation, place), _recoded(changed, place)))

    # A stable sort keeps the creation first and the changes in order of time.
    order = np.argsort(lead, kind="stable")
    sorted_assignments = Assignments(lead[order], at_us[order], one_spelling(Factor(codes[order], names)))
    return sorted_assignments.take(~_repeats(sorted_assignments))


def _change_rows(changes: Changes) -> Ints:
    """Rows of the changes of owner."""
    if OWNER not in changes.attribute.values:
        return np.zeros(0, dtype=np.int64)
    code = list(changes.attribute.values).index(OWNER)
    return np.flatnonzero(changes.attribute.codes == code)


def _recoded(factor: Factor, place: dict[str, int]) -> Codes:
    """Codes (n,) over the names of `place`, -1 if missing."""
    new_codes = [place[value] for value in factor.values]
    # Code -1, a missing value, reads the last entry.
    return np.array([*new_codes, -1], dtype=np.int32)[factor.codes]


def _repeats(assigned: Assignments) -> Mask:
    """Whether each assignment has the owner of the lead's one before (m,)."""
    codes = assigned.owner.codes
    repeats = assigned.is_change
    repeats[1:] &= codes[1:] == codes[:-1]
    return repeats
