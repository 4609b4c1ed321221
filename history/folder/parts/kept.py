"""Leads of a folder that is read part by part, kept in memory as one history."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from history.base.arrays import Ints
from history.folder.parts.gather import Gathered, Result
from history.history import History
from history.joined import joined


class KeptLeads(NamedTuple):
    """The history of leads, and the row numbers (n,) of these in their table."""

    history: History
    rows: Ints


def kept_history(kept: Sequence[KeptLeads], gathered: Gathered[Result]) -> History:
    """The kept leads in the order of the folder, with the reports and warnings of all."""
    order = np.argsort(np.concatenate([part.rows for part in kept]), kind="stable")
    history = joined([part.history for part in kept], order)
    return replace(history, reports=gathered.reports, warnings=gathered.warnings)
