"""Ids joined to persons; a shared browser never makes one person of two known ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from connectors.deals.deals import NO_TIME
from history.base.arrays import Codes, Flags, Ints, Mask

SHARED: Final = -2  # the person of an id that several known persons use
NOBODY: Final = -1
VISITOR, ADDRESS, USER = range(
    3
)  # the levels of ids: a browser or device, an e-mail address, a user of the system
LATEST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Links:
    """Pairs of ids (m,) of one person, and since when the system knew it; first is the id that gives way."""

    first: Codes
    second: Codes
    known_us: Ints

    def __len__(self) -> int:
        return len(self.first)

    def where(self, mask: Mask) -> "Links":
        return Links(self.first[mask], self.second[mask], self.known_us[mask])


@dataclass(frozen=True)
class Ids:
    """Ids (n,): the level of each, which gave way to another, and when each was first seen."""

    level: Flags
    gave_way: Mask
    first_us: Ints


@dataclass(frozen=True)
class People:
    """person (n,): that of each id, SHARED for a visitor's id of several known persons; main (p,): the id of each,
    NOBODY for those of shared ids.

    joined_us (n,): since when it is known that an id is that of its person, NO_TIME if always.
    """

    person: Codes
    main: Codes
    joined_us: Ints


def join(ids: Ids, links: Links) -> People:
    """The persons of ids: a link between two ids of one level makes them one.

    An address linked to exactly one user is that user. A visitor linked to exactly one user or address is that person;
    linked to several, it is a shared browser.
    """
    count = len(ids.level)
    low = ids.level[links.first] < ids.level[links.second]
    first, second = np.where(low, links.first, links.second), np.where(low, links.second, links.first)
    is_same = ids.level[first] == ids.level[second]
    body = _components(count, first[is_same], second[is_same])
    target = np.arange(count, dtype=np.int32)
    since, is_shared = np.full(count, LATEST), np.zeros(count, dtype=np.bool_)
    for level in (ADDRESS, VISITOR):
        rows = np.flatnonzero(~is_same & (ids.level[first] == level))
        lower, higher = body[first[rows]], target[body[second[rows]]]
        pairs = np.unique(np.stack((lower, higher), axis=1), axis=0)
        persons_of = np.bincount(pairs[:, 0], minlength=count)
        single = persons_of[pairs[:, 0]] == 1
        target[pairs[single, 0]] = pairs[single, 1]
        since = np.minimum(since, _first_us(count, lower, links.known_us[rows]))
        is_shared |= (persons_of > 1) & (level == VISITOR)

    distinct, person = np.unique(target[body], return_inverse=True)
    shared = np.where(is_shared[body], SHARED, person).astype(np.int32)
    joined_us = _joined_us(ids, since[body], links, is_same)
    return People(shared, _main(shared, len(distinct), ids), joined_us)


def _joined_us(ids: Ids, since: Ints, links: Links, is_same: Mask) -> Ints:
    """Since when each id is known to be of its person; of a chain (visitor, other visitor, person) the later link."""
    same, count = links.where(is_same), len(ids.level)
    sides = (_first_us(count, side, same.known_us) for side in (same.first, same.second))
    merged = np.minimum(*sides)
    since = np.where(merged == LATEST, since, np.maximum(since, merged))
    return np.asarray(np.where((ids.level == USER) | (since == LATEST), NO_TIME, since))


def _first_us(count: int, ids: Codes, us: Ints) -> Ints:
    """The earliest time of each id (count,), LATEST without any."""
    first = np.full(count, LATEST)
    np.minimum.at(first, ids, us)
    return first


def _components(count: int, first: Codes, second: Codes) -> Codes:
    """The component of each id (count,)."""
    if not len(first):
        return np.arange(count, dtype=np.int32)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(first), dtype=np.int8)
    graph = coo_array((ones, (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def _main(person: Codes, count: int, ids: Ids) -> Codes:
    """The id of each person: of the highest level, one that gave way to no other, the first seen."""
    rows = np.flatnonzero(person >= 0)
    order = rows[np.lexsort((rows, ids.first_us[rows], ids.gave_way[rows], -ids.level[rows], person[rows]))]
    main = np.full(count, NOBODY, dtype=np.int32)
    main[person[order[::-1]]] = order[::-1]  # the last assignment stays: the best id of each person
    return main
