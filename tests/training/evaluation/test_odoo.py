"""Odoo's predictive lead scoring: its own test's figures, re-derived, and the behaviours it promises."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.evaluation.odoo import FEWEST_TAGGED, LEAST, MOST, Frequencies, Lead

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
    found = rebuilt(leads)
    assert [found.score(leads[i]) for i in (3, 8, 13)] == [33.49, 7.74, 35.09]


def test_a_lead_without_a_team_is_scored_on_all_teams() -> None:
    leads = [lead(i) for i in range(14)]
    assert rebuilt(leads).score(replace(leads[13], team=None)) == 35.19
    assert rebuilt(leads).score(replace(leads[13], team=4)) == 35.19


def after_live_changes(leads: list[Lead]) -> Frequencies:
    """Lead 4 is lost, restored, won, restored and lost again, then restored; lead 9 is won."""
    found = rebuilt(leads)
    for won in (False, True, False):
        found.close(leads[4], won)
        found.reopen(leads[4], won)
    found.close(leads[9], won=True)
    return found


def test_live_increments_and_another_stage_and_country() -> None:
    leads = [lead(i) for i in range(14)]
    found = after_live_changes(leads)
    moved = [replace(leads[i], stage="new") for i in (3, 8)]
    assert [found.score(m) for m in moved] == [20.87, 2.43]
    assert found.score(replace(moved[1], fields={**moved[1].fields, "country": 1})) == 34.38


def test_email_state_by_parity_and_no_fields_at_all() -> None:
    leads = [lead(i, email="correct" if i % 2 == 0 else "incorrect") for i in range(14)]
    found = after_live_changes(leads)
    assert [found.score(replace(leads[i], stage="new")) for i in (3, 8)] == [4.21, 0.23]
    bare = [lead(i, fields=False) for i in range(14)]
    found = after_live_changes(bare)
    assert [found.score(replace(bare[i], stage="new")) for i in (3, 8)] == [34.38, 50.0]


def test_no_pending_lead_is_sure_and_without_a_stage_or_counts_there_is_no_score() -> None:
    found = Frequencies(STAGES)
    assert found.score(Lead("new", 1)) == 0.0
    found.teams[1] = {("stage", s): [1e7, 1.0] for s in STAGES}
    found.teams[2] = {("stage", s): [1.0, 1e7] for s in STAGES}
    assert (found.score(Lead("new", 1)), found.score(Lead("new", 2))) == (MOST, LEAST)
    assert (MOST, LEAST) == (99.99, 0.01)
    assert found.score(Lead(None, 1)) == 0.0


def test_a_team_learns_nothing_from_another() -> None:
    leads = [lead(i) for i in range(14)]
    found = rebuilt(leads)
    before = found.score(leads[8])
    for _ in range(20):
        found.close(leads[3], won=True)
    assert found.score(leads[8]) == before


def test_a_tag_counts_from_fifty_closed_leads_on() -> None:
    def score(tagged: int) -> float:
        closed = [(Lead("new", 1, {}, ("vip",)), True)] * tagged + [
            (Lead("new", 1, {}, ("other",)), True)
        ] * tagged
        closed += [(Lead("new", 1, {}, ("other",)), False)] * 60
        return Frequencies(STAGES, closed).score(Lead("new", 1, {}, ("vip",)))

    plain = Frequencies(
        STAGES, [(Lead("new", 1), True)] * (2 * FEWEST_TAGGED) + [(Lead("new", 1), False)] * 60
    )
    assert score(FEWEST_TAGGED) > plain.score(Lead("new", 1))
    few = Frequencies(STAGES, [(Lead("new", 1), True)] * 20 + [(Lead("new", 1), False)] * 60)
    assert score(10) == few.score(Lead("new", 1))


FIELDS: st.SearchStrategy[Mapping[str, Any]] = st.fixed_dictionaries(
    {"country": st.sampled_from([None, 0, 1]), "source": st.sampled_from([None, 0, 1])}
)
LEADS = st.builds(Lead, st.sampled_from(STAGES[:3]), st.sampled_from([1, 2]), FIELDS)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(LEADS, st.booleans()), min_size=1, max_size=15), LEADS, st.booleans())
def test_closing_and_reopening_changes_nothing(closed: list[tuple[Lead, bool]], one: Lead, won: bool) -> None:
    found = Frequencies(STAGES, [*closed, (one, won)])
    before = {team: {key: tuple(counts) for key, counts in t.items()} for team, t in found.teams.items()}
    found.close(one, won)
    found.reopen(one, won)
    after = {team: {key: tuple(counts) for key, counts in t.items()} for team, t in found.teams.items()}
    assert after == before


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(LEADS, st.booleans()), min_size=1, max_size=15), LEADS)
def test_a_later_stage_never_lowers_the_score(closed: list[tuple[Lead, bool]], one: Lead) -> None:
    """With a win in the team every stage is counted; one that no closed lead reached drops out and says nothing."""
    found = Frequencies(STAGES, [*closed, (one, True)])
    scores = [found.score(replace(one, stage=stage)) for stage in STAGES[:3]]
    assert scores == sorted(scores)


def test_without_recorded_values_a_field_drops_out() -> None:
    leads = [lead(i) for i in range(14)]
    found = rebuilt(leads)
    unseen = replace(leads[3], fields={**leads[3].fields, "country": 99})
    missing = replace(leads[3], fields={**leads[3].fields, "country": None})
    assert found.score(unseen) == pytest.approx(found.score(missing))
