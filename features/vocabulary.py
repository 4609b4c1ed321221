"""The vocabulary: everything that features learn from training rows, frozen and carried in the bundle as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from features.attributes import category_rates, combinations
from features.attributes.attributes import Attribute
from features.attributes.category_rates import CategoryTables
from features.attributes.combinations import NO_COMBINATIONS, Combinations
from features.attributes.learn import learn_attributes
from features.instants import NO_INSTANT, latest_instants
from features.interactions.interactions import InteractionVocabulary
from features.interactions.learn import learn_interactions
from features.stages.learn import learn_stage_medians
from history.bulk_creations import BulkDay, bulk_days
from history.config import config
from history.config.config import FunnelConfig
from history.config.declared_features import ACCOUNT_SCOPE, DeclaredFeature, declared_features
from history.snapshot import Snapshot
from history.text.times import DAY_US

YEAR_US = 365 * DAY_US


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """A model's stages and their usual days, kinds and channels, attributes and categories, and frozen tables.

    stage_medians: usual days by stage, None if too few leads went on; whole_year: training instants span a year;
    dropped: attribute without a feature -> reason; identity: attribute that identifies a lead -> form of its values;
    bulk_days: of the leads known at T, whose ages are not learned; combinations: none until training has chosen some.
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
    identity: Mapping[str, str] = field(default_factory=dict)
    bulk_days: tuple[BulkDay, ...] = ()
    combinations: Combinations = NO_COMBINATIONS

    @cached_property
    def declared(self) -> tuple[DeclaredFeature, ...]:
        """The features that the funnel declares."""
        return declared_features(self.config.features)

    @property
    def reads_accounts(self) -> bool:
        """True if a declared feature reads the rows of other leads of the account."""
        return any(feature.scope == ACCOUNT_SCOPE for feature in self.declared)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages with a position, in order; () if training saw no stage entry."""
        return self.config.stages if self.stage_medians else ()


class Learned(NamedTuple):
    """The vocabulary of training rows, and category tables that training rows look up at their own instants."""

    vocabulary: Vocabulary
    tables: CategoryTables


def learn(snapshot: Snapshot) -> Learned:
    """Learns from the training rows of a history that is cut at T.

    The vocabulary carries the tables frozen at T and reads each lead at its latest training instant. The order of the
    rows does not matter.
    """
    history = snapshot.history
    latest = latest_instants(snapshot)
    learned = learn_attributes(history, latest)
    span_us = int(np.ptp(snapshot.as_of_us)) if len(snapshot) else 0
    vocabulary = Vocabulary(
        config=history.config,
        learned_at_us=history.as_of_us,
        n_leads=int((latest != NO_INSTANT).sum()),
        stage_medians=learn_stage_medians(history, latest),
        interactions=learn_interactions(history, latest),
        attributes=learned.attributes,
        tables=learned.tables.freeze(history.as_of_us),
        whole_year=span_us >= YEAR_US,
        dropped=learned.dropped,
        identity=learned.identity,
        bulk_days=bulk_days(history.created_us),
    )
    return Learned(vocabulary, learned.tables)


# ---- JSON. "spoken" is the name of the interactions in bundles since the first version.


def to_dict(vocabulary: Vocabulary) -> dict[str, Any]:
    """The vocabulary as JSON-ready values; from_dict restores one with the same features, to the last bit."""
    return {
        "config": config.to_dict(vocabulary.config),
        "learned_at_us": vocabulary.learned_at_us,
        "n_leads": vocabulary.n_leads,
        "stage_medians": list(vocabulary.stage_medians),
        "spoken": _with_lists(asdict(vocabulary.interactions)),
        "attributes": [_with_lists(asdict(attribute)) for attribute in vocabulary.attributes],
        "tables": vocabulary.tables.to_dict(),
        "whole_year": vocabulary.whole_year,
        "dropped": dict(vocabulary.dropped),
        "identity": dict(vocabulary.identity),
        "bulk_days": [asdict(day) for day in vocabulary.bulk_days],
        "combinations": vocabulary.combinations.to_dict(),
    }


def from_dict(content: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary of a bundle; further keys that older versions wrote for an attribute are ignored."""
    return Vocabulary(
        config=config.from_dict(content["config"]),
        learned_at_us=content["learned_at_us"],
        n_leads=content["n_leads"],
        stage_medians=tuple(content["stage_medians"]),
        interactions=InteractionVocabulary(**_with_tuples(content["spoken"])),
        attributes=tuple(map(_attribute, content["attributes"])),
        tables=category_rates.from_dict(content["tables"]),
        whole_year=content["whole_year"],
        dropped=dict(content["dropped"]),
        identity=dict(content.get("identity", {})),
        bulk_days=tuple(BulkDay(**day) for day in content.get("bulk_days", ())),
        combinations=_combinations(content.get("combinations")),
    )


def _combinations(content: Mapping[str, Any] | None) -> Combinations:
    return combinations.from_dict(content) if content else NO_COMBINATIONS


def _attribute(content: Mapping[str, Any]) -> Attribute:
    known = {key.name: content[key.name] for key in fields(Attribute) if key.name in content}
    return Attribute(**_with_tuples(known))


def _with_lists(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
