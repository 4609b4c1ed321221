"""Events: each is accepted once, counted as a duplicate, or rejected with a code; none is lost or doubled."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from starlette.testclient import TestClient

from history.config.config import FunnelConfig
from history.history import GONE, LOST, OPEN, WON
from history.read import read_records
from serving.api.leads.leads import read_lead
from serving.api.rejections import rejections
from serving.base.limits import MAX_ATTRIBUTES, MAX_KEY
from serving.base.problems import Problem
from serving.store import schema as db
from serving.store.events import STORED_IDS_ON_SQLITE, IngestResult, store_events
from serving.store.leads.leads import CONFLICT, CREATED, UNCHANGED, UPDATED, PutLead, put_leads
from serving.store.store import Store
from tests.builders.service import lead_requests as requests
from tests.builders.service.store_fakes import (
    NOW_US,
    Clock,
    FakeRuntime,
    contents,
    event,
    read_events,
    read_leads,
)

pytest_plugins = ["tests.builders.service.store_fixtures"]
FAR_US = 7_258_118_400_000_000
CREATED_US = NOW_US - 86_400_000_000 * 60


def put(store: Store, lead_id: str = "a", **values: Any) -> str:
    return str(store.writer.write(put_leads, PutLead(lead_id, CREATED_US, values)))


def post(store: Store, *events: dict[str, Any]) -> IngestResult:
    result: IngestResult = store.writer.write(store_events, read_events({"events": list(events)}))
    return result


def codes(result: IngestResult) -> list[tuple[int, str]]:
    return [(event.index, event.problems[0].code) for event in result.rejected]


def test_an_interaction_id_has_at_most_max_key_characters(store: Store) -> None:
    """PostgreSQL's refusal of a longer one looked like an outage, and failed all writes of the same commit."""
    put(store)
    draw = random.Random(7)
    longest = "".join(chr(draw.randrange(0x20000, 0x2A6D0)) for _ in range(MAX_KEY))
    touches = [{"kind": "call", "interaction_id": name} for name in (longest, longest, longest + "x")]
    done = post(store, *(event(str(i), "a", touch) for i, touch in enumerate(touches)))
    assert (done.accepted, done.duplicates, codes(done)) == (1, 1, [(2, "invalid")])


def test_each_type_of_event_becomes_its_rows(store: Store, clock: Clock) -> None:
    put(store, owner="Ann", n=3)
    touch = {"kind": "call", "channel": "phone", "direction": "outbound", "value": 2, "interaction_id": "i"}
    done = post(
        store,
        event("1", "a", touch),
        event("2", "a", {"stage": "new"}, "stage"),
        event("3", "a", {"n": 4.0, "owner": None, "vip": True}, "attributes"),
        event("4", "a", {"outcome": "won", "amount": 12.5, "reason": "price"}, "outcome"),
    )
    assert (done.accepted, done.duplicates, done.rejected) == (4, 0, [])
    found = contents(read_leads(store, ["a"], FunnelConfig(), FAR_US))
    assert found["interactions.kind"] == ["call"]
    assert [found["interactions.value"], found["interactions.direction"], found["interactions.ids"]] == [
        [2.0],
        [2],
        ["i"],
    ]
    assert found["stages.stage"] == ["new"]
    assert list(zip(found["changes.attribute"], found["changes.value"], strict=True)) == [
        ("n", "4"),
        ("owner", None),
        ("vip", "true"),
    ]
    assert [found["outcomes.state"], found["outcomes.amount"], found["outcomes.reason"]] == [
        [1],
        [12.5],
        ["price"],
    ]
    assert set(found["interactions.known_us"] + found["stages.known_us"]) == {clock.now_us}


def test_an_event_id_counts_once_whatever_its_body(store: Store, clock: Clock) -> None:
    put(store)
    put(store, "b")
    first = event("1", "a", {"kind": "call"})
    assert post(store, first, first).duplicates == 1
    clock.now_us += 8 * 86_400_000_000
    again = post(
        store,
        event("1", "b", {"stage": "x"}, "stage"),
        event("1", "zz", {}),
        {"event_id": "1", "type": "odd"},
    )
    assert (again.accepted, again.duplicates, again.rejected) == (0, 3, [])


