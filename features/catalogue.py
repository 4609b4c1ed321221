"""The catalogue: every column of the feature matrix of one vocabulary, in order, and the digest that names it."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace

from features import attributes
from features import calendar as season
from features import interactions as engagement
from features import stages as progression
from features.feature import Feature, digest
from features.vocabulary import Vocabulary

__all__ = ["Feature", "catalogue", "feature_set_id"]


def catalogue(vocabulary: Vocabulary) -> tuple[Feature, ...]:
    """The features in matrix order: stages, engagement, attributes, calendar; their names are unique."""
    return _unique(
        (
            *progression.features(vocabulary.stages),
            *engagement.features(vocabulary.spoken),
            *attributes.features(vocabulary.attributes),
            *season.features(vocabulary.whole_year),
        )
    )


def feature_set_id(features: Sequence[Feature]) -> str:
    """sha256 of the catalogue's JSON: equal for equal columns, order and wording."""
    text = json.dumps([asdict(f) for f in features], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _unique(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """A name shared by columns of two subjects, such as attributes `x` and `x_week`, gets a digest behind it."""
    counts = Counter(f.name for f in features)
    used: set[str] = set()
    result = []
    for column in features:
        name = (
            column.name
            if counts[column.name] == 1
            else f"{column.name}_{digest(f'{column.subject}|{column.up}')}"
        )
        while name in used:
            name += "_"
        used.add(name)
        result.append(column if name == column.name else replace(column, name=name))
    return tuple(result)
