"""The catalogue: the columns of the feature matrix of one vocabulary, in order, and the digest of the set."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from features import attributes, calendar, interactions, stages
from features.feature import Feature, digest
from features.vocabulary import Vocabulary

__all__ = ["Feature", "catalogue", "feature_set_id"]


def catalogue(vocabulary: Vocabulary) -> tuple[Feature, ...]:
    """The features in matrix order: stages, interactions, attributes, calendar; their names are unique."""
    return _unique(
        (
            *stages.features(vocabulary.stages),
            *interactions.features(vocabulary.interactions),
            *attributes.features(vocabulary.attributes),
            *calendar.features(vocabulary.whole_year),
        )
    )


def feature_set_id(features: Sequence[Feature]) -> str:
    """SHA-256 of the columns in order, equal if they hold the same numbers; wording does not count."""
    columns = [[f.name, f.unit, f.kind, f.direction, f.block, f.subject] for f in features]
    text = json.dumps(columns, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _unique(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Appends a digest to a name that columns of two subjects share, such as attributes `x` and `x_week`."""
    counts = Counter(f.name for f in features)
    used: set[str] = set()
    result = []
    for column in features:
        name = (
            column.name
            if counts[column.name] == 1
            else f"{column.name}_{digest(f'{column.subject}|{column.phrase}')}"
        )
        while name in used:
            name += "_"
        used.add(name)
        result.append(column if name == column.name else replace(column, name=name))
    return tuple(result)
