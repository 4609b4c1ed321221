"""What features learn from training rows: frozen, JSON-ready, part of the bundle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from features import category_rates
from features.attributes import Attribute
from features.category_rates import CategoryTables
from features.interactions import InteractionVocabulary
from features.learn_attributes import learn_attributes
from features.learn_interactions import (
    latest_instants,
    learn_interaction_vocabulary,
    learn_stage_medians,
)
from features.stages import NEVER
from history import config
from history.config import FunnelConfig
from history.history import DAY_US
from history.snapshot import Snapshot

YEAR_US = 365 * DAY_US


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Stages with their usual days, kinds and channels, attributes with their categories, and frozen category tables.

    stage_medians: median days of each stage, None if too few leads moved on. whole_year: training instants span a year.
    dropped: columns that give no feature, with the reason.
    """

    config: FunnelConfig
    learned_at_us: int
    n_leads: int
    stage_medians: tuple[float | None, ...]
    interactions: InteractionVocabulary
    attributes: tuple[Attribute, ...]
    tables: CategoryTables
    whole_year: bool = False
    dropped: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages with a position, in order; empty if training saw no stage entry."""
        return self.config.stages if self.stage_medians else ()


def learn(snapshot: Snapshot) -> tuple[Vocabulary, CategoryTables]:
    """The vocabulary of training rows, and category tables whose totals depend on each row's instant.

    The history of the snapshot must be cut at T. The vocabulary holds the tables frozen at the history's as_of_us and
    reads each lead no later than its own latest training instant. The order of the rows does not matter.
    """
    history = snapshot.history
    latest = latest_instants(snapshot)
    attributes, tables, dropped = learn_attributes(history, latest)
    span_us = int(np.ptp(snapshot.as_of_us)) if len(snapshot) else 0
    vocabulary = Vocabulary(
        config=history.config,
        learned_at_us=history.as_of_us,
        n_leads=int((latest != NEVER).sum()),
        stage_medians=learn_stage_medians(history, latest),
        interactions=learn_interaction_vocabulary(history, latest),
        attributes=attributes,
        tables=tables.freeze(history.as_of_us),
        whole_year=span_us >= YEAR_US,
        dropped=dropped,
    )
    return vocabulary, tables


def to_dict(vocabulary: Vocabulary) -> dict[str, Any]:
    """JSON-ready values, from which from_dict restores a vocabulary with the same features, to the last bit."""
    return {
        "config": config.to_dict(vocabulary.config),
        "learned_at_us": vocabulary.learned_at_us,
        "n_leads": vocabulary.n_leads,
        "stage_medians": list(vocabulary.stage_medians),
        "spoken": {key: _listed(value) for key, value in asdict(vocabulary.interactions).items()},
        "attributes": [
            {key: _listed(value) for key, value in asdict(a).items()} for a in vocabulary.attributes
        ],
        "tables": vocabulary.tables.to_dict(),
        "whole_year": vocabulary.whole_year,
        "dropped": dict(vocabulary.dropped),
    }


def from_dict(stored: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary of a bundle; further fields of attributes in older bundles are ignored."""
    return Vocabulary(
        config=config.from_dict(stored["config"]),
        learned_at_us=stored["learned_at_us"],
        n_leads=stored["n_leads"],
        stage_medians=tuple(stored["stage_medians"]),
        interactions=InteractionVocabulary(
            **{key: _frozen(value) for key, value in stored["spoken"].items()}
        ),
        attributes=tuple(
            Attribute(**{key.name: _frozen(one[key.name]) for key in fields(Attribute)})
            for one in stored["attributes"]
        ),
        tables=category_rates.from_dict(stored["tables"]),
        whole_year=stored["whole_year"],
        dropped=dict(stored["dropped"]),
    )


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
