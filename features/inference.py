"""What the data says where nobody configured it: the order of stages."""

import numpy as np

from features.event_log import Stages


def stage_order(stages: Stages) -> tuple[str, ...]:
    """Stages by their mean rank of first entry over the leads that entered them, earliest first; ties by name.

    A lead's rank of a stage counts the distinct stages that it entered before: 0 for its first.
    """
    n_stages = len(stages.stage.values)
    if not n_stages:
        return ()
    lead = np.repeat(np.arange(len(stages.offsets) - 1), np.diff(stages.offsets))
    entry = lead * n_stages + stages.stage.codes
    _, first = np.unique(entry, return_index=True)
    first.sort()
    firsts_of = np.bincount(lead[first], minlength=len(stages.offsets) - 1)
    rank = np.arange(len(first)) - np.repeat(np.cumsum(firsts_of) - firsts_of, firsts_of)
    codes = stages.stage.codes[first]
    count = np.bincount(codes, minlength=n_stages)
    total = np.bincount(codes, weights=rank, minlength=n_stages)
    seen = [code for code in range(n_stages) if count[code]]
    return tuple(
        stages.stage.values[c]
        for c in sorted(seen, key=lambda c: (total[c] / count[c], stages.stage.values[c]))
    )
