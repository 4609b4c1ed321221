"""Values that a model cannot read are named row by row, in a batch as for a lead alone."""

import numpy as np
import pytest

from features.matrix import build_matrix
from history.snapshot import Snapshot, all_leads
from models.doubts.lead_values import ValueCheck, value_check
from tests.builders.leads.lead_histories import START_US, Change, Lead, history_of
from tests.builders.leads.made_leads import LAST_US, made_leads
from tests.builders.learned_words import learned

VOCABULARY = learned(made_leads(200, seed=1)).vocabulary
BAD = {"size": "many", "due": "soon", "agreed": "perhaps"}


@pytest.fixture(scope="module")
def check() -> ValueCheck:
    features = build_matrix(all_leads(history_of([Lead(START_US)], LAST_US), LAST_US), VOCABULARY).features
    return value_check(VOCABULARY.attributes, features, VOCABULARY.dropped)


def _named(check: ValueCheck, snapshot: Snapshot) -> list[tuple[int, str, str]]:
    values = build_matrix(snapshot, VOCABULARY).values
    return sorted((row, warning.code, warning.subject) for row, warning in check.unreadable(values, snapshot))


def test_only_texts_that_are_not_read_are_named(check: ValueCheck) -> None:
    good = {"size": "2,500", "due": "7 Mar 2026", "agreed": "yes", "city": "new"}
    leads = [
        Lead(START_US),
        Lead(START_US, dict(good)),
        Lead(START_US, dict(BAD)),
        Lead(START_US, {"size": "true"}),
    ]
    snapshot = all_leads(history_of(leads, LAST_US), LAST_US)
    named = [(2, "unreadable_value", name) for name in sorted(BAD)]
    assert _named(check, snapshot) == [*named, (3, "unreadable_value", "size")]
    for row in range(len(leads)):
        alone = all_leads(history_of([leads[row]], LAST_US), LAST_US)
        assert [item[1:] for item in _named(check, alone)] == [
            item[1:] for item in _named(check, snapshot) if item[0] == row
        ]


def test_value_counts_as_valid_at_the_instant(check: ValueCheck) -> None:
    changes = [
        Change(START_US + 10, START_US + 10, "size", "many"),
        Change(START_US + 20, START_US + 20, "size", "7"),
    ]
    history = history_of([Lead(START_US, {"size": "5"}, changes=changes)], LAST_US)
    instants = np.array([START_US + 5, START_US + 15, START_US + 25], dtype=np.int64)
    snapshot = Snapshot(history, np.zeros(3, dtype=np.int64), instants)
    assert _named(check, snapshot) == [(1, "unreadable_value", "size")]


def test_long_value_is_cut(check: ValueCheck) -> None:
    snapshot = all_leads(history_of([Lead(START_US, {"size": "x" * 500})], LAST_US), LAST_US)
    ((_, warning),) = check.unreadable(build_matrix(snapshot, VOCABULARY).values, snapshot)
    assert len(warning.detail) < 160


def test_misspelt_names(check: ValueCheck) -> None:
    assert [w.subject for w in check.misnamed(["Size", "colour", "due"], ())] == ["Size"]
    assert check.misnamed(["Size", "size"], ()) == []
    assert check.misnamed(["Owner"], ("owner",)) == []


def test_misspelt_names_of_changes(check: ValueCheck) -> None:
    """`Owner` in attribute_changes was a second attribute, though the lead had an owner."""
    named = {w.subject: w.detail for w in check.misnamed_changes(["Owner", "size", "colour", "Due"])}
    assert sorted(named) == ["Due", "Owner"]
    assert "did you mean 'owner'?" in named["Owner"]


def test_misspelt_names_of_values_to_store(check: ValueCheck) -> None:
    assert [w.subject for w in check.misnamed_values(["Size", "Owner", "colour"], ())] == ["Owner", "Size"]
    assert check.misnamed_values(["Size", "size", "Owner"], ("owner",)) == []


def test_date_that_stands_for_none_is_named_as_such(check: ValueCheck) -> None:
    snapshot = all_leads(history_of([Lead(START_US, {"due": "1899-12-30"})], LAST_US), LAST_US)
    ((_, warning),) = check.unreadable(build_matrix(snapshot, VOCABULARY).values, snapshot)
    assert "stands for no date and counts as missing" in warning.detail
