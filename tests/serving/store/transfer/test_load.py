"""Loading a folder: the store equals the folder, however often it is loaded."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history.base.errors import InvalidInput
from history.base.progress import no_progress
from history.config.config import FunnelConfig
from history.read import read_records
from serving.base.limits import MAX_KEY
from serving.store.store import Store
from serving.store.transfer.load import load_history
from tests.builders.service.store_fakes import Clock, contents
from tests.builders.service.store_folder import FAR_US, LEADS, TABLES, load, read, write_folder

if TYPE_CHECKING:
    from tests.builders.service.store_fixtures import Server

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_store_equals_the_folder_at_any_time(store: Store, folder: Path) -> None:
    load(store, folder)
    for as_of_us in (FAR_US, 1_767_700_000_000_000, 1_768_500_000_000_000, 1_772_000_000_000_000):
        expected = read(folder, as_of_us)
        stored = store.read_all(as_of_us)
        assert contents(stored) == contents(expected)
        assert stored.config == expected.config


def test_loading_again_adds_nothing(store: Store, folder: Path) -> None:
    first = load(store, folder)
    before = contents(store.read_all(FAR_US))
    again = load(store, folder)
    assert first.leads == 3
    assert first.rows == {"interactions": 5, "stages": 2, "outcomes": 4, "attribute_changes": 2}
    assert again.leads == 0
    assert set(again.rows.values()) == {0}
    assert contents(store.read_all(FAR_US)) == before


def test_nul_in_a_text_becomes_a_replacement_character(store: Store, tmp_path: Path) -> None:
    """PostgreSQL cannot store NUL: it refused the whole load."""
    tables = {name: [dict(row) for row in rows] for name, rows in TABLES.items()}
    tables["leads"][0] |= {"owner": "An\0n", "note": "\0"}
    tables["interactions"][0] |= {"kind": "ca\0ll", "channel": "\0"}
    tables["stages"][0]["stage"] = "ne\0w"
    tables["outcomes"][2]["reason"] = "pri\0ce"
    tables["attribute_changes"][0] |= {"attribute": "sta\0te", "value": "B\0ob"}
    with_nul = write_folder(tmp_path / "with_nul", tables)
    load(store, with_nul)
    stored = store.read_all(FAR_US)
    assert contents(stored) == contents(read(with_nul))
    assert "ca\ufffdll" in stored.interactions.kind.values
    assert set(load(store, with_nul).rows.values()) == {0}


def test_more_rows_of_known_leads_are_added(store: Store, tmp_path: Path) -> None:
    load(
        store,
        write_folder(tmp_path / "one", {"leads": LEADS[:2], "interactions": TABLES["interactions"][:1]}),
    )
    load(store, write_folder(tmp_path / "all", TABLES))
    assert contents(store.read_all(FAR_US)).keys() == contents(read(tmp_path / "all")).keys()
    assert len(store.read_all(FAR_US).interactions.time_us) == 5


def test_new_value_of_a_stored_lead_is_a_change_now(store: Store, tmp_path: Path, clock: Clock) -> None:
    load(store, write_folder(tmp_path / "one", {"leads": LEADS}))
    today = [{**LEADS[0], "owner": "Cid"}, *LEADS[1:]]
    assert load(store, write_folder(tmp_path / "two", {"leads": today})).attributes_changed == 1
    assert load(store, tmp_path / "two").attributes_changed == 0
    assert load(store, tmp_path / "one").attributes_changed == 0
    history = store.read_all(FAR_US)
    assert history.attributes["owner"].text(0) == "Ann"
    assert [history.changes.value.text(0), history.changes.known_us.tolist()] == ["Cid", [clock.now_us]]


def test_contradicting_created_at_is_reported_only(store: Store, tmp_path: Path) -> None:
    load(store, write_folder(tmp_path / "one", {"leads": LEADS}))
    other = [{**lead, "created_at": "2026-01-03"} for lead in LEADS]
    loaded = load(store, write_folder(tmp_path / "two", {"leads": other}))
    assert (loaded.conflict_count, loaded.conflicts) == (3, ["b", "a", "=c"])
    assert store.read_all(FAR_US).created_us.tolist() == read(tmp_path / "one").created_us.tolist()


row = st.fixed_dictionaries(
    {
        "lead_id": st.sampled_from(["a", "b"]),
        "occurred_at": st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-02T00:00:01Z"]),
        "kind": st.sampled_from(["x", "y"]),
        "interaction_id": st.sampled_from(["", "", "1", "2"]),
        "recorded_at": st.sampled_from(["", "2026-01-03"]),
        "value": st.sampled_from(["", "1", "1.5"]),
    }
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(row, max_size=6), more=st.lists(row, max_size=6))
def test_order_and_repetition_of_loads_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, first: list[dict[str, str]], more: list[dict[str, str]]
) -> None:
    base = tmp_path_factory.mktemp("load")
    leads = [{"lead_id": name, "created_at": "2026-01-01"} for name in ("a", "b")]
    both = write_folder(base / "both", {"leads": leads, "interactions": first + more})
    one = write_folder(base / "one", {"leads": leads, "interactions": first})
    stores = [Store(base / "home1", now_us=Clock()), Store(base / "home2", now_us=Clock())]
    load(stores[0], both)
    for folder in (one, both, one):
        load(stores[1], folder)
    counts = [len(store.read_all(FAR_US).interactions.time_us) for store in stores]
    assert counts[0] == counts[1] == len(read(both).interactions.time_us)
    for store in stores:
        store.close()


@pytest.mark.long
def test_too_long_interaction_ids_name_their_first_lead(
    tmp_path: Path, postgres: "Server", clock: Clock
) -> None:
    touch = {"kind": "call", "occurred_at": "2026-01-05T10:00:00Z"}
    lead = {"lead_id": "b", "created_at": "2026-01-02T00:00:00Z"}
    long = [{**touch, "interaction_id": "x" * MAX_KEY}, {**touch, "interaction_id": "x" * (MAX_KEY + 1)}]
    leads: list[dict[str, Any]] = [{**lead, "lead_id": "a"}, {**lead, "interactions": long}]
    history, _ = read_records(leads, FunnelConfig(), FAR_US)
    with closing(Store(tmp_path / "home", postgres.database(), clock)) as store:
        with pytest.raises(InvalidInput, match=r"^1 interaction_id .* the first one of lead 'b'"):
            load_history(store.engine, history, clock, no_progress)
        assert store.count_leads() == 0
