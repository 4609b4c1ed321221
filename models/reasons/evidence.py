"""Evidence of reasons: shares won of the training leads like this one in a feature, and of all others."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from functools import cached_property
from typing import Any

from features.feature import Feature
from features.groups import group_of


@dataclass(frozen=True)
class Comparison:
    """Shares won within the horizon, of training rows in a group and of all others, and their numbers of leads."""

    share_with: float
    n_with: int
    share_without: float
    n_without: int

    @cached_property
    def record(self) -> dict[str, Any]:
        """As a reason's `evidence`."""
        return {
            "share_with": self.share_with,
            "n_with": self.n_with,
            "share_without": self.share_without,
            "n_without": self.n_without,
        }


@dataclass(frozen=True)
class FeatureEvidence:
    """The groups of one feature whose shares differ beyond chance. split: where a number's groups part."""

    split: float | None
    groups: Mapping[int, Comparison]


@dataclass(frozen=True)
class Evidence:
    """The evidence of a model's features, by name; those without any group that tells are absent."""

    features: Mapping[str, FeatureEvidence] = field(default_factory=dict)

    def of(self, feature: Feature, value: float) -> dict[str, Any] | None:
        """The comparison of the value's group, if it tells."""
        known = self.features.get(feature.name)
        if known is None:
            return None
        comparison = known.groups.get(group_of(feature, value, known.split))
        return None if comparison is None else comparison.record

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            name: {
                "split": known.split,
                "groups": {str(group): list(astuple(one)) for group, one in known.groups.items()},
            }
            for name, known in self.features.items()
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Evidence":
        """The inverse of to_dict; a bundle of an older version has none."""
        return cls({name: _read(known) for name, known in content.items()})


def _read(content: Mapping[str, Any]) -> FeatureEvidence:
    groups = {int(group): Comparison(*values) for group, values in content["groups"].items()}
    return FeatureEvidence(content["split"], groups)
