"""Snapshots split by lead into parts that know nothing of each other, so that other processes can work on them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from history.base.arrays import Ints
from history.config.schema import ACCOUNT
from history.history import History
from history.snapshot import Snapshot, take_leads


@dataclass(frozen=True)
class Part:
    """Some rows of a snapshot over a history of the leads that they need; rows (m,): their positions in the whole."""

    snapshot: Snapshot
    rows: Ints


@dataclass(frozen=True)
class Needs:
    """What work on a part reads beside the logs: attributes by name; accounts: the other leads of a lead's accounts."""

    attributes: Collection[str]
    accounts: bool = False


def split(snapshot: Snapshot, count: int, needs: Needs) -> Iterator[Part]:
    """At most `count` parts that cover the n rows once, each made when it is wanted; a lead's rows stay together.

    Leads fall into parts by a hash of their ids. If accounts are needed, leads that share an account at any time stay
    together, those that have no row in the snapshot included.
    """
    history = snapshot.history
    key = _first_mates(history) if needs.accounts else np.arange(len(history))
    wanted = np.zeros(len(history), dtype=np.bool_)
    wanted[key[snapshot.lead]] = True  # the first leads of accounts with a row
    leads = np.flatnonzero(wanted[key])
    part_of_key = _hashed(history.lead_ids, np.flatnonzero(wanted), count)
    part_of_lead = part_of_key[key[leads]]
    part_of_row = part_of_key[key[snapshot.lead]]
    sent = _reduced(history, needs)
    for number in range(count):
        rows = np.flatnonzero(part_of_row == number)
        if len(rows):
            own = leads[part_of_lead == number]
            place = np.searchsorted(own, snapshot.lead[rows]).astype(np.int64)
            yield Part(Snapshot(take_leads(sent, own), place, snapshot.as_of_us[rows]), rows)


def _hashed(lead_ids: Sequence[str], leads: Ints, count: int) -> Ints:
    """The part (len(lead_ids),) of each of the `leads` by a hash of its id; 0 for the others."""
    part = np.zeros(len(lead_ids), dtype=np.int64)
    part[leads] = [crc32(lead_ids[i].encode()) % count for i in leads.tolist()]
    return part


def _first_mates(history: History) -> Ints:
    """The first lead (n,) of those to which accounts join each lead, over any number of accounts; itself if alone."""
    n, changes = len(history), history.changes
    lead, account = [np.arange(0)], [np.arange(0)]
    numbers: dict[str, int] = {}
    at_creation = history.attributes.get(ACCOUNT)
    if at_creation is not None:
        has = np.flatnonzero(at_creation.codes >= 0)
        own = np.array(
            [numbers.setdefault(text, len(numbers)) for text in at_creation.values], dtype=np.int64
        )
        lead.append(has)
        account.append(own[at_creation.codes[has]])
    if ACCOUNT in changes.attribute.values:
        code = list(changes.attribute.values).index(ACCOUNT)
        moves = np.flatnonzero((changes.attribute.codes == code) & (changes.value.codes >= 0))
        codes, place = np.unique(changes.value.codes[moves], return_inverse=True)
        own = np.array(
            [numbers.setdefault(changes.value.values[c], len(numbers)) for c in codes.tolist()],
            dtype=np.int64,
        )
        lead.append(changes.lead[moves])
        account.append(own[place])
    leads, nodes = np.concatenate(lead), n + np.concatenate(account)
    size = n + len(numbers)
    joined = coo_array((np.ones(len(leads), dtype=np.int8), (leads, nodes)), shape=(size, size))
    _, label = connected_components(joined, directed=False)
    first = np.full(size, n, dtype=np.int64)
    np.minimum.at(first, label[:n], np.arange(n))
    return np.asarray(first[label[:n]])


def _reduced(history: History, needs: Needs) -> History:
    """The history without what nobody reads: further attributes, costs, reports, warnings and ids of interactions."""
    names = {*needs.attributes, *([ACCOUNT] if needs.accounts else [])}
    attributes = {name: column for name, column in history.attributes.items() if name in names}
    interactions = replace(history.interactions, ids=None)
    return replace(
        history, attributes=attributes, interactions=interactions, costs=None, reports={}, warnings=()
    )
