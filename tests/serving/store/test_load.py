"""Loading a folder: the store says what the folder says, again and again, and writes it back as it was."""

import csv
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history.config import FunnelConfig
from history.errors import InvalidInput
from history.read import read_folder, read_records
from serving.base.limits import MAX_KEY
from serving.store.events import store_events
from serving.store.leads import PutLead, put_leads
from serving.store.store import Store
from serving.store.transfer import export as store_export
from serving.store.transfer.export import export_folder
from serving.store.transfer.load import Loaded, load_history
from tests.builders.store_fakes import NOW_US, Clock, contents, event, read_events, read_leads, silent

if TYPE_CHECKING:
    from tests.builders.store_fixtures import Server

pytest_plugins = ["tests.builders.store_fixtures"]
FAR_US = 7_258_118_400_000_000

LEADS = [
    {
        "lead_id": "b",
        "created_at": "2026-01-02",
        "owner": "Ann",
        "source": "web",
        "n": "3.0",
        "note": 'a "quoted",\nline',
    },
    {
        "lead_id": "a",
        "created_at": "2026-01-01T10:00:00+02:00",
        "owner": "",
        "source": "",
        "n": "",
        "note": "Zoë",
    },
    {"lead_id": "=c", "created_at": "2026-02-01", "owner": "Bob", "source": "web", "n": "01", "note": ""},
]
TOUCH = {
    "lead_id": "a",
    "occurred_at": "2026-01-05T10:00:00Z",
    "kind": "call",
    "channel": "phone",
    "direction": "inbound",
    "value": "2.5",
    "interaction_id": "",
    "recorded_at": "",
}
TABLES: dict[str, list[dict[str, str]]] = {
    "leads": LEADS,
    "interactions": [
        TOUCH,
        TOUCH,  # equal rows without an id are two
        {**TOUCH, "kind": "email", "interaction_id": "i1"},
        {**TOUCH, "kind": "email", "interaction_id": "i1", "recorded_at": "2026-01-04T00:00:00Z"},
        {**TOUCH, "lead_id": "b", "interaction_id": "i1", "value": "", "recorded_at": "2026-03-01T00:00:00Z"},
        {**TOUCH, "lead_id": "b", "occurred_at": "2025-12-24"},
    ],
    "stages": [
        {"lead_id": "a", "entered_at": "2026-01-06", "stage": "new", "recorded_at": ""},
        {"lead_id": "a", "entered_at": "2026-01-06", "stage": "offer", "recorded_at": "2026-01-09"},
    ],
    "outcomes": [
        {
            "lead_id": "a",
            "outcome": "won",
            "closed_at": "2026-02-01",
            "amount": "10.5",
            "reason": "",
            "recorded_at": "",
        },
        {
            "lead_id": "a",
            "outcome": "open",
            "closed_at": "2026-02-02",
            "amount": "",
            "reason": "back",
            "recorded_at": "",
        },
        {
            "lead_id": "b",
            "outcome": "lost",
            "closed_at": "",
            "amount": "",
            "reason": "price",
            "recorded_at": "2026-03-03",
        },
        {"lead_id": "=c", "outcome": "lost", "closed_at": "", "amount": "", "reason": "", "recorded_at": ""},
        {"lead_id": "=c", "outcome": "open", "closed_at": "", "amount": "", "reason": "", "recorded_at": ""},
    ],
    "attribute_changes": [
        {"lead_id": "a", "changed_at": "2026-01-10", "attribute": "owner", "value": "Bob", "recorded_at": ""},
        {
            "lead_id": "a",
            "changed_at": "2026-01-12",
            "attribute": "owner",
            "value": "",
            "recorded_at": "2026-01-20",
        },
    ],
    "costs": [{"period_start": "2026-01-01", "amount": "100", "channel": "ads", "source": ""}],
}


def write_folder(folder: Path, tables: dict[str, list[dict[str, str]]]) -> Path:
    folder.mkdir()
    for name, rows in tables.items():
        if rows:
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    return folder


def read(folder: Path, as_of_us: int = FAR_US) -> Any:
    return read_folder(folder, as_of_us=as_of_us, now_us=NOW_US)


def load(store: Store, folder: Path) -> Loaded:
    return load_history(store.engine, read(folder), store.now_us, silent)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (folder := write_folder(tmp_path / "crm", TABLES)).joinpath("funnel.toml").write_text(
        '[funnel]\nname = "Acme"\ntimezone = "Europe/Berlin"\nhorizon_days = 30\n[attributes.types]\nn = "category"\n'
    )
    return folder


