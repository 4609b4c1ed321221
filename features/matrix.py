"""Snapshot -> FeatureMatrix: one function for one lead or a million, point in time by construction."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from features import calendar
from features.attributes import attributes
from features.attributes.attributes import (
    AttributeInputs,
    AttributeLayout,
    attribute_inputs,
    attribute_layout,
    write_attributes,
)
from features.attributes.category_rates import CategoryTables
from features.attributes.combinations import (
    CombinationInputs,
    CombinationLayout,
    combination_inputs,
    combination_layout,
    write_combinations,
)
from features.calendar import Calendar, write_calendar
from features.catalogue import catalogue, feature_set_id
from features.creation import creation_columns, hide_creation
from features.declared.declared import DeclaredInputs, declared_inputs, write_declared
from features.feature import Feature
from features.interactions import interactions
from features.interactions.interactions import InteractionLayout, interaction_layout
from features.interactions.rows import (
    InteractionInputs,
    Touch,
    Touches,
    Walks,
    interaction_inputs,
    room_for_walks,
    touches_after,
    write_interactions,
    write_touched,
)
from features.stages import stages
from features.stages.stages import StageInputs, StageOrder, stage_inputs, stage_order, write_stages
from features.vocabulary import Vocabulary
from history.base.arrays import Floats, Ints
from history.base.compiled import CHUNK, in_chunks
from history.bulk_creations import BulkDay
from history.config.declared_features import DeclaredFeature
from history.history import History
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
    combinations_at: int
    combinations: CombinationLayout | None  # None without a combination
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
    of_attributes = attribute_layout(vocabulary.attributes, config.zone) if vocabulary.attributes else None
    combined = vocabulary.combinations
    return Plan(
        features=columns,
        feature_set_id=feature_set_id(columns),
        interactions_at=interactions_at,
        attributes_at=attributes_at,
        calendar_at=calendar_at,
        stages=stage_order(vocabulary.stages, vocabulary.stage_medians),
        interactions=interaction_layout(vocabulary.interactions) if vocabulary.interactions.any else None,
        attributes=of_attributes,
        calendar=Calendar(config.zone, vocabulary.whole_year),
        declared_at=calendar_at + blocks.count(calendar.BLOCK.name),
        declared=vocabulary.declared,
        combinations_at=len(columns) - len(combined.names),
        combinations=combination_layout(combined, of_attributes)
        if of_attributes and combined.names
        else None,
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
    values = empty_values(len(snapshot), vocabulary)
    if len(snapshot):
        PreparedHistory(snapshot.history, vocabulary, tables).write(values, snapshot)
    return matrix_of(values, vocabulary)


def empty_values(n: int, vocabulary: Vocabulary) -> Floats:
    """Room (n, k) for the features of n rows."""
    return np.empty((n, len(plan_of(vocabulary).features)), dtype=np.float64)


def matrix_of(values: Floats, vocabulary: Vocabulary) -> FeatureMatrix:
    """Written values (n, k) with what describes them."""
    plan = plan_of(vocabulary)
    return FeatureMatrix(values, plan.features, plan.feature_set_id)


@dataclass(frozen=True, eq=False)
class PreparedHistory:
    """One history read for one vocabulary: its texts are looked up once, for its rows at any instants.

    tables: as in build_matrix.
    """

    history: History
    vocabulary: Vocabulary
    tables: CategoryTables | None = None

    @property
    def reads_times(self) -> bool:
        """True if what is prepared depends on the times of rows, too, and not on their texts alone."""
        return bool(self._plan.declared)

    @cached_property
    def _plan(self) -> Plan:
        return plan_of(self.vocabulary)

    @cached_property
    def _inputs(self) -> "_Inputs":
        history, plan = self.history, self._plan
        tables = self.tables or self.vocabulary.tables
        log, of_touches, of_attributes = history.interactions, plan.interactions, plan.attributes
        attributes = None if of_attributes is None else attribute_inputs(history, of_attributes, tables)
        combined = plan.combinations
        return _Inputs(
            stages=stage_inputs(history, plan.stages),
            interactions=None if of_touches is None else interaction_inputs(log, of_touches),
            attributes=attributes,
            declared=declared_inputs(history, plan.declared) if plan.declared else None,
            combinations=combination_inputs(combined, attributes) if combined and attributes else None,
        )

    def room_for_walks(self) -> Walks | None:
        """Walks to be written over the interactions of one row; None if the model reads none."""
        return None if self._plan.interactions is None else room_for_walks(1, self.history.interactions)

    def write(self, values: Floats, snapshot: Snapshot, walks: Walks | None = None) -> None:
        """Fills values (n, k) with the rows of a snapshot of the history, many rows on several threads.

        walks: of at most CHUNK rows, receives those over their interactions.
        """
        if len(values) <= CHUNK:
            self._write_rows(values, snapshot, walks)
            return
        _ = self._inputs  # before there are several threads

        def write_range(begin: int, end: int) -> None:
            rows = Snapshot(snapshot.history, snapshot.lead[begin:end], snapshot.as_of_us[begin:end])
            self._write_rows(values[begin:end], rows)

        in_chunks(len(values), write_range)

    def touches_after(self, touches: tuple[Touch, ...]) -> Touches | None:
        """Interactions, each of which may follow those of a lead; None if the model reads none."""
        layout = self._plan.interactions
        return None if layout is None else touches_after(self.history.interactions, touches, layout)

    def write_touched(
        self, values: Floats, row: Snapshot, walks: Walks | None, touches: Touches | None
    ) -> None:
        """Adds each of the touches (t,) alone to values (t, k), each row of which has the features of one lead.

        row, walks: the lead at its instant, at which the touches happen. Not if reads_times: declared features read
        interactions, too.
        """
        if walks is None or touches is None:
            return
        plan = self._plan
        write_touched(values, plan.interactions_at, int(row.as_of_us[0]), walks, touches)
        if plan.bulk_days:
            created_us = np.repeat(row.history.created_us[row.lead], len(values))
            hide_creation(values, plan.creation_columns, created_us, plan.bulk_days)

    def _write_rows(self, out: Floats, rows: Snapshot, walks: Walks | None = None) -> None:
        plan, inputs = self._plan, self._inputs
        since_us = write_stages(out, STAGES_AT, rows, inputs.stages)
        if inputs.interactions is not None:
            write_interactions(out, plan.interactions_at, rows, since_us, inputs.interactions, walks)
        if inputs.attributes is not None:
            write_attributes(out, plan.attributes_at, rows, inputs.attributes)
        write_calendar(out, plan.calendar_at, rows, plan.calendar)
        if inputs.declared is not None:
            write_declared(out, plan.declared_at, rows, inputs.declared)
        if inputs.combinations is not None:
            write_combinations(out, plan.combinations_at, rows, inputs.combinations)
        if plan.bulk_days:
            created_us = rows.history.created_us[rows.lead]
            hide_creation(out, plan.creation_columns, created_us, plan.bulk_days)


@dataclass(frozen=True)
class _Inputs:
    """The texts of a history in the terms of each block; None for a block without columns."""

    stages: StageInputs
    interactions: InteractionInputs | None
    attributes: AttributeInputs | None
    declared: DeclaredInputs | None
    combinations: CombinationInputs | None
