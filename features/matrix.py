"""Snapshot -> FeatureMatrix: one function for one lead or a million, point in time by construction."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features import attributes, calendar, interactions, stages
from features.catalogue import catalogue, feature_set_id
from features.category_rates import CategoryTables
from features.feature import Feature
from features.rows import Rows
from features.vocabulary import Vocabulary
from history.arrays import Floats
from history.compiled import in_chunks
from history.snapshot import Snapshot


@dataclass(frozen=True)
class FeatureMatrix:
    """values (n, k) float64 in C order, NaN for missing; features (k,) describe the columns."""

    values: Floats
    features: tuple[Feature, ...]
    feature_set_id: str


@dataclass(frozen=True)
class Plan:
    """The catalogue of a vocabulary, the first column of each block, and the layouts of the blocks.

    The stage block begins at column 0.
    """

    features: tuple[Feature, ...]
    feature_set_id: str
    interactions_at: int
    attributes_at: int
    calendar_at: int
    stages: stages.StageOrder
    interactions: interactions.InteractionLayout
    attributes: attributes.AttributeLayout


@lru_cache(maxsize=16)
def plan_of(vocabulary: Vocabulary) -> Plan:
    """The plan of a vocabulary, computed once for each object."""
    columns = catalogue(vocabulary)
    blocks = [column.block for column in columns]
    interactions_at = blocks.count(stages.BLOCK)
    attributes_at = interactions_at + blocks.count(interactions.BLOCK)
    calendar_at = attributes_at + blocks.count(attributes.BLOCK)
    return Plan(
        columns,
        feature_set_id(columns),
        interactions_at,
        attributes_at,
        calendar_at,
        stages.stage_order(vocabulary.stages, vocabulary.stage_medians),
        interactions.layout(vocabulary.interactions),
        attributes.layout(vocabulary.attributes, vocabulary.config.zone),
    )


def build_matrix(
    snapshot: Snapshot, vocabulary: Vocabulary, tables: CategoryTables | None = None
) -> FeatureMatrix:
    """The features of every row of a snapshot, in its order; each row reads only what was known at its own instant.

    tables: None for those frozen in the vocabulary (serving, files); training passes those returned by `learn`, whose
    totals depend on each row's instant. The values of a row do not depend on the other rows, to the last bit.
    """
    plan = plan_of(vocabulary)
    values = np.empty((len(snapshot), len(plan.features)), dtype=np.float64)
    if len(snapshot):
        filler = _Filler(snapshot, vocabulary, tables or vocabulary.tables, plan)
        in_chunks(len(values), lambda begin, end: filler.fill(values[begin:end], begin, end))
    return FeatureMatrix(values, plan.features, plan.feature_set_id)


class _Filler:
    """Prepares one history for a plan, then fills ranges of rows."""

    def __init__(
        self, snapshot: Snapshot, vocabulary: Vocabulary, tables: CategoryTables, plan: Plan
    ) -> None:
        history = snapshot.history
        self._snapshot, self._vocabulary, self._plan = snapshot, vocabulary, plan
        self._positions = stages.positions_of(history.stages.stage.values, plan.stages)
        self._interactions = (
            interactions.prepare(history, plan.interactions) if vocabulary.interactions.any else None
        )
        self._attributes = (
            attributes.prepare(history, plan.attributes, tables) if vocabulary.attributes else None
        )

    def fill(self, out: Floats, begin: int, end: int) -> None:
        """Writes the features of rows begin:end of the snapshot into out (end - begin, k)."""
        plan, history = self._plan, self._snapshot.history
        rows = Rows(out, self._snapshot.lead[begin:end], self._snapshot.as_of_us[begin:end])
        stage_since_us = stages.fill(rows, 0, history, self._positions, plan.stages.median_days)
        if self._interactions is not None:
            interactions.fill(rows, plan.interactions_at, history, stage_since_us, self._interactions)
        if self._attributes is not None:
            attributes.fill(rows, plan.attributes_at, history, self._attributes)
        zone, whole_year = self._vocabulary.config.zone, self._vocabulary.whole_year
        calendar.fill(rows, plan.calendar_at, history.created_us[rows.lead], zone, whole_year)
