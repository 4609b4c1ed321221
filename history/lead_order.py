"""The order of leads in training: by what is known of them; other ids or another order of rows change nothing."""

from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.history import Factor, History, Log
from history.snapshot import take_leads

ACCOUNT: Final = "account_id"  # an id, too


def by_creation(history: History) -> History:
    """The same history with its leads in order of creation.

    Leads of one instant, such as those of a date without a time, are ordered by their rows and attributes, and by their
    ids only if these are equal.
    """
    order = creation_order(history)
    return history if (order == np.arange(len(order))).all() else take_leads(history, order)


def creation_order(history: History) -> Ints:
    """The positions of the leads (n,) in that order."""
    order = np.argsort(history.created_us, kind="stable")
    tied = _tied(history.created_us[order])
    if not tied.any():
        return order
    leads = order[tied]
    keys = [_rank_of_ids(history, leads)]
    names = sorted(history.attributes.keys() - {ACCOUNT}, reverse=True)
    keys += [_codes(history.attributes[name].take(leads)) for name in names]
    for log in (history.changes, history.outcomes, history.stages, history.interactions):
        keys += [sums[leads] for sums in _sums(log)]
    if history.lead_known_us is not None:
        keys.append(history.lead_known_us[leads])
    # The places of tied leads stay: those of one instant are next to each other.
    order[tied] = leads[np.lexsort((*keys, history.created_us[leads]))]
    return order


def _tied(sorted_us: Ints) -> Mask:
    """Which of these times (n,), in order, occur more than once."""
    same = sorted_us[1:] == sorted_us[:-1]
    return np.concatenate(([False], same)) | np.concatenate((same, [False]))


def _rank_of_ids(history: History, leads: Ints) -> Ints:
    ids = [history.lead_ids[lead] for lead in leads.tolist()]
    rank = np.empty(len(leads), dtype=np.int64)
    rank[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return rank


def _codes(texts: Factor) -> Ints:
    """Codes in the order of the texts."""
    return texts.compact().codes.astype(np.int64)


def _sums(log: Log) -> list[Ints]:
    """Sums over the rows of each lead (n,) that tell leads with different rows apart.

    Sums of whole numbers do not depend on the order of rows; they may pass the largest number and start again.
    """
    columns = [np.ones(len(log.time_us), dtype=np.int64), log.time_us, log.known_us]
    for name, column in vars(log).items():
        if isinstance(column, Factor):
            columns.append((column.compact().codes + 1) * log.time_us)
        elif isinstance(column, np.ndarray) and name not in ("offsets", "time_us", "known_us"):
            columns.append(column.astype(np.float64).view(np.int64))
    ends = [np.concatenate(([0], np.cumsum(column))) for column in columns]
    return [end[log.offsets[1:]] - end[log.offsets[:-1]] for end in ends]
