"""Where the rows of merged leads go."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints
from history.folder.tables.raw_table import RawTable
from history.folder.values.columns import texts

NO_LEAD = -1


@dataclass(frozen=True)
class Merges:
    """By code of a lead id, with one entry more for a missing id, (n_ids + 1,): where its rows go, and since when.

    into: index of the survivor among the visible leads, else NO_LEAD. since_us: when the merge was known, 0 for a merge
    without a time, whose rows count as if they had always been the survivor's.
    """

    into: Ints
    since_us: Ints


def merged_ids(outcomes: RawTable) -> list[str]:
    """The ids of leads that a table of outcomes says were merged."""
    ids, into = outcomes.columns.get("lead_id"), outcomes.columns.get("merged_into")
    if ids is None or into is None:
        return []
    lead, survivor = texts(ids), texts(into)
    codes = np.unique(lead.codes[(survivor.codes >= 0) & (lead.codes >= 0)])
    return [lead.values[code] for code in codes.tolist()]


def merges_of(survivor: Ints, since_us: Ints, index: Ints) -> Merges:
    """Follows chains of merges to the last survivor.

    survivor (n_ids + 1,): code of the lead that each id is merged into, else NO_LEAD. index (n_ids + 1,): index of
    each id among the leads that are left. A circle of merges has no survivor.
    """
    root, since_us = survivor.copy(), since_us.copy()
    # Each pass doubles the length of the chains that are followed.
    for _ in range(int(survivor.size).bit_length()):
        goes_on = (root != NO_LEAD) & (root[root] != NO_LEAD)
        if not goes_on.any():
            break
        since_us[goes_on] = np.maximum(since_us[goes_on], since_us[root[goes_on]])
        root[goes_on] = root[root[goes_on]]
    ends = (root != NO_LEAD) & (survivor[root] == NO_LEAD)
    return Merges(np.where(ends, index[root], NO_LEAD), since_us)
