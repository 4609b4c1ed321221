"""The feature matrix made by an engine: leads fall into parts, each worker computes the rows of its parts."""

import numpy as np

from features.attributes.category_rates import CategoryTables
from features.matrix import FeatureMatrix, build_matrix, plan_of
from features.vocabulary import Vocabulary
from history.base.arrays import Floats
from history.base.engine import Engine
from history.partitions import Needs, Part, split
from history.snapshot import Snapshot


def matrix_on(
    engine: Engine | None, snapshot: Snapshot, vocabulary: Vocabulary, tables: CategoryTables | None = None
) -> FeatureMatrix:
    """`build_matrix` of the snapshot on an engine, equal to the last bit; see there.

    Features of account scope read other leads, so leads of one account stay together for them.
    """
    if engine is None:
        return build_matrix(snapshot, vocabulary, tables)
    plan = plan_of(vocabulary)
    values = np.empty((len(snapshot), len(plan.features)), dtype=np.float64)
    parts = split(snapshot, engine.n_parts, needs_of(vocabulary))
    for rows, of_part in engine.map(_rows_of, (vocabulary, tables), parts):
        values[rows] = of_part
    return FeatureMatrix(values, plan.features, plan.feature_set_id)


def needs_of(vocabulary: Vocabulary) -> Needs:
    """What features and scores read of a history beside its logs."""
    return Needs([attribute.name for attribute in vocabulary.attributes], vocabulary.reads_accounts)


def _rows_of(
    shared: tuple[Vocabulary, CategoryTables | None], part: Part
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats]:
    """Positions of the part's rows in the whole, and their features."""
    return part.rows, build_matrix(part.snapshot, *shared).values
