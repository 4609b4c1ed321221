"""Histories of different leads of one folder as one history: the way back from history.snapshot.take_leads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from history.base.arrays import Ints
from history.history import Factor, History
from history.snapshot import Log, take_leads


def joined(histories: Sequence[History], order: Ints) -> History:
    """All leads of the histories, at least one, which have the same attributes; ids of interactions are left out.

    order (n,): positions among the leads of all of them, one history after the other. What a history has beside its
    leads is that of the first.
    """
    first = histories[0]
    known = [history.lead_known_us for history in histories]
    has_settled = any(history.settled is not None for history in histories)
    every = replace(
        first,
        lead_ids=[lead_id for history in histories for lead_id in history.lead_ids],
        created_us=np.concatenate([history.created_us for history in histories]),
        attributes={
            name: _factor([history.attributes[name] for history in histories]) for name in first.attributes
        },
        interactions=_log([replace(history.interactions, ids=None) for history in histories]),
        stages=_log([history.stages for history in histories]),
        outcomes=_log([history.outcomes for history in histories]),
        changes=_log([history.changes for history in histories]),
        lead_known_us=None
        if first.lead_known_us is None
        else np.concatenate([us for us in known if us is not None]),
        settled=_log([history.decisions for history in histories]) if has_settled else None,
    )
    return take_leads(every, order)


def _log(logs: Sequence[Log]) -> Log:
    """The rows of each log's leads, one log after the other."""
    lengths = np.concatenate([np.diff(log.offsets) for log in logs])
    columns: dict[str, Any] = {"offsets": np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)}
    for name, column in vars(logs[0]).items():
        if isinstance(column, Factor):
            columns[name] = _factor([getattr(log, name) for log in logs])
        elif name != "offsets" and column is not None:
            columns[name] = np.concatenate([getattr(log, name) for log in logs])
    return replace(logs[0], **columns)


def _factor(factors: Sequence[Factor]) -> Factor:
    """The texts of all factors, one after the other, over common values."""
    place: dict[str, int] = {}
    codes = []
    for factor in factors:
        recode = [place.setdefault(text, len(place)) for text in factor.values]
        codes.append(np.array([*recode, -1], dtype=np.int32)[factor.codes])
    return Factor(np.concatenate(codes), list(place))