def test_an_interaction_id_counts_once_within_its_lead(store: Store) -> None:
    put(store)
    put(store, "b")
    touch = {"kind": "call", "interaction_id": "i"}
    done = post(store, event("1", "a", touch), event("2", "a", touch), event("3", "b", touch))
    assert (done.accepted, done.duplicates) == (2, 1)
    assert post(store, event("4", "a", touch)).duplicates == 1


def test_usual_words_of_outcomes_are_stored_as_their_state(store: Store) -> None:
    put(store)
    words = ["Won", " CLOSED LOST", "reopened", "Open", "Duplicate"]
    done = post(store, *(event(word, "a", {"outcome": word}, "outcome") for word in words))
    assert codes(done) == [(2, "invalid")]
    with store.engine.reading() as connection:
        states = [row[0] for row in connection.execute(select(db.outcomes.c.state))]
    assert states == [WON, LOST, OPEN, GONE]


@pytest.mark.parametrize("blank", [" ", "\r", "\u3000"])
def test_texts_of_blanks_alone_are_those_of_a_folder(store: Store, blank: str) -> None:
    """A folder sets such rows aside for their kind or stage, and takes a blank channel or reason as missing."""
    put(store)
    done = post(
        store,
        event("1", "a", {"kind": blank}),
        event("2", "a", {"stage": blank}, "stage"),
        event("3", "a", {"kind": "call", "channel": blank}),
        event("4", "a", {"outcome": "lost", "reason": blank}, "outcome"),
    )
    assert codes(done) == [(0, "invalid"), (1, "invalid")]
    with store.engine.reading() as connection:
        channels = connection.execute(select(db.interactions.c.channel)).scalars().all()
        reasons = connection.execute(select(db.outcomes.c.reason)).scalars().all()
    assert (channels, reasons) == ([None], [None])


def test_words_of_the_model_are_stored_as_their_state(client: TestClient, runtime: FakeRuntime) -> None:
    """`[values.outcomes]` of the folder that the model was trained on counted for files alone."""
    runtime.watch.current.config = FunnelConfig(outcome_words={"won": ("Signed",)})
    requests.put(client)
    signed = event("1", "a", {"outcome": "signed"}, "outcome")
    broken = event("2", "a", {"outcome": "Signed", "amount": "12"}, "outcome")
    answer = requests.post(client, signed, broken, event("3", "a", {"outcome": "x"}, "outcome"))
    assert answer["accepted"] == 1
    located = [[error["loc"][3:] for error in entry["errors"]] for entry in answer["rejected"]]
    assert located == [[["data", "amount"]], [["data", "outcome"]]]
    correction = {"event_id": "1", "action": "replace", "data": {"outcome": "Signed", "amount": 5}}
    answer = client.post("/v1/corrections", json={"corrections": [correction]}).json()
    assert answer == {"accepted": 1, "duplicates": 0, "rejected": []}
    with runtime.stored.store.engine.reading() as connection:
        rows = connection.execute(select(db.outcomes.c.state, db.outcomes.c.amount)).all()
    assert [tuple(row) for row in rows] == [(WON, 5.0)]


