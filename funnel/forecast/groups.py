"""The groups of a forecast by a column: of leads known at T, and the share of wins yet to come that each will have."""

from dataclasses import dataclass

import numpy as np

from features.attributes import text_at
from funnel.forecast.hazards import Lives
from history.arrays import Floats, Ints
from history.errors import InvalidInput
from history.history import DAY_US, WON, History
from history.snapshot import Snapshot, current_stages

MOST_GROUPS = 50
OTHER = "(other)"
TO_COME = "(not yet created)"  # by stage: leads that have none yet
SHARE_PRIOR = 1.0  # recent leads' worth of belief that a group converts like all


@dataclass(frozen=True)
class Groups:
    """names (g,), the group of every lead of the history (n,), and each group's share of new wins (g,),
    which sums to 1.
    """

    column: str
    names: list[str | None]
    of_lead: Ints
    new_share: Floats


def everyone(history: History) -> Groups:
    """One group of all."""
    return Groups("", [None], np.zeros(len(history), dtype=np.int64), np.ones(1))


def groups_by(history: History, seen: Lives, column: str) -> Groups:
    """Groups by a column of leads, valid at T, or by `stage`; the largest stand alone, the rest is OTHER.

    Raises InvalidInput for an unknown column.
    """
    n = len(history)
    if column == "stage":
        lead = np.arange(n, dtype=np.int64)
        texts = current_stages(Snapshot(history, lead, np.full(n, seen.as_of_us, dtype=np.int64)))
    else:
        known = sorted({*history.attributes, *history.changes.attribute.values})
        if column not in known:
            raise InvalidInput(
                f"there is no column {column!r} to group by; there are {', '.join(['stage', *known])}"
            )
        factor = text_at(
            history, column, np.arange(n, dtype=np.int64), np.full(n, seen.as_of_us, dtype=np.int64)
        )
        texts = [None if code < 0 else factor.values[code] for code in factor.codes.tolist()]
    names, of_lead = _coded([texts[i] for i in seen.lead.tolist()], texts)
    if column == "stage":
        names = [*names, TO_COME]
        return Groups(column, names, of_lead, np.eye(len(names))[-1])
    return Groups(column, names, of_lead, _new_share(seen, of_lead[seen.lead], len(names)))


def _coded(seen: list[str | None], texts: list[str | None]) -> tuple[list[str | None], Ints]:
    count: dict[str | None, int] = {}
    for text in seen:
        count[text] = count.get(text, 0) + 1
    names = sorted(count, key=lambda name: (-count[name], name is None, name or ""))
    kept = names if len(names) <= MOST_GROUPS else [*names[: MOST_GROUPS - 1], OTHER]
    place = {name: min(i, len(kept) - 1) for i, name in enumerate(names)}
    return (kept or [None]), np.array([place.get(text, 0) for text in texts], dtype=np.int64)


def _new_share(seen: Lives, group: Ints, n: int) -> Floats:
    """Each group's share of new leads of the latest quarter year, times its share won, shrunk to that of all."""
    recent = seen.created_us > seen.as_of_us - 91 * DAY_US
    if recent.sum() < 20:
        recent = np.ones(len(seen), dtype=np.bool_)
    if not len(seen):
        return np.full(n, 1.0 / n)
    won = seen.state == WON
    rate = float(won.mean())
    leads, wins = np.bincount(group, minlength=n), np.bincount(group, won, n)
    weight = (
        np.bincount(group[recent], minlength=n)
        * (wins + 20 * SHARE_PRIOR * rate + 1e-6)
        / (leads + 20 * SHARE_PRIOR)
    )
    return np.asarray(weight / weight.sum(), dtype=np.float64)
