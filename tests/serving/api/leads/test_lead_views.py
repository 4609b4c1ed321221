"""Views of leads: what does not depend on the instant, and whether it holds."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from history.text.times import format_time
from serving.api.leads.lead_views import LeadView, Reading
from serving.store.event_ids import read_names
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.leads.timeline import Wanted
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, Clock, event


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path, now_us=Clock())) as store:
        put(store, owner="Ann", company="Acme")
        yield store


def read(store: Store, now_us: int = NOW_US, wanted: Wanted | None = None) -> Any:
    with store.engine.reading() as connection:
        rows = rows_of(connection, list(find_leads(connection, ["a"]).values()))
        reading = Reading(partial(read_names, connection), None, {"name": "{company}"}, now_us)
        return reading.view(rows) if wanted is None else reading.page(rows, wanted)


def test_a_view_is_the_lead_as_people_see_it(store: Store) -> None:
    post(store, event("e", "a", {"kind": "call"}))
    view = read(store)
    assert isinstance(view, LeadView)
    lead = msgspec.json.decode(view.lead)
    assert (lead["owner"], lead["name"], view.name) == ("Ann", "Acme", "Acme")
    (entry,) = msgspec.json.decode(view.first_page.entries)
    assert (entry["event_id"], entry["data"]) == ("e", {"kind": "call"})
    assert view.first_page.next_cursor is None
    assert view.ready is None
    assert view.size > len(bytes(view.lead))


def test_pages_follow_each_other(store: Store) -> None:
    post(store, *(event(f"e{i}", "a", {"kind": "call"}) for i in range(101)))
    assert read(store).first_page.next_cursor is not None
    last = read(store, wanted=Wanted(kind="stage"))
    assert (bytes(last.entries), last.next_cursor) == (b"[]", None)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("interaction", {"kind": "call"}),
        ("stage", {"stage": "new"}),
        ("outcome", {"outcome": "won"}),
        ("attributes", {"owner": "Bob"}),
    ],
)
def test_a_view_holds_once_all_rows_are_known(store: Store, kind: str, data: dict[str, Any]) -> None:
    assert read(store).holds
    post(store, event("e", "a", data, kind, occurred_at=format_time(NOW_US + 60_000_000)))
    assert not read(store).holds
    assert read(store, NOW_US + 60_000_000).holds
