"""Leads of a folder that is read part by part, kept in memory as one history."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from history.base.arrays import Ints
from history.folder.parts.gather import Gathered, Result
from history.history import History
from history.joined import joined
from history.snapshot import take_leads


class KeptLeads(NamedTuple):
    """The history of leads, and the row numbers (n,) of these in their table."""

    history: History
    rows: Ints

    @classmethod
    def of(cls, history: History, rows: Ints, chosen: Ints | None = None) -> "KeptLeads":
        """All leads of a part's history (n,), or those at `chosen` (k,); rows (n,) are theirs.

        Ids of interactions, which a kept history lacks, go at once: those of a few leads would hold all of the part's.
        """
        history = replace(history, interactions=replace(history.interactions, ids=None))
        return cls(history, rows) if chosen is None else cls(take_leads(history, chosen), rows[chosen])


def kept_history(kept: Sequence[KeptLeads], gathered: Gathered[Result]) -> History:
    """The kept leads in the order of the folder, with the reports and warnings of all."""
    order = np.argsort(np.concatenate([part.rows for part in kept]), kind="stable")
    history = joined([part.history for part in kept], order)
    return replace(history, reports=gathered.reports, warnings=gathered.warnings)