def test_a_rejected_event_can_be_sent_again(store: Store, clock: Clock) -> None:
    put(store)
    ahead = event("2", "a", {"kind": "call"}, occurred_at="2026-05-28T20:31:41Z")
    done = post(
        store,
        event("1", "nobody", {"kind": "call"}),
        ahead,
        event("3", "a", {"outcome": "lost"}, "outcome", occurred_at="2026-01-01T00:00:00Z"),
        event("4", "a", {"kind": "call"}),
    )
    assert codes(done) == [(0, "unknown_lead"), (1, "time_ahead"), (2, "closed_before_created")]
    assert done.accepted == 1
    clock.now_us += 60_000_000
    put(store, "nobody")
    assert post(store, ahead, event("1", "nobody", {"kind": "call"})).accepted == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "meeting"},
        {"event_id": " "},
        {"event_id": 5},
        {"lead_id": ""},
        {"occurred_at": "2026-05-01"},
        {"occurred_at": "2026-05-01T10:00:00"},
        {"occurred_at": "1989-05-01T10:00:00Z"},
        {"occurred_at": "2026-02-30T10:00:00Z"},
        {"extra": 1},
        {"data": {"kind": ""}},
        {"data": {"kind": "x", "direction": "up"}},
        {"data": {"kind": "x", "value": "1"}},
        {"data": {"kind": "x", "value": float("inf")}},
        {"data": None},
        {"type": "outcome", "data": {"outcome": "won", "amount": -1}},
        {"type": "outcome", "data": {"outcome": "perhaps"}},
        {"type": "outcome", "data": {"outcome": 1}},
        {"type": "attributes", "data": {}},
        {"type": "attributes", "data": {"lead_id": "x"}},
        {"type": "attributes", "data": {"x": [1]}},
        {"type": "stage", "data": {"stage": None}},
    ],
)
def test_an_invalid_event_names_its_problem(store: Store, broken: dict[str, Any]) -> None:
    put(store)
    done = post(store, {**event("1", "a", {"kind": "call"}), **broken}, event("9", "a", {"kind": "call"}))
    assert codes(done) == [(0, "invalid")]
    assert done.accepted == 1
    assert rejections(done.rejected, "events")[0]["errors"][0]["loc"][:3] == ["body", "events", 0]


@pytest.mark.parametrize("body", [[], {}, {"events": None}, {"events": [], "x": 1}, {"events": {}}, 5])
def test_an_invalid_request_is_a_problem(body: Any) -> None:
    with pytest.raises(Problem) as refused:
        read_events(body)
    assert refused.value.status == 422


def test_too_many_events_are_refused_as_a_whole() -> None:
    with pytest.raises(Problem) as refused:
        read_events({"events": [{}] * 1001})
    assert refused.value.status == 413


def test_an_event_with_too_many_attributes_is_rejected_alone(store: Store) -> None:
    put(store)
    many = {f"n{i}": i for i in range(MAX_ATTRIBUTES + 1)}
    done = post(store, event("1", "a", many, "attributes"), event("2", "a", {"kind": "call"}))
    assert (done.accepted, codes(done)) == (1, [(0, "invalid")])


def test_put_creates_then_merges_what_differs(store: Store, clock: Clock) -> None:
    assert put(store, owner="Ann", n=3, x=None) == CREATED
    clock.now_us += 1_000_000
    assert put(store, owner="Ann", n=3.0) == UNCHANGED
    assert put(store, owner="Bob") == UPDATED
    assert put(store, owner="Bob", n=None) == UPDATED
    assert put(store, n=3) == UPDATED
    assert store.writer.write(put_leads, PutLead("a", CREATED_US + 1, {})) == CONFLICT
    found = contents(read_leads(store, ["a"], FunnelConfig(), FAR_US))
    assert found["attributes"] == {"owner": ["Ann"], "n": ["3"]}
    assert list(zip(found["changes.attribute"], found["changes.value"], strict=True)) == [
        ("owner", "Bob"),
        ("n", None),
        ("n", "3"),
    ]
    assert found["changes.time_us"] == [clock.now_us] * 3


def test_a_put_body_is_strict() -> None:
    body = {"created_at": "2026-01-01", "attributes": {"owner": "x", "y": []}, "z": 1}
    with pytest.raises(Problem) as refused:
        read_lead("a", body, NOW_US)
    assert {".".join(map(str, e["loc"])) for e in refused.value.errors} == {
        "body.created_at",
        "body.attributes.owner",
        "body.attributes.y",
        "body.z",
    }
    assert read_lead("a", {"created_at": "2026-01-01T00:00:00+01:00", "owner": None}, NOW_US).values == {
        "owner": None
    }


