"""Evidence in a bundle: found again after JSON, given to the values of its group alone."""

import json
import math

from features.catalogue import catalogue
from features.groups import ABOVE
from models.reasons.evidence import Comparison, Evidence, FeatureEvidence
from tests.builders.feature_words import words

FEATURES = catalogue(words())
SIZE = next(feature for feature in FEATURES if feature.name == "attr_size")
TOLD = Comparison(0.41, 412, 0.18, 900)
EVIDENCE = Evidence({"attr_size": FeatureEvidence(75.0, {ABOVE: TOLD})})


def test_only_values_of_the_group_have_evidence() -> None:
    told = {"share_with": 0.41, "n_with": 412, "share_without": 0.18, "n_without": 900}
    assert EVIDENCE.of(SIZE, 75.0) == told
    assert [EVIDENCE.of(SIZE, value) for value in (74.9, math.nan)] == [None, None]
    assert Evidence().of(SIZE, 80.0) is None


def test_json_gives_the_same_evidence() -> None:
    assert Evidence.from_dict(json.loads(json.dumps(EVIDENCE.to_dict()))) == EVIDENCE
