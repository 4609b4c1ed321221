"""Assignments of leads to owners: the owner at creation, and every change to another one."""

from dataclasses import dataclass

import numpy as np

from funnel.state.rows import row_leads
from history.arrays import Codes, Ints, Mask
from history.history import Factor, History

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
    rows = np.zeros(0, dtype=np.int64)
    if OWNER in changes.attribute.values:
        code = list(changes.attribute.values).index(OWNER)
        rows = np.flatnonzero(changes.attribute.codes == code)

    names = list(dict.fromkeys([*at_creation.values, *changes.value.values]))
    place = {name: i for i, name in enumerate(names)}
    lead = np.concatenate((np.arange(n, dtype=np.int64), row_leads(changes.offsets)[rows]))
    at_us = np.concatenate((history.created_us, changes.time_us[rows]))
    codes = np.concatenate((_recoded(at_creation, place), _recoded(changes.value.take(rows), place)))

    order = np.argsort(lead, kind="stable")
    lead, at_us, codes = lead[order], at_us[order], codes[order]
    repeats = np.zeros(len(lead), dtype=np.bool_)
    repeats[1:] = (lead[1:] == lead[:-1]) & (codes[1:] == codes[:-1])
    return Assignments(lead[~repeats], at_us[~repeats], Factor(codes[~repeats], names))


def _recoded(factor: Factor, place: dict[str, int]) -> Codes:
    return np.array([*(place[value] for value in factor.values), -1], dtype=np.int32)[factor.codes]