def test_the_same_events_from_many_processes_at_once_count_once(
    tmp_path: Path, store_url: str | None
) -> None:
    """Each Store acts as a process of its own: connections, writer, and the locks between them."""
    stores = [Store(tmp_path / "home", store_url, Clock()) for _ in range(3)]
    put(stores[0])
    events = [event(str(i), "a", {"kind": "call", "interaction_id": str(i)}) for i in range(200)]
    accepted: list[int] = []

    def send(store: Store, start: int) -> None:
        for i in range(200):
            accepted.append(post(store, events[(start + i) % 200]).accepted)

    threads = [threading.Thread(target=send, args=(store, 67 * i)) for i, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == 200
    assert len(read_leads(stores[1], ["a"], FunnelConfig(), FAR_US).interactions.time_us) == 200
    for store in stores:
        store.close()


ids = st.sampled_from(["1", "2", "3"])
sent = st.lists(st.tuples(ids, st.sampled_from(["a", "b"]), st.sampled_from([None, "x", "y"])), max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(sent, max_size=4))
def test_counts_equal_those_of_a_plain_reference(shared: Iterator[Store], requests: list[Any]) -> None:
    store: Store = shared  # type: ignore[assignment]
    salt = str(next(COUNTER))
    for name in ("a", "b"):
        put(store, name + salt)
    events_seen: set[str] = set()
    ids_seen: set[tuple[str, str]] = set()
    for request in requests:
        done = post(
            store,
            *(event(e + salt, lead + salt, {"kind": "k", "interaction_id": i}) for e, lead, i in request),
        )
        accepted = 0
        for e, lead, i in request:
            if e in events_seen or (i is not None and (lead, i) in ids_seen):
                continue
            events_seen.add(e)
            if i is not None:
                ids_seen.add((lead, i))
            accepted += 1
        assert (done.accepted, done.duplicates) == (accepted, len(request) - accepted)


COUNTER = iter(range(10**9))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("shared"), now_us=Clock())
    yield store
    store.close()


def test_known_interaction_ids_are_found_by_index(store: Store) -> None:
    put(store)
    if store.engine.path is None:
        pytest.skip("only SQLite reads the whole index when it is asked in the wrong words")
    with store.engine.reading() as connection:
        query = "EXPLAIN QUERY PLAN " + STORED_IDS_ON_SQLITE
        steps = [row[3] for row in connection.exec_driver_sql(query, ('[[1, "i"]]',))]
    assert any("interactions_once (lead_no=? AND interaction_id=?)" in step for step in steps), steps


def test_many_events_take_as_many_statements_as_one(store: Store) -> None:
    """On a server each statement costs a round trip, and each row of an executemany is a statement."""
    put(store)
    if store.engine.path is not None:
        pytest.skip("SQLite has no way to go")
    sent: list[bool] = []
    sqlalchemy.event.listen(
        store.engine._writer, "before_cursor_execute", lambda *given: sent.append(given[-1])
    )
    counts = []
    for name, count in (("one", 1), ("many", 500)):
        sent.clear()
        touches = [{"kind": "call", "interaction_id": f"{name}{i}"} for i in range(count)]
        assert (
            post(store, *(event(f"{name}{i}", "a", touch) for i, touch in enumerate(touches))).accepted
            == count
        )
        assert not any(sent)
        counts.append(len(sent))
    assert counts[1] <= counts[0] <= 12


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T10:00:00Z",
        "2026-05-01t10:00:00z",
        "2026-05-01 10:00:00+02:00",
        "2026-05-01T10:00:00.123456789-00:30",
        "2026-05-01T10:00:00.1234567891Z",
        "2026-05-01T10:00:00,5Z",
        "2026-05-01T10:00:00+0200",
        "2026-05-01T23:59:60Z",
        "2026-05-01T10:00:00Z\n",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_events_read_times_as_scores_do(text: str) -> None:
    history, (refused,) = read_records([{"lead_id": "a", "created_at": text}], FunnelConfig(), FAR_US)
    (read,) = read_events({"events": [event("1", "a", {"kind": "call"}, occurred_at=text)]})
    assert bool(read.problems) == (refused is not None)
    if refused is None:
        assert read.occurred_us == history.created_us[0]
