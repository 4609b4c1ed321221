"""Entries: the text of an attribute that is valid at an instant, after changes."""

import numpy as np

from features.attributes.entries import text_at
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import START_US, Change, Lead, history_of
from tests.builders.leads.made_leads import LAST_US


def test_a_mutable_attribute_is_read_from_its_changes_only() -> None:
    change = Change(START_US + DAY_US, START_US + 2 * DAY_US, "score", "7")
    history = history_of([Lead(START_US, {"score": "5"}, changes=[change])], LAST_US)
    at = [START_US, START_US + DAY_US, START_US + 2 * DAY_US]
    seen = text_at(history, "score", np.zeros(3, dtype=np.int64), np.array(at))
    assert [seen.text(i) for i in range(3)] == [None, None, "7"]


def test_the_latest_visible_change_holds_and_an_empty_one_clears() -> None:
    day = [START_US + k * DAY_US for k in range(6)]
    changes = [
        Change(day[3], day[3], "plan", None),
        Change(day[1], day[5], "plan", "known late"),
        Change(day[2], day[2], "plan", "first of the day"),
        Change(day[2], day[2], "plan", "last of the day"),
    ]
    history = history_of([Lead(day[0], {"plan": "base"}, changes=changes)], LAST_US)
    seen = text_at(history, "plan", np.zeros(6, dtype=np.int64), np.array(day))
    assert [seen.text(i) for i in range(6)] == ["base", "base", "last of the day", None, None, None]


def test_equal_texts_of_changes_and_creation_share_a_code() -> None:
    """Groups by owner are made of codes: two codes for one text would show one owner twice."""
    change = Change(START_US + DAY_US, START_US + DAY_US, "owner", "Bob")
    leads = [Lead(START_US, {"owner": "Ann"}, changes=[change]), Lead(START_US, {"owner": "Bob"})]
    seen = text_at(history_of(leads, LAST_US), "owner", np.arange(2), np.full(2, LAST_US))
    assert [seen.text(i) for i in range(2)] == ["Bob", "Bob"]
    assert seen.codes[0] == seen.codes[1]
    assert len(set(seen.values)) == len(seen.values)
