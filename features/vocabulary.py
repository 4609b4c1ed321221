"""What features learn from training rows, and nothing else: frozen, JSON, carried in the bundle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from features import category_rates as category_tables
from features.attributes import Attribute
from features.category_rates import CategoryTables
from features.interactions import Spoken
from features.learn_attributes import learn_attributes
from features.learn_interactions import latest_instants, learn_spoken, learn_stage_medians
from features.stages import NEVER
from history import config
from history.config import FunnelConfig
from history.history import DAY_US
from history.snapshot import Snapshot

YEAR_US = 365 * DAY_US


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The model's words: stages and their usual days, kinds and channels, attributes and categories, frozen tables.

    stage_medians holds one entry a stage, None where too few leads went on. whole_year says that training instants span
    a year. dropped names what gives no feature, and why.
    """

    config: FunnelConfig
    learned_at_us: int
    n_leads: int
    stage_medians: tuple[float | None, ...]
    spoken: Spoken
    attributes: tuple[Attribute, ...]
    tables: CategoryTables
    whole_year: bool = False
    dropped: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that have a position, in order; none where training saw no stage entry."""
        return self.config.stages if self.stage_medians else ()


def learn(snapshot: Snapshot) -> tuple[Vocabulary, CategoryTables]:
    """The vocabulary of training rows, and tables whose look-up depends on each row's instant.

    The snapshot's history must be cut at T already; the vocabulary carries the tables frozen at its as_of_us, and reads
    its leads no later than their own training instants. Deterministic, whatever the order of the rows.
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
        spoken=learn_spoken(history, latest),
        attributes=attributes,
        tables=tables.freeze(history.as_of_us),
        whole_year=span_us >= YEAR_US,
        dropped=dropped,
    )
    return vocabulary, tables


def to_dict(vocabulary: Vocabulary) -> dict[str, Any]:
    """The vocabulary as JSON-ready values; from_dict turns it back into one with the same features, to the last bit."""
    return {
        "config": config.to_dict(vocabulary.config),
        "learned_at_us": vocabulary.learned_at_us,
        "n_leads": vocabulary.n_leads,
        "stage_medians": list(vocabulary.stage_medians),
        "spoken": {key: _listed(value) for key, value in asdict(vocabulary.spoken).items()},
        "attributes": [
            {key: _listed(value) for key, value in asdict(a).items()} for a in vocabulary.attributes
        ],
        "tables": vocabulary.tables.to_dict(),
        "whole_year": vocabulary.whole_year,
        "dropped": dict(vocabulary.dropped),
    }


def from_dict(given: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary of a bundle; what older ones hold of an attribute beside is passed over."""
    return Vocabulary(
        config=config.from_dict(given["config"]),
        learned_at_us=given["learned_at_us"],
        n_leads=given["n_leads"],
        stage_medians=tuple(given["stage_medians"]),
        spoken=Spoken(**{key: _frozen(value) for key, value in given["spoken"].items()}),
        attributes=tuple(
            Attribute(**{key.name: _frozen(one[key.name]) for key in fields(Attribute)})
            for one in given["attributes"]
        ),
        tables=category_tables.from_dict(given["tables"]),
        whole_year=given["whole_year"],
        dropped=dict(given["dropped"]),
    )


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
