"""Histories of whole values: what is filled within moments was there from the start, the rest are changes."""

import numpy as np

from connectors.deals.attributes import Changes
from connectors.deals.property_history import AT_CREATION_US, in_order

ROWS = [  # lead, after the creation, property, value
    (1, 0, "plan", "x"),
    (0, AT_CREATION_US, "plan", "a"),
    (0, AT_CREATION_US + 1, "plan", "b"),
    (0, AT_CREATION_US + 2, "plan", "b"),
    (0, AT_CREATION_US + 3, "plan", ""),
    (1, 10 * AT_CREATION_US, "city", "Ulm"),
    (0, 5, "other", "y"),
]
CREATED = np.array([1000, 2000])


def test_changes_follow_the_values_after_the_creation() -> None:
    lead, after, name, value = zip(*ROWS, strict=True)
    history = in_order(np.array(lead), CREATED[list(lead)] + np.array(after), name, value)
    changes = Changes()
    first = history.add_changes({"plan": "plan", "city": "town", "none": "none"}, CREATED, {}, changes)
    assert first == {"plan": {0: "a", 1: "x"}, "town": {1: None}}
    assert list(zip(changes.lead, changes.attribute, changes.before, changes.value, strict=True)) == [
        (0, "plan", "a", "b"), (0, "plan", "b", None), (1, "town", None, "Ulm"),
    ]  # fmt: skip
    assert history.names == {"plan", "city", "other"}


def test_values_are_read_in_their_form_of_leads() -> None:
    history = in_order(np.zeros(2, dtype=np.int64), np.array([1000, 10**9]), ["plan"] * 2, ["A", "B"])
    changes = Changes()
    readers = {"plan": lambda values, _lead: [value and value.lower() for value in values]}
    assert history.add_changes({"plan": "plan"}, CREATED, readers, changes) == {"plan": {0: "a"}}
    assert changes.value == ["b"]


def test_rows_of_one_instant_keep_the_order_of_the_file() -> None:
    history = in_order(
        np.zeros(3, dtype=np.int64), np.array([5, 5, 4]), ["p", "p", "q"], ["first", "second", "x"]
    )
    assert history.of("p")[2] == ["first", "second"]
