"""Changes of attributes: values at the creation and later ones follow from rows of whole values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.deals.attributes import Changes, Text, add_versions, spelt_as

versions = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, "a", "b"])), max_size=12)


@given(versions)
def test_changes_replayed_from_the_start_give_every_version(rows: list[tuple[int, Text]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    lead, us = np.array([row[0] for row in rows], dtype=np.int64), np.arange(len(rows), dtype=np.int64)
    changes = Changes()
    values = add_versions(changes, "plan", lead, us, [value for _, value in rows])
    moves = {(lead, us): (before, value) for lead, us, before, value in
             zip(changes.lead, changes.us, changes.before, changes.value, strict=True)}  # fmt: skip
    for place, (owner, value) in enumerate(rows):
        before, after = moves.get((owner, place), (values[owner], values[owner]))
        assert before == values[owner]
        values[owner] = after
        assert values[owner] == value
    assert all(before != value for before, value in moves.values())


def test_value_at_creation_is_that_before_the_first_change() -> None:
    changes = Changes()
    changes.add(0, 20, "plan", "b", "c")
    changes.add(0, 10, "plan", "a", "b")
    changes.add(1, 5, "owner", None, "Ann")
    assert changes.at_creation() == {"plan": {0: "a"}, "owner": {1: None}}


def test_removed_value_is_the_empty_text() -> None:
    changes = Changes()
    changes.add(0, 10, "plan", "a", None)
    (row,) = changes.table(["L1"]).to_pylist()
    assert (row["lead_id"], row["value"], row["recorded_at"]) == ("L1", "", None)


@pytest.mark.parametrize(
    ("present", "past", "spelt"),
    [
        (["1", "0", None], ["true", None, "false"], ["1", None, "0"]),
        (["0"], ["true", "false"], ["1", "0"]),
        (["Yes", "No"], ["1", "0"], ["Yes", "No"]),
        (["12000", "7"], ["12000.0", "3.50", "7"], ["12000", "3.5", "7"]),
        (["gold"], ["true", "1"], ["true", "1"]),
        ([None], ["true"], ["true"]),
    ],
)
def test_past_values_are_spelt_as_present_ones(
    present: list[Text], past: list[Text], spelt: list[Text]
) -> None:
    assert spelt_as(present, past) == spelt
