"""Events to rows: counted once by id, rejected with every reason, known from their arrival on."""

from typing import Any

import pytest
from sqlalchemy import select

from history.text.times import DAY_US, format_time
from serving.base.limits import AHEAD_US
from serving.store import schema as db
from serving.store.events import IngestResult, store_events
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, post, put, waiting
from tests.builders.service.store_fakes import NOW_US, event, read_events, texts

pytest_plugins = ["tests.builders.service.store_fixtures"]


def send(store: Store, *events: dict[str, Any]) -> IngestResult:
    result: IngestResult = store.writer.write(store_events, read_events({"events": list(events)}))
    return result


def test_event_sent_again_is_a_duplicate_also_in_one_request(store: Store) -> None:
    put(store)
    call = event("1", "a", {"kind": "call"})
    first = send(store, call, call)
    again = send(store, call, event("2", "a", {"kind": "mail"}))
    assert (first.accepted, first.duplicates) == (1, 1)
    assert (again.accepted, again.duplicates) == (1, 1)


def test_interaction_id_is_a_duplicate_within_its_lead_alone(store: Store) -> None:
    put(store, "a")
    put(store, "b")
    result = send(
        store,
        event("1", "a", {"kind": "call", "interaction_id": "i"}),
        event("2", "a", {"kind": "call", "interaction_id": "i"}),
        event("3", "b", {"kind": "call", "interaction_id": "i"}),
    )
    assert (result.accepted, result.duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (event("1", "unknown", {"kind": "call"}), "unknown_lead"),
        (event("1", "a", {"kind": "call"}, occurred_at=format_time(NOW_US + AHEAD_US + 1)), "time_ahead"),
        (
            event("1", "a", {"outcome": "won"}, "outcome", occurred_at=format_time(CREATED_US - 1)),
            "closed_before_created",
        ),
    ],
    ids=["lead", "clock", "creation"],
)
def test_contradiction_is_rejected_and_may_be_sent_again(store: Store, bad: Any, code: str) -> None:
    """A rejected event leaves no key: it is accepted once what contradicts it is mended."""
    put(store)
    result = send(store, event("0", "a", {"kind": "call"}), bad)
    assert (result.accepted, [r.index for r in result.rejected]) == (1, [1])
    assert [problem.code for problem in result.rejected[0].problems] == [code]
    post(store, event("1", "a", {"kind": "call"}))


def test_late_event_is_known_from_its_arrival_on(store: Store) -> None:
    put(store)
    post(store, event("1", "a", {"kind": "call"}, occurred_at=format_time(NOW_US - 9 * DAY_US)))
    history = store.read_all(NOW_US)
    assert history.interactions.time_us.tolist() == [NOW_US - 9 * DAY_US]
    assert history.interactions.known_us.tolist() == [NOW_US]
    assert len(store.read_all(NOW_US - 1).interactions.time_us) == 0


def test_several_requests_are_stored_in_order(store: Store) -> None:
    put(store)
    requests = [read_events({"events": [event(str(i), "a", {"kind": f"k{i}"})]}) for i in range(3)]
    results = [store.writer.write(store_events, request) for request in requests]
    assert [result.accepted for result in results] == [1, 1, 1]
    assert texts(store.read_all(NOW_US).interactions.kind) == ["k0", "k1", "k2"]
    with store.engine.reading() as connection:
        numbers = connection.execute(select(db.interactions.c.row_no)).scalars().all()
    assert sorted(numbers) == list(numbers)
    assert waiting(store) == 1
