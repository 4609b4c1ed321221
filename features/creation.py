"""Features that count from a lead's creation: unknown for leads that were created on the day of an import."""

from collections.abc import Sequence

import numpy as np

from features.feature import Feature
from history.base.arrays import Floats, Ints
from history.bulk_creations import BulkDay

_OF_CREATION = frozenset(
    (
        "lead_age_days",
        "days_to_first_stage",
        "days_to_stage",
        "interactions_before_creation",
        "created_weekday",
        "created_hour",
    )
)


def creation_columns(features: Sequence[Feature]) -> Ints:
    """The columns that count from the creation, in order."""
    columns = [
        j
        for j, feature in enumerate(features)
        if feature.name in _OF_CREATION
        or (feature.block == "attributes" and feature.name.endswith("_days_after_creation"))
    ]
    return np.array(columns, dtype=np.int64)


def hide_creation(out: Floats, columns: Ints, created_us: Ints, bulk: Sequence[BulkDay]) -> None:
    """Makes the columns of out (n, k) missing for the rows whose lead was created, created_us (n,), on a bulk day."""
    for day in bulk:
        rows = np.flatnonzero((created_us >= day.first_us) & (created_us <= day.last_us))
        out[np.ix_(rows, columns)] = np.nan
