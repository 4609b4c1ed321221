"""Who is a lead, since when, and which rows count: every row of an export gets a lead or the reason why it has none."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME
from connectors.persons.identities import ADDRESS, NOBODY, SHARED, USER, VISITOR, Ids, Links, People, join
from connectors.persons.log import NO_ID, Log
from connectors.persons.rows import Role
from history.base.arrays import Codes, Flags, Ints, Mask

USED: Final = 0
# Why a row is set aside, in the order in which the reasons apply.
REASONS: Final = (
    "", "double", "no_id", "of_a_shared_browser", "erased", "test_user", "won_without_being_a_lead", "of_no_lead",
    "repeat_win", "after_the_win", "repeat_loss", "repeat_stage",
)  # fmt: skip
(
    DOUBLE,
    NO_ID_AT_ALL,
    OF_SHARED,
    ERASED,
    TEST_USER,
    WON_BY_NOBODY,
    OF_NO_LEAD,
    REPEAT_WIN,
    AFTER_WIN,
    REPEAT_LOSS,
    REPEAT_STAGE,
) = range(1, len(REASONS))


@dataclass(frozen=True)
class Census:
    """Leads (n,): their ids, their creation, and when that was known; lead (m,): the lead of each row of the log,
    NOBODY without one.

    reason (m,): USED or a place in REASONS. visible_us (m,): when a row was known to be of its lead; rank (m,): its
    place in the order of lead and time. renamed: ids that earlier imports gave to leads, and their present ids. erased:
    ids of persons that the export erases, and of testers.
    """

    ids: pa.Array
    created_us: Ints
    known_us: Ints
    lead: Codes
    reason: Flags
    visible_us: Ints
    rank: Codes
    renamed: dict[str, str]
    erased: frozenset[str]
    identities: pa.Table


def take_census(log: Log, earlier: int) -> Census:
    """The leads of a log whose first `earlier` rows are those of an earlier import."""
    people = join(_ids(log), _links(log))
    owner = log.owner
    person = np.where(owner >= 0, people.person[owner], NOBODY) if len(people.person) else owner
    persons = len(people.main)
    repeated = log.repeated()

    is_erased = _marked(persons, person[(log.role == Role.ERASURE) & (person >= 0)])
    is_test = _marked(persons, person[log.is_test & (person >= 0)])
    makes_lead = log.makes_lead & ~repeated & (person >= 0)
    created_us = _creations(persons, person, log.us, makes_lead, earlier)
    is_lead = (created_us != NO_TIME) & ~is_erased & ~is_test & (people.main >= 0)
    lead_of = np.where(is_lead, np.cumsum(is_lead) - 1, NOBODY).astype(np.int32)
    lead = np.where(person >= 0, lead_of[person], NOBODY).astype(np.int32) if persons else person

    reason = np.full(len(log), USED, dtype=np.int8)
    without = lead < 0
    reason[without & (log.role == Role.WON)] = WON_BY_NOBODY
    reason[without & (log.role != Role.WON)] = OF_NO_LEAD
    reason[log.is_test | ((person >= 0) & np.append(is_test, False)[person])] = TEST_USER
    reason[(person >= 0) & np.append(is_erased, False)[person]] = ERASED
    reason[person == SHARED] = OF_SHARED
    reason[owner == NO_ID] = NO_ID_AT_ALL
    reason[repeated] = DOUBLE
    reason[(log.role == Role.ERASURE) & (person >= 0)] = USED

    visible_us = _visible(log, people, owner)
    main = people.main[is_lead]
    ids = log.vocabulary.take(pa.array(main))
    return Census(
        ids=ids,
        created_us=created_us[is_lead],
        known_us=_known(created_us[is_lead], lead, log, visible_us, makes_lead, earlier),
        lead=lead,
        reason=reason,
        visible_us=visible_us,
        rank=_ranks(lead, log.us),
        renamed=_renamed(log, people, lead_of, earlier),
        erased=_erased(log, people, is_erased | is_test),
        identities=_identities(log, people, lead_of, ids),
    )


def _ids(log: Log) -> Ids:
    count = len(log.vocabulary)
    gave_way = np.zeros(count, dtype=np.bool_)
    gave_way[log.other[(log.other >= 0) & (log.other != log.owner)]] = True
    first_us = np.full(count, np.iinfo(np.int64).max)
    for codes in (log.known, log.address, log.visitor, log.other):
        rows = codes >= 0
        np.minimum.at(first_us, codes[rows], log.us[rows])
    return Ids(_levels(log), gave_way, first_us)


def _levels(log: Log) -> Flags:
    """The level of each id: the highest at which it is used."""
    level = np.full(len(log.vocabulary), VISITOR, dtype=np.int8)
    level[log.address[log.address >= 0]] = ADDRESS
    level[log.known[log.known >= 0]] = USER
    return level


def _links(log: Log) -> Links:
    """Pairs of ids that share a row, each with the first time."""
    owner, seen_us = log.owner, log.seen_us
    pieces = []
    for codes in (log.address, log.visitor, log.other):
        rows = np.flatnonzero((codes >= 0) & (codes != owner))
        pieces.append((codes[rows], owner[rows], seen_us[rows]))
    first, second, us = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    order = np.lexsort((us, second, first))
    first, second, us = first[order], second[order], us[order]
    new = np.ones(len(first), dtype=np.bool_)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return Links(first[new], second[new], us[new])


def _marked(count: int, places: Codes) -> Mask:
    marked = np.zeros(count, dtype=np.bool_)
    marked[places] = True
    return marked


def _creations(persons: int, person: Codes, us: Ints, makes_lead: Mask, earlier: int) -> Ints:
    """When each person became a lead, NO_TIME if never; an earlier import's creation stays."""
    created = np.full(persons, np.iinfo(np.int64).max)
    np.minimum.at(created, person[makes_lead], us[makes_lead])
    before = np.full(persons, np.iinfo(np.int64).max)
    old = np.flatnonzero(makes_lead[:earlier])
    np.minimum.at(before, person[old], us[old])
    created = np.where(before != np.iinfo(np.int64).max, before, created)
    return np.asarray(np.where(created == np.iinfo(np.int64).max, NO_TIME, created))


