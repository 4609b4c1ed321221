"""Logs of request records: one row of each interaction_id, implied times of decisions, ignored attributes."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings

from history.config.config import FunnelConfig
from history.history import GONE, LOST, OPEN, WON, Log
from history.read import read_records
from tests.builders.leads.lead_records import DAY_US, NOW_US, TIME, lead, lead_records, plain

CONFIG = FunnelConfig()


def test_ignored_attributes_are_never_read() -> None:
    change = {"attribute": "note", "value": "x", "changed_at": TIME}
    records = [
        lead(
            attributes={"note": "x", "plan": "y"}, attribute_changes=[change, {**change, "attribute": "plan"}]
        )
    ]
    history, _ = read_records(records, replace(CONFIG, ignore=("note",)), NOW_US)
    assert list(history.attributes) == ["plan"]
    assert list(history.changes.attribute.values) == ["plan"]


def test_of_rows_with_one_id_the_one_known_first_counts() -> None:
    rows = [
        {"kind": "late", "occurred_at": TIME, "recorded_at": "2024-01-03T00:00:00Z", "interaction_id": "1"},
        {"kind": "first", "occurred_at": "2024-01-02T00:00:00Z", "interaction_id": "1"},
        {"kind": "tie", "occurred_at": "2024-01-02T00:00:00+00:00", "interaction_id": "1"},
        {"kind": "none", "occurred_at": TIME},
        {"kind": "none", "occurred_at": TIME},
    ]
    history, _ = read_records(
        [lead(interactions=rows), lead(lead_id="b", interactions=rows[:1])], CONFIG, NOW_US
    )
    kinds = [history.interactions.kind.text(i) for i in range(4)]
    assert kinds == ["none", "none", "first", "late"]
    assert history.interactions.offsets.tolist() == [0, 3, 4]


def test_an_outcome_without_a_time_gets_an_implied_one() -> None:
    records = [
        lead(lead_id="a", outcome={"outcome": "won", "recorded_at": "2024-02-01T00:00:00Z"}),
        lead(lead_id="b", outcome={"outcome": "won"}),
        lead(lead_id="c", outcome={"outcome": "open"}),
    ]
    history, _ = read_records(records, CONFIG, NOW_US)
    created = int(history.created_us[0])
    assert history.outcomes.offsets.tolist() == [0, 1, 2, 2]
    assert history.outcomes.time_us.tolist() == [created + 31 * DAY_US, created + CONFIG.horizon_us]
    assert history.outcomes.implied.tolist() == [False, True]
    assert history.outcomes.state.tolist() == [WON, WON] != [OPEN, OPEN]


def test_own_words_of_a_model_are_read() -> None:
    config = replace(CONFIG, outcome_words={"won": ("Signed",), "lost": ("Won",)})
    words = [" signed", "Won", "Lost", "perhaps"]
    records = [lead(lead_id=word, outcome={"outcome": word, "closed_at": TIME}) for word in words]
    history, refusals = read_records(records, config, NOW_US)
    assert history.outcomes.state.tolist() == [WON, LOST, LOST]
    assert [refusal is None for refusal in refusals] == [True, True, True, False]


def test_usual_words_of_outcomes_are_read_as_in_a_folder() -> None:
    words = ["Won", " CLOSED LOST", "verloren", "Merged", "perhaps"]
    records = [lead(lead_id=word, outcome={"outcome": word, "closed_at": TIME}) for word in words]
    history, refusals = read_records(records, CONFIG, NOW_US)
    assert history.outcomes.state.tolist() == [WON, LOST, LOST, GONE]
    assert [refusal is None for refusal in refusals] == [True, True, True, True, False]
    assert refusals[4] is not None
    assert [problem.loc for problem in refusals[4].fields] == [("outcome", "outcome")]


def test_log_in_order_equals_a_shuffled_one() -> None:
    """The fast path of rows already in order takes other branches than a sort."""
    rows = [
        {"kind": kind, "occurred_at": f"2024-01-0{day}T00:00:00Z", "channel": channel}
        for day, kind, channel in ((1, "b", "x"), (2, "a", None), (3, "b", "y"), (4, "c", "x"))
    ]
    for n_leads in (1, 2):
        in_order = [lead(lead_id=f"L{i}", interactions=rows) for i in range(n_leads)]
        shuffled = [lead(lead_id=f"L{i}", interactions=rows[::-1]) for i in range(n_leads)]
        assert plain(read_records(in_order, CONFIG, NOW_US)[0]) == plain(
            read_records(shuffled, CONFIG, NOW_US)[0]
        )


def test_codes_are_of_texts_in_use_after_duplicates_left() -> None:
    rows = [
        {"kind": "a", "occurred_at": TIME, "interaction_id": "1", "recorded_at": "2024-02-01T00:00:00Z"},
        {"kind": "b", "occurred_at": TIME, "interaction_id": "1"},
    ]
    history, _ = read_records([lead(interactions=rows)], CONFIG, NOW_US)
    assert list(history.interactions.kind.values) == ["b"]
    assert history.interactions.kind.codes.tolist() == [0]


@settings(max_examples=60, deadline=None)
@given(leads=lead_records())
def test_rows_of_every_log_are_grouped_and_in_order(leads: list[dict[str, Any]]) -> None:
    history, _ = read_records(leads, CONFIG, NOW_US)
    logs: list[Log] = [history.interactions, history.stages, history.outcomes, history.changes]
    for log in logs:
        assert log.offsets[-1] == len(log.time_us)
        assert (log.known_us >= log.time_us).all()
        for start, stop in pairwise(log.offsets.tolist()):
            assert (np.diff(log.time_us[start:stop]) >= 0).all()
