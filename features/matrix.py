"""Snapshot -> FeatureMatrix: one function for one lead or a million, point in time by construction."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features import calendar
from features.attributes import attributes
from features.attributes.attributes import (
    AttributeLayout,
    attribute_inputs,
    attribute_layout,
    write_attributes,
)
from features.attributes.category_rates import CategoryTables
from features.calendar import Calendar, write_calendar
from features.catalogue import catalogue, feature_set_id
from features.creation import creation_columns, hide_creation
from features.declared.declared import declared_inputs, write_declared
from features.feature import Feature
from features.interactions import interactions
from features.interactions.interactions import (
    InteractionLayout,
    interaction_inputs,
    interaction_layout,
    write_interactions,
)
from features.stages import stages
from features.stages.stages import StageOrder, stage_inputs, stage_order, write_stages
from features.vocabulary import Vocabulary
from history.base.arrays import Floats, Ints
from history.base.compiled import CHUNK, in_chunks
from history.bulk_creations import BulkDay
from history.config.declared_features import DeclaredFeature
from history.snapshot import Snapshot

STAGES_AT = 0  # the first block's first column


@dataclass(frozen=True)
class FeatureMatrix:
    """values (n, k) float64 in C order, NaN for missing; features (k,) describe the columns."""

    values: Floats
    features: tuple[Feature, ...]
    feature_set_id: str


@dataclass(frozen=True)
class Plan:
    """A vocabulary ready for use: the catalogue, and the layout and first column of each block."""

    features: tuple[Feature, ...]
    feature_set_id: str
    interactions_at: int
    attributes_at: int
    calendar_at: int
    stages: StageOrder
    interactions: InteractionLayout | None  # None if training saw no interaction
    attributes: AttributeLayout | None  # None if no attribute has a column
    calendar: Calendar
    declared_at: int
    declared: tuple[DeclaredFeature, ...]
    bulk_days: tuple[BulkDay, ...]
    creation_columns: Ints


@lru_cache(maxsize=16)
def plan_of(vocabulary: Vocabulary) -> Plan:
    """The plan of one vocabulary object, made once."""
    columns = catalogue(vocabulary)
    blocks = [column.block for column in columns]
    interactions_at = STAGES_AT + blocks.count(stages.BLOCK.name)
    attributes_at = interactions_at + blocks.count(interactions.BLOCK.name)
    calendar_at = attributes_at + blocks.count(attributes.BLOCK.name)
    config = vocabulary.config
    has_interactions, has_attributes = vocabulary.interactions.any, bool(vocabulary.attributes)
    return Plan(
        features=columns,
        feature_set_id=feature_set_id(columns),
        interactions_at=interactions_at,
        attributes_at=attributes_at,
        calendar_at=calendar_at,
        stages=stage_order(vocabulary.stages, vocabulary.stage_medians),
        interactions=interaction_layout(vocabulary.interactions) if has_interactions else None,
        attributes=attribute_layout(vocabulary.attributes, config.zone) if has_attributes else None,
        calendar=Calendar(config.zone, vocabulary.whole_year),
        declared_at=calendar_at + blocks.count(calendar.BLOCK.name),
        declared=vocabulary.declared,
        bulk_days=vocabulary.bulk_days,
        creation_columns=creation_columns(columns),
    )


def build_matrix(
    snapshot: Snapshot, vocabulary: Vocabulary, tables: CategoryTables | None = None
) -> FeatureMatrix:
    """The features of every row of a snapshot, in its order, reading only rows known at the row's own instant.

    tables None uses those frozen in the vocabulary (serving, files); training passes those of `learn`, looked up at
    each row's instant. A row's values do not depend on the other rows, to the last bit.
    """
    plan = plan_of(vocabulary)
    values = np.empty((len(snapshot), len(plan.features)), dtype=np.float64)
    if len(snapshot):
        _MatrixWriter(snapshot, plan, tables or vocabulary.tables).write(values)
    return FeatureMatrix(values, plan.features, plan.feature_set_id)


class _MatrixWriter:
    """One history prepared for one plan; writes the blocks over ranges of rows."""

    def __init__(self, snapshot: Snapshot, plan: Plan, tables: CategoryTables) -> None:
        history = snapshot.history
        self.snapshot, self.plan = snapshot, plan
        self.stages = stage_inputs(history, plan.stages)
        self.interactions = self.attributes = None
        if plan.interactions is not None:
            self.interactions = interaction_inputs(history.interactions, plan.interactions)
        if plan.attributes is not None:
            self.attributes = attribute_inputs(history, plan.attributes, tables)
        self.declared = declared_inputs(history, plan.declared) if plan.declared else None

    def write(self, values: Floats) -> None:
        """Fills values (n, k), many rows on several threads."""

        if len(values) <= CHUNK:
            self._write_rows(values, self.snapshot)
            return

        def write_range(begin: int, end: int) -> None:
            rows = Snapshot(
                self.snapshot.history, self.snapshot.lead[begin:end], self.snapshot.as_of_us[begin:end]
            )
            self._write_rows(values[begin:end], rows)

        in_chunks(len(values), write_range)

    def _write_rows(self, out: Floats, rows: Snapshot) -> None:
        plan = self.plan
        since_us = write_stages(out, STAGES_AT, rows, self.stages)
        if self.interactions is not None:
            write_interactions(out, plan.interactions_at, rows, since_us, self.interactions)
        if self.attributes is not None:
            write_attributes(out, plan.attributes_at, rows, self.attributes)
        write_calendar(out, plan.calendar_at, rows, plan.calendar)
        if self.declared is not None:
            write_declared(out, plan.declared_at, rows, self.declared)
        if plan.bulk_days:
            created_us = rows.history.created_us[rows.lead]
            hide_creation(out, plan.creation_columns, created_us, plan.bulk_days)
