"""One column apart from the others, as the audit sends it to a worker."""

from dataclasses import dataclass, replace

import numpy as np

from history.history import Changes, History, no_changes, no_interactions, no_outcomes, no_stages, offsets_of


@dataclass(frozen=True)
class ColumnPart:
    """A column by name, and a history that has at least its texts and its changes."""

    name: str
    history: History


def column_part(history: History, name: str) -> ColumnPart:
    """The column with nothing but its own texts and changes, for all n leads, which lose their ids."""
    n, column = len(history), history.attributes.get(name)
    reduced = replace(
        history,
        lead_ids=[""] * n,
        attributes={} if column is None else {name: column},
        interactions=no_interactions(n),
        stages=no_stages(n),
        outcomes=no_outcomes(n),
        changes=_changes_of(history, name),
        costs=None,
        reports={},
        lead_known_us=None,
        warnings=(),
        settled=None,
    )
    return ColumnPart(name, reduced)


def _changes_of(history: History, name: str) -> Changes:
    changes, n = history.changes, len(history)
    if name not in changes.attribute.values:
        return no_changes(n)
    rows = np.flatnonzero(changes.attribute.codes == list(changes.attribute.values).index(name))
    return Changes(
        offsets_of(changes.lead[rows], n),
        changes.time_us[rows],
        changes.known_us[rows],
        changes.attribute.take(rows).compact(),
        changes.value.take(rows).compact(),
    )