def _known(created_us: Ints, lead: Codes, log: Log, visible_us: Ints, makes_lead: Mask, earlier: int) -> Ints:
    """When each creation (n,) was known: with the row that made it, else at once."""
    rows = np.flatnonzero(makes_lead & (lead >= 0))
    rows = rows[(rows >= earlier) & (log.us[rows] == created_us[lead[rows]])]
    known = np.full(len(created_us), np.iinfo(np.int64).max)
    np.minimum.at(known, lead[rows], visible_us[rows])
    return np.where(known == np.iinfo(np.int64).max, created_us, known)


def _visible(log: Log, people: People, owner: Codes) -> Ints:
    """When each row was known to be of its person: a visitor's row not before the visitor is known."""
    joined = np.append(people.joined_us, NO_TIME)[owner]
    return np.asarray(np.maximum(log.seen_us, joined))


def _ranks(lead: Codes, us: Ints) -> Codes:
    rank = np.empty(len(lead), dtype=np.int32)
    rank[np.lexsort((us, lead))] = np.arange(len(lead), dtype=np.int32)
    return rank


def _renamed(log: Log, people: People, lead_of: Codes, earlier: int) -> dict[str, str]:
    """Ids of earlier leads whose person has another id now."""
    old = np.unique(log.owner[:earlier][log.makes_lead[:earlier]])
    person = people.person[old] if len(old) else old
    old, person = old[person >= 0], person[person >= 0]
    moved = (people.main[person] != old) & (lead_of[person] >= 0)
    names = log.vocabulary.take(pa.array(old[moved])).to_pylist()
    return dict(
        zip(names, log.vocabulary.take(pa.array(people.main[person[moved]])).to_pylist(), strict=True)
    )


def _erased(log: Log, people: People, is_erased: Mask) -> frozenset[str]:
    """All ids of persons who leave: erased ones and testers."""
    rows = np.flatnonzero((people.person >= 0) & np.append(is_erased, False)[people.person])
    return frozenset(log.vocabulary.take(pa.array(rows)).to_pylist())


def _identities(log: Log, people: People, lead_of: Codes, ids: pa.Array) -> pa.Table:
    """Every id of the leads, so that a later export without its link is still read right."""
    lead = np.where(people.person >= 0, np.append(lead_of, NOBODY)[people.person], NOBODY)
    nodes = np.flatnonzero(lead >= 0)
    joined = people.joined_us[nodes]
    return pa.table(
        {
            "lead_id": ids.take(pa.array(lead[nodes])),
            "id": log.vocabulary.take(pa.array(nodes)),
            "level": pa.array(_levels(log)[nodes]),
            "joined_at": pa.array(joined, pa.int64(), mask=joined == NO_TIME),
        }
    )