def test_the_store_says_what_the_folder_says_at_any_time(store: Store, folder: Path) -> None:
    load(store, folder)
    for as_of_us in (FAR_US, 1_767_700_000_000_000, 1_768_500_000_000_000, 1_772_000_000_000_000):
        expected = read(folder, as_of_us)
        found = store.read_all(as_of_us)
        assert contents(found) == contents(expected)
        assert found.config == expected.config


def test_loading_again_adds_nothing(store: Store, folder: Path) -> None:
    first = load(store, folder)
    before = contents(store.read_all(FAR_US))
    again = load(store, folder)
    assert first.leads == 3
    assert first.rows == {"interactions": 5, "stages": 2, "outcomes": 4, "attribute_changes": 2}
    assert again.leads == 0
    assert set(again.rows.values()) == {0}
    assert contents(store.read_all(FAR_US)) == before


def test_a_nul_in_a_text_is_shown_as_a_replacement(store: Store, tmp_path: Path) -> None:
    """No database takes one: PostgreSQL refused the whole load."""
    tables = {name: [dict(row) for row in rows] for name, rows in TABLES.items()}
    tables["leads"][0] |= {"owner": "An\0n", "note": "\0"}
    tables["interactions"][0] |= {"kind": "ca\0ll", "channel": "\0"}
    tables["stages"][0]["stage"] = "ne\0w"
    tables["outcomes"][2]["reason"] = "pri\0ce"
    tables["attribute_changes"][0] |= {"attribute": "sta\0te", "value": "B\0ob"}
    spoiled = write_folder(tmp_path / "spoiled", tables)
    load(store, spoiled)
    found = store.read_all(FAR_US)
    assert contents(found) == contents(read(spoiled))
    assert "ca\ufffdll" in found.interactions.kind.values
    assert set(load(store, spoiled).rows.values()) == {0}


