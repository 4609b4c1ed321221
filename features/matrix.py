"""Snapshot -> FeatureMatrix: one function for one lead or a million, point in time by construction."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features import attributes
from features import calendar as season
from features import interactions as engagement
from features import stages as progression
from features.catalogue import catalogue, feature_set_id
from features.category_rates import CategoryTables
from features.feature import Feature
from features.vocabulary import Vocabulary
from history.arrays import Floats, Ints
from history.compiled import in_chunks
from history.history import History
from history.snapshot import Snapshot


@dataclass(frozen=True)
class FeatureMatrix:
    """values (n, k) float64 in C order, NaN for missing; features (k,) says what each column is."""

    values: Floats
    features: tuple[Feature, ...]
    feature_set_id: str


@dataclass(frozen=True)
class Plan:
    """A vocabulary made ready: the catalogue, the first column of each block, and the blocks' layouts."""

    features: tuple[Feature, ...]
    feature_set_id: str
    engagement_at: int
    attributes_at: int
    season_at: int
    stages: progression.StageOrder
    engagement: engagement.Layout
    attributes: attributes.Layout


@lru_cache(maxsize=16)
def plan_of(vocabulary: Vocabulary) -> Plan:
    """The plan of one vocabulary object, made once."""
    columns = catalogue(vocabulary)
    blocks = [f.block for f in columns]
    stages_end = blocks.count(progression.BLOCK)
    engagement_end = stages_end + blocks.count(engagement.BLOCK)
    return Plan(
        columns,
        feature_set_id(columns),
        stages_end,
        engagement_end,
        engagement_end + blocks.count(attributes.BLOCK),
        progression.stage_order(vocabulary.stages, vocabulary.stage_medians),
        engagement.layout(vocabulary.spoken),
        attributes.layout(vocabulary.attributes, vocabulary.config.zone),
    )


def build_matrix(
    snapshot: Snapshot, vocabulary: Vocabulary, tables: CategoryTables | None = None
) -> FeatureMatrix:
    """The features of every row of a snapshot, in its order, reading only what was known at the row's own instant.

    tables None uses those frozen in the vocabulary (serving, files); training passes the ones that learn returned,
    whose look-up depends on each row's instant. A row's values do not depend on the other rows, to the last bit.
    """
    plan = plan_of(vocabulary)
    values = np.empty((len(snapshot), len(plan.features)), dtype=np.float64)
    if len(snapshot):
        _Filler(snapshot, vocabulary, tables or vocabulary.tables, plan).fill(values)
    return FeatureMatrix(values, plan.features, plan.feature_set_id)


class _Filler:
    """Everything prepared of one history for one plan, and the blocks run over ranges of rows."""

    def __init__(
        self, snapshot: Snapshot, vocabulary: Vocabulary, tables: CategoryTables, plan: Plan
    ) -> None:
        history = snapshot.history
        self.snapshot, self.vocabulary, self.tables, self.plan = snapshot, vocabulary, tables, plan
        self.positions = progression.positions_of(history.stages.stage.values, plan.stages)
        self.talk = engagement.prepare(history, plan.engagement) if vocabulary.spoken.any else None
        self.facts = attributes.prepare(history, plan.attributes, tables) if vocabulary.attributes else None

    def fill(self, values: Floats) -> None:
        in_chunks(len(values), lambda begin, end: self._rows(values[begin:end], begin, end))

    def _rows(self, out: Floats, begin: int, end: int) -> None:
        plan, history = self.plan, self.snapshot.history
        lead, as_of = self.snapshot.lead[begin:end], self.snapshot.as_of_us[begin:end]
        since = self._stages(out, history, lead, as_of)
        if self.talk is not None:
            rows = (lead, as_of, since)
            engagement.fill(out, plan.engagement_at, history, rows, (plan.engagement, self.talk))
        if self.facts is not None:
            given = (plan.attributes, self.facts, self.tables)
            attributes.fill(out, plan.attributes_at, history, (lead, as_of), given)
        config = self.vocabulary.config
        born = history.created_us[lead]
        season.fill(out, plan.season_at, born, as_of, (config.zone, self.vocabulary.whole_year))

    def _stages(self, out: Floats, history: History, lead: Ints, as_of: Ints) -> Ints:
        return progression.fill(
            out, 0, history, (lead, as_of), (self.positions, self.plan.stages.median_days)
        )
