"""Who had each lead from when on: its owner at creation, and every change to another one."""

import numpy as np

from history.arrays import Codes, Ints
from history.history import Factor, History


def assignments(history: History) -> tuple[Ints, Ints, Factor]:
    """Every (lead, instant, owner), by lead, the creation first and then changes in order of time; -1 for no owner.

    A change that states the owner again, as field histories of CRMs do, is none.
    """
    given = history.attributes.get("owner")
    changes = history.changes
    names = list(dict.fromkeys([*(given.values if given else ()), *changes.value.values]))
    place = {name: i for i, name in enumerate(names)}
    n = len(history)
    rows = np.zeros(0, dtype=np.int64)
    if "owner" in changes.attribute.values:
        rows = np.flatnonzero(changes.attribute.codes == list(changes.attribute.values).index("owner"))
    everyone = np.arange(n, dtype=np.int64)
    lead = np.concatenate((everyone, np.repeat(everyone, np.diff(changes.offsets))[rows]))
    at_us = np.concatenate((history.created_us, changes.time_us[rows]))
    none = np.full(n, -1, dtype=np.int32)
    codes = np.concatenate(
        (none if given is None else _recoded(given, place), _recoded(changes.value.take(rows), place))
    )
    order = np.argsort(lead, kind="stable")
    lead, at_us, codes = lead[order], at_us[order], codes[order]
    again = np.zeros(len(lead), dtype=np.bool_)
    again[1:] = (lead[1:] == lead[:-1]) & (codes[1:] == codes[:-1])
    return lead[~again], at_us[~again], Factor(codes[~again], names)


def _recoded(factor: Factor, place: dict[str, int]) -> Codes:
    return np.array([*(place[v] for v in factor.values), -1], dtype=np.int32)[factor.codes]
