"""The catalogue: every column of the feature matrix of one vocabulary, in order, and the digest that names it."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from features.attributes import attributes, combinations
from features.attributes.attributes import attribute_features
from features.attributes.combinations import combination_features
from features.calendar import calendar_features
from features.declared.declared import declared_columns
from features.feature import Feature, digest
from features.interactions.interactions import interaction_features
from features.stages.stages import stage_features
from features.vocabulary import Vocabulary

__all__ = ["Feature", "catalogue", "feature_set_id"]


def catalogue(vocabulary: Vocabulary) -> tuple[Feature, ...]:
    """The features in matrix order, with unique names.

    Stages, engagement, attributes, calendar, declared features, combinations of attributes.
    """
    columns = (
        *stage_features(vocabulary.stages),
        *interaction_features(vocabulary.interactions),
        *attribute_features(vocabulary.attributes),
        *calendar_features(vocabulary.whole_year),
        *declared_columns(vocabulary.declared),
        *combination_features(vocabulary.combinations.names),
    )
    return _unique(columns)


def attributes_behind(vocabulary: Vocabulary, features: Sequence[Feature]) -> list[tuple[str, ...]]:
    """The attributes that each feature of the catalogue reads, as the data names them."""
    combined = iter(vocabulary.combinations.names)
    return [
        next(combined) if feature.block == combinations.BLOCK.name else _subject(feature)
        for feature in features
    ]


def _subject(feature: Feature) -> tuple[str, ...]:
    return (feature.subject,) if feature.block == attributes.BLOCK.name else ()


def feature_set_id(features: Sequence[Feature]) -> str:
    """SHA-256 of the columns in order: equal if they hold the same numbers, whatever their wording."""
    columns = [[f.name, f.unit, f.kind, f.direction, f.block, f.subject] for f in features]
    text = json.dumps(columns, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _unique(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Appends a digest to a name shared by columns of two subjects, such as attributes `x` and `x_week`."""
    counts = Counter(feature.name for feature in features)
    used: set[str] = set()
    result = []
    for column in features:
        name = column.name
        if counts[name] > 1:
            name = f"{name}_{digest(f'{column.block}|{column.subject}|{column.unit}')}"
        while name in used:
            name += "_"
        used.add(name)
        result.append(column if name == column.name else replace(column, name=name))
    return tuple(result)
