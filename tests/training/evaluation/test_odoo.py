"""Odoo's predictive lead scoring: the figures of Odoo's own test, and the behaviour of its documentation."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.evaluation.odoo import MAX_PERCENT, MIN_PERCENT, MIN_TAGGED, Frequencies, Lead, Value

STAGES = ["new", "qual", "prop", "won"]
LOST, WON = (0, 1, 5, 6, 11, 12), (2, 7, 10)
ROWS = [  # team, country, state, source, stage
    (1, 0, 0, 0, "new"), (1, 1, 1, 1, "qual"), (1, 2, 2, 2, "prop"), (1, 0, 1, 2, "qual"), (1, 1, 1, 1, "new"),
    (2, 0, 1, 1, "prop"), (2, 0, 1, 2, "qual"), (2, 0, 2, 2, "new"), (2, 0, 1, 2, "qual"), (2, 1, 0, 1, "qual"),
    (3, 1, 1, 1, "prop"), (3, 0, 1, 0, "new"), (3, 1, 2, 2, "new"), (3, 0, 1, 2, "qual"),
]  # fmt: skip
NOT_SET = "not set"


def lead(i: int, fields: bool = True, email: str = NOT_SET) -> Lead:
    team, country, state, source, stage = ROWS[i]
    known = {"country": country, "state": state, "source": source, "email": email, "phone": NOT_SET}
    return Lead(stage, team, known if fields else {})


def rebuilt(leads: list[Lead]) -> Frequencies:
    return Frequencies(STAGES, [(leads[i], False) for i in LOST] + [(leads[i], True) for i in WON])


def test_full_rebuild() -> None:
    leads = [lead(i) for i in range(14)]
    frequencies = rebuilt(leads)
    assert [frequencies.score(leads[i]) for i in (3, 8, 13)] == [33.49, 7.74, 35.09]


def test_lead_without_team_uses_all_teams() -> None:
    leads = [lead(i) for i in range(14)]
    assert rebuilt(leads).score(replace(leads[13], team=None)) == 35.19
    assert rebuilt(leads).score(replace(leads[13], team=4)) == 35.19


def after_live_changes(leads: list[Lead]) -> Frequencies:
    """Lead 4 is lost, restored, won, restored and lost again, then restored; lead 9 is won."""
    frequencies = rebuilt(leads)
    for won in (False, True, False):
        frequencies.close(leads[4], won)
        frequencies.reopen(leads[4], won)
    frequencies.close(leads[9], won=True)
    return frequencies


def test_live_changes_of_stage_and_country() -> None:
    leads = [lead(i) for i in range(14)]
    frequencies = after_live_changes(leads)
    moved = [replace(leads[i], stage="new") for i in (3, 8)]
    assert [frequencies.score(m) for m in moved] == [20.87, 2.43]
    assert frequencies.score(replace(moved[1], fields={**moved[1].fields, "country": 1})) == 34.38


def test_email_state_and_leads_without_fields() -> None:
    leads = [lead(i, email="correct" if i % 2 == 0 else "incorrect") for i in range(14)]
    frequencies = after_live_changes(leads)
    assert [frequencies.score(replace(leads[i], stage="new")) for i in (3, 8)] == [4.21, 0.23]
    bare = [lead(i, fields=False) for i in range(14)]
    frequencies = after_live_changes(bare)
    assert [frequencies.score(replace(bare[i], stage="new")) for i in (3, 8)] == [34.38, 50.0]


def test_open_leads_are_never_sure() -> None:
    frequencies = Frequencies(STAGES)
    assert frequencies.score(Lead("new", 1)) == 0.0
    frequencies.teams[1] = {Value("stage", stage): [1e7, 1.0] for stage in STAGES}
    frequencies.teams[2] = {Value("stage", stage): [1.0, 1e7] for stage in STAGES}
    assert frequencies.score(Lead("new", 1)) == MAX_PERCENT
    assert frequencies.score(Lead("new", 2)) == MIN_PERCENT
    assert (MAX_PERCENT, MIN_PERCENT) == (99.99, 0.01)
    assert frequencies.score(Lead(None, 1)) == 0.0


def test_teams_do_not_learn_from_each_other() -> None:
    leads = [lead(i) for i in range(14)]
    frequencies = rebuilt(leads)
    before = frequencies.score(leads[8])
    for _ in range(20):
        frequencies.close(leads[3], won=True)
    assert frequencies.score(leads[8]) == before


def closed_leads(count: int, won: bool, *tags: str) -> list[tuple[Lead, bool]]:
    return [(Lead("new", 1, {}, tags), won)] * count


def tagged_score(tagged: int) -> float:
    """Score of a lead with a tag that `tagged` won leads have; as many won and 60 lost leads have another."""
    closed = [
        *closed_leads(tagged, True, "vip"),
        *closed_leads(tagged, True, "other"),
        *closed_leads(60, False, "other"),
    ]
    return Frequencies(STAGES, closed).score(Lead("new", 1, {}, ("vip",)))


def untagged_score(won: int) -> float:
    closed = [*closed_leads(won, True), *closed_leads(60, False)]
    return Frequencies(STAGES, closed).score(Lead("new", 1))


def test_tag_counts_from_50_closed_leads_on() -> None:
    assert tagged_score(MIN_TAGGED) > untagged_score(2 * MIN_TAGGED)
    assert tagged_score(10) == untagged_score(20)


FIELDS: st.SearchStrategy[Mapping[str, Any]] = st.fixed_dictionaries(
    {"country": st.sampled_from([None, 0, 1]), "source": st.sampled_from([None, 0, 1])}
)
LEADS = st.builds(Lead, st.sampled_from(STAGES[:3]), st.sampled_from([1, 2]), FIELDS)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(LEADS, st.booleans()), min_size=1, max_size=15), LEADS, st.booleans())
def test_reopen_undoes_close(closed: list[tuple[Lead, bool]], one: Lead, won: bool) -> None:
    frequencies = Frequencies(STAGES, [*closed, (one, won)])
    before = copy.deepcopy(frequencies.teams)
    frequencies.close(one, won)
    frequencies.reopen(one, won)
    assert frequencies.teams == before


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(LEADS, st.booleans()), min_size=1, max_size=15), LEADS)
def test_later_stage_never_lowers_the_score(closed: list[tuple[Lead, bool]], one: Lead) -> None:
    """A win in the team counts in every stage; a stage that no closed lead reached would drop out."""
    frequencies = Frequencies(STAGES, [*closed, (one, True)])
    scores = [frequencies.score(replace(one, stage=stage)) for stage in STAGES[:3]]
    assert scores == sorted(scores)


def test_unseen_value_counts_like_a_missing_one() -> None:
    leads = [lead(i) for i in range(14)]
    frequencies = rebuilt(leads)
    unseen = replace(leads[3], fields={**leads[3].fields, "country": 99})
    missing = replace(leads[3], fields={**leads[3].fields, "country": None})
    assert frequencies.score(unseen) == pytest.approx(frequencies.score(missing))
