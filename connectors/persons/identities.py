"""Ids joined to persons; a shared browser never makes one person of two known ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from connectors.deals import NO_TIME
from history.arrays import Codes, Ints, Mask

SHARED: Final = -2  # the person of an id that several known persons use
NOBODY: Final = -1
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
    """Ids (n,): which are ids of known persons, which gave way to another, and when each was first seen."""

    is_known: Mask
    gave_way: Mask
    first_us: Ints


@dataclass(frozen=True)
class People:
    """person (n,): that of each id, SHARED for a visitor's id of several known persons; main (p,): the id of each.

    joined_us (n,): since when it is known that a visitor is a known person, NO_TIME if always.
    """

    person: Codes
    main: Codes
    joined_us: Ints


def join(ids: Ids, links: Links) -> People:
    """The persons of ids: a link between two known persons, or between two visitors, makes them one.

    A visitor linked to exactly one known person is that person; linked to several, it is a shared browser.
    """
    count = len(ids.is_known)
    mixed = ids.is_known[links.first] != ids.is_known[links.second]
    same, seen = links.where(~mixed), links.where(mixed)
    body = _components(count, same)

    visitor = body[np.where(ids.is_known[seen.first], seen.second, seen.first)]
    known = body[np.where(ids.is_known[seen.first], seen.first, seen.second)]
    pairs = np.unique(np.stack((visitor, known), axis=1), axis=0)
    persons_of = np.bincount(pairs[:, 0], minlength=count)
    target = np.arange(count, dtype=np.int32)
    single = persons_of[pairs[:, 0]] == 1
    target[pairs[single, 0]] = pairs[single, 1]

    distinct, person = np.unique(target[body], return_inverse=True)
    person = np.where(persons_of[body] > 1, SHARED, person)
    since = _first_us(count, visitor, seen.known_us)[body]
    merged = np.minimum(
        _first_us(count, same.first, same.known_us), _first_us(count, same.second, same.known_us)
    )
    # Of a chain (visitor, other visitor, person) the later link counts.
    since = np.where(merged == LATEST, since, np.maximum(since, merged))
    joined_us = np.where(ids.is_known | (since == LATEST), NO_TIME, since)
    return People(person.astype(np.int32), _main(person, len(distinct), ids), joined_us)


def _first_us(count: int, ids: Codes, us: Ints) -> Ints:
    """The earliest time of each id (count,), LATEST without any."""
    first = np.full(count, LATEST)
    np.minimum.at(first, ids, us)
    return first


def _components(count: int, links: Links) -> Codes:
    """The component of each id (n,)."""
    if not len(links):
        return np.arange(count, dtype=np.int32)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(links), dtype=np.int8)
    graph = coo_array((ones, (links.first, links.second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def _main(person: Codes | Ints, count: int, ids: Ids) -> Codes:
    """The id of each person: a known one before a visitor's, one that gave way to no other, the first seen."""
    rows = np.flatnonzero(person >= 0)
    order = rows[
        np.lexsort((rows, ids.first_us[rows], ids.gave_way[rows], ~ids.is_known[rows], person[rows]))
    ]
    main = np.full(count, NOBODY, dtype=np.int32)
    main[person[order[::-1]]] = order[::-1]  # the last assignment stays: the best id of each person
    return main
