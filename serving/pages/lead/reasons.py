"""Reasons of scores in the reader's language: a feature's phrase with its value, and what it does to the chance.

A sentence is made of the feature's wording, its terms and the number behind the reason; in English it is the API's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from features.feature import Feature
from features.groups import ABOVE, BELOW, MISSING
from features.vocabulary import Vocabulary
from features.wording import COUNTED, is_missing
from models.bundle import Bundle
from models.reasons.evidence import Evidence
from serving.pages.lead.feature_values import counted, value_words
from serving.pages.words.catalogue import Translator
from serving.pages.words.names import channel_name, column_name, kind_name

GAP: Final = "\u2026"  # in a name, in place of a value
NUMBER: Final = "number"  # of a reason: the value behind its words, null if it is missing
# Which text says that a feature has no value; for other wordings there is "no value".
WITHOUT: Final[Mapping[str, Sequence[str]]] = {
    "age": ("lead_age_days",),
    "stage": (
        *("stage", "stage_position", "days_in_stage", "furthest_position", "days_to_first_stage"),
        *("days_to_stage", "days_at_stage", "interactions_in_stage"),
    ),
    "move": ("days_since_move", "days_in_previous_stage"),
    "pace": ("stage_pace",),
    "interaction_of": ("days_since",),
    "interaction": (
        *("days_since_first_interaction", "activity_decay_7d", "activity_decay_30d", "activity_trend"),
        *("distinct_kinds", "distinct_channels", "active_days_30d", "longest_silence_days"),
        *("outbound_since_inbound", "value_sum", "value_sum_30d", "last_kind", "last_channel"),
        "interactions_before_creation",
    ),
    "direction": ("share_inbound",),
    "gap": ("median_gap_days",),
    "reply": ("response_hours_mean", "response_hours_last"),
    "wait": ("unanswered_hours",),
    "lead_reply": ("lead_response_hours_mean",),
    "amount": ("value_mean", "value_last"),
    "attribute": (
        *("attribute", "attribute_number", "attribute_days_ahead", "attribute_days_after_creation"),
        *("attribute_weekday", "attribute_week", "attribute_share", "attribute_past_leads"),
        *("attribute_win_rate", "attribute_picks", "attribute_has"),
    ),
    "combination": ("attribute_combination",),
    "change": ("attribute_days_since_change",),
    "creation": ("created_weekday", "created_hour"),
    "declared": ("declared",),
}
_WITHOUT: Final = {wording: name for name, wordings in WITHOUT.items() for wording in wordings}
# How the name among the terms of a feature of interactions is said.
_NAMED: Final = {"kind": kind_name, "channel": channel_name}
YES_OR_NO: Final = ("boolean", "pick")
NAMED_UNITS: Final = ("category", "boolean", "relative_days")  # their phrase is a name and then the value


@dataclass(frozen=True)
class ReasonWords:
    """The words of one model's reasons in one language."""

    translate: Translator
    features: Mapping[str, Feature]
    vocabulary: Vocabulary
    evidence: Evidence

    @classmethod
    def of(cls, bundle: Bundle, translate: Translator) -> "ReasonWords":
        """The words of a model's reasons."""
        features = {feature.name: feature for feature in bundle.features}
        return cls(translate, features, bundle.vocabulary, bundle.evidence)

    def sentence(self, reason: Mapping[str, Any]) -> str:
        """The reason in words; the API's label for one without its number, or of another model."""
        feature = self.features.get(reason["feature"])
        if feature is None or NUMBER not in reason:
            return str(reason["label"])
        value = math.nan if reason[NUMBER] is None else reason[NUMBER]
        is_plural = (
            not is_missing(feature, value)
            and (feature.unit in COUNTED or feature.unit == "trend")
            and abs(value) != 1
            and self.translate.begins_with("reasons.phrase_" + feature.wording, "{value}")
        )
        key = "reasons.raises" if reason["direction"] == "up" else "reasons.lowers"
        return self.translate(key, n=2 if is_plural else 1, phrase=_capital(self.phrase(feature, value)))

    def phrase(self, feature: Feature, value: float) -> str:
        """The feature's noun phrase with a value, or the one for a missing value."""
        if is_missing(feature, value):
            return self._without(feature)
        return self._phrase(feature, value_words(feature, value, self.vocabulary, self.translate))

    def label(self, name: str, english: str) -> str:
        """The name of a feature without a value; `english` is the API's, for one that this model does not have."""
        feature, translate = self.features.get(name), self.translate
        if feature is None:
            return english
        if translate.has(key := "reasons.label_" + feature.wording):
            return _capital(translate(key, **self._terms(feature)))
        if feature.unit in COUNTED:
            noun = translate("values.noun_" + feature.unit.replace(" ", "_"))
            return _capital(self._phrase(feature, noun))
        words, of_value = self._phrase(feature, GAP), f" {translate('reasons.of')} {GAP}"
        if words.endswith(of_value):
            words = words.removesuffix(of_value)
        elif feature.subject and feature.unit in NAMED_UNITS:
            words = words.removesuffix(f" {GAP}")
        for article in translate("reasons.articles").split():
            words = words.removeprefix(f"{article} ")
        return _capital(words.removesuffix(","))

    def comparison(self, reason: Mapping[str, Any]) -> str | None:
        """The evidence of a reason in words; None without."""
        record = reason.get("evidence")
        known, feature = self.evidence.features.get(reason["feature"]), self.features.get(reason["feature"])
        if record is None or known is None or feature is None:
            return None
        groups = [group for group, comparison in known.groups.items() if comparison.record == record]
        if not groups:
            return None
        formats = self.translate.formats
        return self.translate(
            "reasons.comparison",
            words=self._group(feature, groups[0], known.split).removesuffix(","),
            share_with=formats.percent(record["share_with"]),
            share_without=formats.percent(record["share_without"]),
            n_with=record["n_with"],
            n_without=record["n_without"],
        )

    def _group(self, feature: Feature, group: int, split: float | None) -> str:
        """A group of training rows as a noun phrase (features/groups.py)."""
        if feature.kind == "category":
            return self.phrase(feature, float(group))
        if group == MISSING or split is None:
            return self._without(feature)
        if feature.unit in YES_OR_NO:
            return self.phrase(feature, float(group == ABOVE))
        if group == BELOW and split == 1 and feature.unit in COUNTED:
            return self._phrase(feature, counted(feature.unit, 0.0, self.translate))
        less = "fewer_than" if feature.unit in COUNTED else "less_than"
        value = value_words(feature, split, self.vocabulary, self.translate)
        bound = "at_least" if group == ABOVE else less
        return self._phrase(feature, self.translate("reasons." + bound, value=value))

    def _phrase(self, feature: Feature, value: str) -> str:
        return self.translate("reasons.phrase_" + feature.wording, value=value, **self._terms(feature))

    def _without(self, feature: Feature) -> str:
        return self.translate("reasons.no_" + _WITHOUT.get(feature.wording, "value"), **self._terms(feature))

    def _terms(self, feature: Feature) -> dict[str, Any]:
        terms = dict(feature.terms)
        sort = terms.get("of")
        named = column_name if feature.wording.startswith("attribute") else _NAMED.get(str(sort))
        if named is not None:
            for term in ("name", "first", "second"):
                if term in terms:
                    terms[term] = named(str(terms[term]), self.translate)
        if sort is not None:
            terms["of"] = "" if sort == "any" else " " + self.translate("reasons.of_" + str(sort), **terms)
        return terms


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
