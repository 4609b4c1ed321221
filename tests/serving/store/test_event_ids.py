"""Names of events: the sender's where one was given, else one of ours that finds its row again."""

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.store.database.statements import PreparedQuery, sqlite_driver
from serving.store.event_ids import _INTERACTION_IDS, _NAMES, RowPlace, event_names, named_row
from serving.store.leads.lead_rows import find_leads
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import event

pytest_plugins = ["tests.builders.service.store_fixtures"]


@given(st.integers(0, 2**59), st.integers(0, 2**59))
def test_a_name_of_ours_is_read_back(lead_no: int, row_no: int) -> None:
    place = RowPlace(lead_no, row_no)
    assert named_row(place.name) == place


@pytest.mark.parametrize("text", ["leadcast:1", "leadcast:1-2 ", "leadcast:-1-2", "x-1", "leadcast:1-٣", ""])
def test_other_ids_name_no_row(text: str) -> None:
    assert named_row(text) is None


def test_rows_are_named_by_their_sender_or_by_us(store: Store) -> None:
    put(store, owner="Ann")
    post(store, event("mine", "a", {"kind": "call"}), event("both", "a", {"x": 1, "y": 2}, "attributes"))
    put(store, owner="Bob")
    with store.engine.reading() as connection:
        lead_no = find_leads(connection, ["a"])["a"].lead_no
        names = event_names(connection, lead_no)
        assert names.of_tables({"interactions": [1]}) == {1: "mine"}
        named = names.of_tables({"attribute_changes": [2, 3, 4], "interactions": [1]})
        assert named == {1: "mine", 2: "both", 3: "both", 4: RowPlace(lead_no, 4).name}
        assert names.change_keys[2] == names.change_keys[3]
        assert set(names.change_keys) == {2, 3}
        assert names.of_tables({"stages": []}) == {}


@pytest.mark.parametrize("is_small", [False, True])
def test_few_rows_have_the_same_names(store: Store, is_small: bool) -> None:
    put(store, owner="Ann")
    put(store, "b")
    sent = [event(f"e{i}", "a", {"kind": "call"}) for i in range(4)]
    post(store, *sent, event("s", "a", {"stage": "new"}, "stage"), event("o", "b", {"kind": "call"}))
    with store.engine.reading() as connection:
        names = event_names(connection, 1, is_small=is_small)
        named = names.of_tables(
            {"interactions": [2, 4], "stages": [5], "outcomes": [], "attribute_changes": [9]}
        )
        if is_small:
            assert names.of_rows([2, 4, 5, 9]) == named
    assert named == {2: "e1", 4: "e3", 5: "s", 9: RowPlace(1, 9).name}


@pytest.mark.parametrize("query", [_INTERACTION_IDS, _NAMES])
def test_sqlite_finds_rows_of_a_page_by_their_numbers(tmp_path: Path, query: PreparedQuery) -> None:
    """By the key of the table: through another index all rows of the lead would be read."""
    with closing(Store(tmp_path)) as store, store.engine.reading() as connection:
        lists = dict.fromkeys(query._lists, "[1, 2]")
        plan = sqlite_driver(connection).execute(f"EXPLAIN QUERY PLAN {query.text}", {"lead_no": 1, **lists})
        steps = [step[-1] for step in plan]
    by_key = [step for step in steps if "USING PRIMARY KEY (lead_no=? AND row_no=?)" in step]
    assert len(by_key) == len(lists), steps
