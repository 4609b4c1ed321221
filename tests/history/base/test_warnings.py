"""Warnings as JSON: three keys, and figures only if the warning has them."""

import pickle

from history.base.warnings import Warning, json_of

PLAIN = {"code": "drift", "subject": "city", "detail": "it differs"}


def test_a_plain_warning_has_three_keys() -> None:
    assert Warning("drift", "city", "it differs").to_json() == PLAIN


def test_evidence_and_leads_follow_if_given() -> None:
    warnings = [
        Warning("drift", "city", "it differs", evidence={}),
        Warning("drift", "city", "it differs", leads=3),
    ]
    assert json_of(warnings) == [{**PLAIN, "evidence": {}}, {**PLAIN, "leads": 3}]


def test_warnings_with_evidence_can_be_members_of_a_set() -> None:
    assert len({Warning("a", "b", "c", {"psi": 1.0}), Warning("a", "b", "c", {"psi": 1.0})}) == 1


def test_warnings_travel_between_processes() -> None:
    for warning in (Warning("a", "b", "c", {"psi": 1.0}), Warning("a", "b", "c", leads=3)):
        assert pickle.loads(pickle.dumps(warning)) == warning
