"""What is learned: the same from the same rows in any order, to JSON and back without loss, and tables as by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.category_rates import SHRINKAGE
from features.learn_attributes import learn_attributes
from features.learn_interactions import LEAST_ROWS
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, from_dict, learn, to_dict
from history.history import DAY_US, LOST, OPEN, WON
from history.snapshot import Snapshot, all_leads
from tests.builders import lead_histories as made
from tests.builders.feature_words import words
from tests.builders.lead_histories import CALM, CONFIG, START_US, Decision, Entry, Lead, Touch, history_of
from tests.builders.made_leads import LAST_US, made_leads


def _all(leads: list[Lead], as_of: int = LAST_US) -> Snapshot:
    return all_leads(history_of(leads, as_of), as_of)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_vocabulary_survives_json_to_the_last_bit(seed: int) -> None:
    snapshot = _all(made_leads(300, seed))
    for vocabulary in (learn(snapshot)[0], words()):
        text = json.dumps(to_dict(vocabulary), allow_nan=False)
        again = from_dict(json.loads(text))
        assert json.dumps(to_dict(again)) == text
        before, after = build_matrix(snapshot, vocabulary), build_matrix(snapshot, again)
        assert before.values.tobytes() == after.values.tobytes()
        assert (before.features, before.feature_set_id) == (after.features, after.feature_set_id)


def test_the_order_of_training_rows_does_not_matter() -> None:
    snapshot = _all(made_leads(300, seed=5))
    shuffled = snapshot.take(np.random.default_rng(0).permutation(len(snapshot)))
    assert json.dumps(to_dict(learn(snapshot)[0])) == json.dumps(to_dict(learn(shuffled)[0]))


def test_only_training_leads_are_learned_from() -> None:
    leads = [Lead(START_US, {"c": "seen"}, [Touch(START_US, START_US, "call")] * LEAST_ROWS)] * 20
    other = Lead(START_US, {"c": "unseen"}, [Touch(START_US, START_US, "fax")] * LEAST_ROWS)
    snapshot = _all([*leads, *[other] * 20])
    vocabulary, _ = learn(snapshot.take(np.arange(20)))
    assert vocabulary.interactions.kinds == ("call",)
    assert vocabulary.dropped == {"c": "constant"}
    assert learn(snapshot)[0].interactions.kinds == ("call", "fax")


def test_kinds_need_enough_rows_and_the_rest_is_pooled() -> None:
    touches = [Touch(START_US, START_US, "call")] * LEAST_ROWS + [Touch(START_US, START_US, "fax")]
    interactions = learn(_all([Lead(START_US, {}, touches)]))[0].interactions
    assert (interactions.kinds, interactions.pools_kinds) == (("call",), True)
    assert not interactions.directions
    assert not interactions.values


def test_a_channel_that_only_echoes_a_kind_is_not_counted_twice() -> None:
    def rows(kind: str, channel: str) -> list[Touch]:
        return [Touch(START_US, START_US, kind, channel)] * LEAST_ROWS

    touches = rows("call", "phone") + rows("mail", "web") + rows("form", "web") + rows("chat", "site")
    snapshot = _all([Lead(START_US, {}, [*touches, *rows("chat", "web")])])
    vocabulary, _ = learn(snapshot)
    assert vocabulary.interactions.echoes == ("phone",)
    matrix = build_matrix(snapshot, vocabulary)
    row = dict(zip([f.name for f in matrix.features], matrix.values[0].tolist(), strict=True))
    assert "channel_phone_count" not in row
    counts = [row[f"{name}_count"] for name in ("kind_call", "channel_web", "channel_site", "interactions")]
    assert counts == [LEAST_ROWS, 3 * LEAST_ROWS, LEAST_ROWS, 5 * LEAST_ROWS]
    assert row["last_channel"] == 2 + vocabulary.interactions.channels.index("web")


def test_stage_medians_are_of_leads_that_went_on() -> None:
    def lead(days: int, then: str) -> Lead:
        first = Entry(START_US, START_US, "demo")
        again = Entry(START_US + DAY_US // 2, START_US + DAY_US // 2, "demo")
        return Lead(START_US, {}, entries=[first, again, Entry(START_US + days * DAY_US, START_US, then)])

    onward = [lead(days, "offer") for days in (1, 2, 3, 4, 50)]
    back = [lead(days, "new") for days in (60, 61, 62)]
    vocabulary, _ = learn(_all(onward + back))
    assert vocabulary.stage_medians == (None, 3.0, None)


def test_a_bare_history_still_gives_a_matrix() -> None:
    snapshot = _all([Lead(START_US)])
    vocabulary, tables = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary, tables)
    assert matrix.values.shape == (1, len(matrix.features))
    assert not np.isnan(matrix.values).any()
    assert matrix.features[0].name == "lead_age_days"


def test_no_leads_give_columns_and_no_rows() -> None:
    snapshot = _all([])
    vocabulary, tables = learn(snapshot)
    assert build_matrix(snapshot, vocabulary, tables).values.shape[0] == 0


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
    chosen = learn(_all([Lead(START_US, {"owner": o}) for o in "ab" * 20]))[0].attributes[0]
    assert "win_rate" in chosen.columns
    _, tables, _ = learn_attributes(history, np.full(len(history), LAST_US))
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
    vocabulary, _ = learn(_all(leads))
    tables = vocabulary.tables
    wins = {name: int(tables.wins[row]) for name, row in tables.index["owner"].items()}
    assert wins == {"closer": 5, "opener": 0, "after sales": 0}


def test_reopened_and_lost_leads_are_no_wins() -> None:
    for state in (OPEN, LOST):
        lead = Lead(
            START_US, {"owner": "x"}, decisions=[Decision(START_US + DAY_US, START_US + DAY_US, state)]
        )
        vocabulary, _ = learn(_all([lead] * 10 + [Lead(START_US, {"owner": "y"})] * 10))
        assert vocabulary.tables.base_wins.tolist() == [0]
        assert vocabulary.tables.base_leads.tolist() == [20]
