"""What is not known by as_of changes nothing: neither a row's features, nor what the model learns of them."""

import json
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.matrix import build_matrix
from features.vocabulary import learn, to_dict
from history.history import LOST, WON
from history.snapshot import Snapshot, cut, open_leads
from history.text.times import DAY_US
from tests.builders.feature_words import words
from tests.builders.leads import lead_histories as made
from tests.builders.leads.lead_histories import CALM, Change, Decision, Entry, Lead, Touch, history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

WORDS = words()


@settings(CALM, max_examples=100)
@given(
    made.leads(),
    made.instants,
    st.integers(1, 10**13),
    st.integers(-(10**13), 0),
    st.sampled_from(["touch", "entry", "decision", "change"]),
)
def test_a_row_known_later_changes_no_feature(
    lead: Lead, as_of: int, delay: int, early: int, what: str
) -> None:
    known = as_of + delay
    time = known + early  # may lie before as_of: recorded late
    later = {
        "touch": replace(lead, touches=[Touch(time, known, "call", "phone", 1, 5.0), *lead.touches]),
        "entry": replace(lead, entries=[Entry(time, known, "demo"), *lead.entries]),
        "decision": replace(lead, decisions=[Decision(time, known, WON), *lead.decisions]),
        "change": replace(lead, changes=[Change(time, known, "plan", "x"), *lead.changes]),
    }[what]
    before, after = (
        build_matrix(Snapshot(history_of([one], as_of), np.array([0]), np.array([as_of])), WORDS)
        for one in (lead, later)
    )
    assert before.values.tobytes() == after.values.tobytes()


@settings(CALM, max_examples=60)
@given(made.histories, made.instants)
def test_a_cut_history_gives_the_same_matrix(leads: list[Lead], as_of: int) -> None:
    history = history_of(leads, LAST_US)
    whole = open_leads(history, as_of)
    seen = open_leads(cut(history, as_of), as_of)
    assert build_matrix(whole, WORDS).values.tobytes() == build_matrix(seen, WORDS).values.tobytes()


def test_later_rows_do_not_change_what_is_learned_or_looked_up() -> None:
    leads = made_leads(400, seed=8)
    as_of = LAST_US - 40 * DAY_US
    future = LAST_US + DAY_US
    grown = [
        replace(
            lead,
            touches=[*lead.touches, Touch(future, future, "unheard of")],
            decisions=[*lead.decisions, Decision(as_of - DAY_US, future, LOST)],
            changes=[*lead.changes, Change(future, future, "owner", "somebody new")],
        )
        for lead in leads
    ] + [Lead(future, {"owner": "owner 1", "brand new column": "1"})]
    learned = []
    for one in (leads, grown):
        history = cut(history_of(one, future), as_of)
        snapshot = Snapshot(history, np.arange(len(history)), history.created_us + 5 * DAY_US)
        snapshot = snapshot.take(snapshot.as_of_us <= as_of)
        vocabulary, tables = learn(snapshot)
        kept = {k: v for k, v in to_dict(vocabulary).items() if k != "dropped"}
        learned.append((json.dumps(kept), build_matrix(snapshot, vocabulary, tables).values.tobytes()))
    assert learned[0] == learned[1]


def test_a_table_read_early_equals_one_learned_early() -> None:
    leads = made_leads(400, seed=9)
    early = LAST_US - 30 * DAY_US
    history = history_of(leads, LAST_US)
    now = Snapshot(history, np.arange(len(history)), np.full(len(history), LAST_US))
    vocabulary, tables = learn(now)
    rows = open_leads(history, early)
    timed = build_matrix(rows, vocabulary, tables)
    past = cut(history, early)
    _, past_tables = learn(Snapshot(past, np.arange(len(past)), np.full(len(past), early)))
    frozen = build_matrix(rows, vocabulary, past_tables.freeze(early))
    assert timed.values.tobytes() == frozen.values.tobytes()