def test_an_export_is_the_same_history_and_loads_without_doubling(
    store: Store, folder: Path, tmp_path: Path, store_url: str | None
) -> None:
    load(store, folder)
    written = export_folder(store.engine, tmp_path / "out", silent)
    assert written["interactions"] == 5
    back = read(tmp_path / "out")
    assert contents(back) == contents(read(folder))
    assert back.config == read(folder).config
    assert back.costs.amount.tolist() == [100.0]
    assert set(load(store, tmp_path / "out").rows.values()) == {0}


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4)
awkward = st.one_of(texts, st.text("\r\n\t\",' ;=", min_size=1, max_size=4))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(awkward, min_size=8, max_size=8))
def test_any_text_comes_back_from_an_export(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    """A bare carriage return once ended the row of whoever read the export: every lead was set aside."""
    base = tmp_path_factory.mktemp("texts")
    lead_id, note, kind, channel, given_id, stage, reason, changed = values
    name = f"L{lead_id}"
    store = Store(base / "home", now_us=Clock())
    store.writer.write(put_leads, PutLead(name, NOW_US - 10**13, {"note": note, "owner": note}))
    data: list[tuple[str, dict[str, Any]]] = [
        ("interaction", {"kind": kind, "channel": channel, "interaction_id": given_id}),
        ("stage", {"stage": stage}),
        ("outcome", {"outcome": "lost", "reason": reason}),
        ("attributes", {"note": changed}),
    ]
    sent = [event(what, name, content, what) for what, content in data]
    assert store.writer.write(store_events, read_events({"events": sent})).accepted == 4
    export_folder(store.engine, base / "out", silent)
    assert contents(read(base / "out")) == contents(store.read_all(FAR_US))
    store.close()


def test_half_an_export_is_no_data_folder(
    store: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, folder)
    whole = tmp_path / "whole"
    export_folder(store.engine, whole, silent)
    order: list[str] = []
    real = store_export._write_csv

    def killed(path: Path, *rest: Any) -> int:
        order.append(path.name)
        if len(order) == len(list(whole.glob("*.csv"))):
            raise KeyboardInterrupt
        return real(path, *rest)

    monkeypatch.setattr(store_export, "_write_csv", killed)
    with pytest.raises(KeyboardInterrupt):
        export_folder(store.engine, tmp_path / "half", silent)
    assert (tmp_path / "half" / "interactions.csv").exists()
    with pytest.raises(InvalidInput, match="leads"):
        read(tmp_path / "half")


def test_more_rows_of_known_leads_are_added(store: Store, tmp_path: Path) -> None:
    load(
        store,
        write_folder(tmp_path / "one", {"leads": LEADS[:2], "interactions": TABLES["interactions"][:1]}),
    )
    load(store, write_folder(tmp_path / "all", TABLES))
    assert contents(store.read_all(FAR_US)).keys() == contents(read(tmp_path / "all")).keys()
    assert len(store.read_all(FAR_US).interactions.time_us) == 5


def test_another_value_of_a_known_lead_is_a_change_at_this_moment(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    load(store, write_folder(tmp_path / "one", {"leads": LEADS}))
    today = [{**LEADS[0], "owner": "Cid"}, *LEADS[1:]]
    assert load(store, write_folder(tmp_path / "two", {"leads": today})).attributes_changed == 1
    assert load(store, tmp_path / "two").attributes_changed == 0
    assert load(store, tmp_path / "one").attributes_changed == 0
    history = store.read_all(FAR_US)
    assert history.attributes["owner"].text(0) == "Ann"
    assert [history.changes.value.text(0), history.changes.known_us.tolist()] == ["Cid", [clock.now_us]]


def test_a_created_at_that_contradicts_the_store_is_told_and_not_taken(store: Store, tmp_path: Path) -> None:
    load(store, write_folder(tmp_path / "one", {"leads": LEADS}))
    other = [{**lead, "created_at": "2026-01-03"} for lead in LEADS]
    loaded = load(store, write_folder(tmp_path / "two", {"leads": other}))
    assert (loaded.conflict_count, loaded.conflicts) == (3, ["b", "a", "=c"])
    assert store.read_all(FAR_US).created_us.tolist() == read(tmp_path / "one").created_us.tolist()


def test_leads_come_in_the_order_asked_for(store: Store, folder: Path) -> None:
    load(store, folder)
    history = read_leads(store, ["=c", "nobody", "a"], FunnelConfig(), FAR_US)
    assert history.lead_ids == ["=c", "a"]
    assert history.interactions.offsets.tolist() == [0, 0, 3]


def test_a_stored_lead_is_the_lead_of_a_request(store: Store, folder: Path) -> None:
    """What the store rebuilds is what the request door makes of the same lead."""
    load(store, folder)
    config = FunnelConfig()
    record = {
        "lead_id": "b",
        "created_at": "2026-01-01T23:00:00Z",
        "owner": "Ann",
        "source": "web",
        "attributes": {"n": "3.0", "note": LEADS[0]["note"]},
        "interactions": [
            {
                "occurred_at": "2026-01-05T10:00:00Z",
                "recorded_at": "2026-03-01T00:00:00Z",
                "kind": "call",
                "channel": "phone",
                "direction": "inbound",
                "interaction_id": "i1",
            },
            {
                "occurred_at": "2025-12-23T23:00:00Z",
                "kind": "call",
                "channel": "phone",
                "direction": "inbound",
                "value": 2.5,
            },
        ],
        "outcome": {"outcome": "lost", "closed_at": "2026-03-02T23:00:00Z", "reason": "price"},
    }
    (expected, refused) = read_records([record], config, FAR_US)
    assert refused == [None]
    found = contents(read_leads(store, ["b"], config, FAR_US))
    wanted = contents(expected)
    for key in ("outcomes.implied", "interactions.ids"):
        found.pop(key), wanted.pop(key)
    assert found == wanted


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
def test_any_two_folders_load_in_either_order_without_doubling(
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
def test_a_server_says_which_interaction_ids_it_cannot_index(
    tmp_path: Path, postgres: "Server", clock: Clock
) -> None:
    touch = {"kind": "call", "occurred_at": "2026-01-05T10:00:00Z"}
    lead = {"lead_id": "b", "created_at": "2026-01-02T00:00:00Z"}
    long = [{**touch, "interaction_id": "x" * MAX_KEY}, {**touch, "interaction_id": "x" * (MAX_KEY + 1)}]
    leads: list[dict[str, Any]] = [{**lead, "lead_id": "a"}, {**lead, "interactions": long}]
    history, _ = read_records(leads, FunnelConfig(), FAR_US)
    with closing(Store(tmp_path / "home", postgres.database(), clock)) as store:
        with pytest.raises(InvalidInput, match=r"^1 interaction_id .* first one of lead 'b'"):
            load_history(store.engine, history, clock, silent)
        assert store.count_leads() == 0
