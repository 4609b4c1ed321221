"""Past leads and win rates of categories: as they stood at the row's instant, as by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes.category_rates import SHRINKAGE
from features.attributes.learn import learn_attributes
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn
from history.history import LOST, OPEN, WON
from history.snapshot import Snapshot, all_leads
from history.text.times import DAY_US
from tests.builders.feature_words import words
from tests.builders.leads import lead_histories as made
from tests.builders.leads.lead_histories import CALM, CONFIG, START_US, Decision, Lead, history_of
from tests.builders.leads.made_leads import LAST_US
from tests.builders.learned_words import rows_of

decided = st.builds(
    lambda created, owner, decisions: Lead(created, {"owner": owner}, decisions=decisions),
    made.instants,
    st.sampled_from(["a", "b", None]),
    st.lists(made.decisions(), max_size=3),
)
ALWAYS_THERE = [Lead(START_US, {"owner": owner}) for owner in "aabb"]  # so that owners have a table


@settings(CALM, max_examples=150)
@given(st.lists(decided, max_size=6), made.instants)
def test_tables_hold_what_was_known_then(drawn: list[Lead], as_of: int) -> None:
    leads = [*drawn, *ALWAYS_THERE]
    history = history_of(leads, LAST_US)
    snapshot = all_leads(history, LAST_US)
    chosen = learn(rows_of([Lead(START_US, {"owner": o}) for o in "ab" * 20]))[0].attributes[0]
    assert "win_rate" in chosen.columns
    tables = learn_attributes(history, np.full(len(history), LAST_US)).tables
    vocabulary = Vocabulary(
        CONFIG, LAST_US, len(leads), (), words().interactions, (chosen,), tables.freeze(LAST_US)
    )  # fmt: skip
    rows = Snapshot(history, snapshot.lead, np.full(len(snapshot), as_of))
    matrix = build_matrix(rows, vocabulary, tables)
    names = [f.name for f in matrix.features]
    known = [_matured(lead, as_of) for lead in leads]
    everyone = [won for won in known if won is not None]
    for i, lead in enumerate(leads):
        owner = lead.attributes["owner"]
        past, rate = (matrix.values[i, names.index(f"owner_{what}")] for what in ("past_leads", "win_rate"))
        if owner is None:
            assert np.isnan(past)
            assert np.isnan(rate)
            continue
        own = [
            won
            for one, won in zip(leads, known, strict=True)
            if one.attributes["owner"] == owner and won is not None
        ]
        assert past == len(own)
        if not everyone:
            assert np.isnan(rate)
            continue
        base = sum(everyone) / len(everyone)
        assert rate == pytest.approx((sum(own) + SHRINKAGE * base) / (len(own) + SHRINKAGE), rel=1e-12)


def _matured(lead: Lead, as_of: int) -> bool | None:
    """Whether a lead whose horizon has ended by as_of is known then as won within it; None while it has not ended."""
    end = lead.created + CONFIG.horizon_us
    if end > as_of:
        return None
    return any(d.state == WON and d.time <= end and d.known <= as_of for d in lead.decisions)


def test_a_lead_counts_under_its_owner_at_the_decision() -> None:
    handed = made.Change(START_US + 5 * DAY_US, START_US + 5 * DAY_US, "owner", "after sales")
    early = made.Change(START_US + 1 * DAY_US, START_US + 1 * DAY_US, "owner", "closer")
    decision = Decision(START_US + 2 * DAY_US, START_US + 2 * DAY_US, WON)
    lead = Lead(START_US, {"owner": "opener"}, decisions=[decision], changes=[early, handed])
    leads = [lead] * 5 + [Lead(START_US, {"owner": name}) for name in ("opener", "after sales") * 5]
    vocabulary, _ = learn(rows_of(leads))
    tables = vocabulary.tables
    wins = {name: int(tables.wins[row]) for name, row in tables.index["owner"].items()}
    assert wins == {"closer": 5, "opener": 0, "after sales": 0}


def test_reopened_and_lost_leads_are_no_wins() -> None:
    for state in (OPEN, LOST):
        lead = Lead(
            START_US, {"owner": "x"}, decisions=[Decision(START_US + DAY_US, START_US + DAY_US, state)]
        )
        vocabulary, _ = learn(rows_of([lead] * 10 + [Lead(START_US, {"owner": "y"})] * 10))
        assert vocabulary.tables.base_wins.tolist() == [0]
        assert vocabulary.tables.base_leads.tolist() == [20]
