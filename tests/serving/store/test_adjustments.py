"""Manual adjustments: kept with who and when, the newest counts, bounded, erased with their lead."""

from typing import Any

import pytest

from history.text.times import format_time
from serving.store import adjustments
from serving.store.adjustments import (
    TOO_MANY,
    UNKNOWN_LEAD,
    NewAdjustment,
    add_adjustments,
    read_adjustments,
)
from serving.store.leads.leads import erase_leads
from serving.store.store import Store
from tests.builders.service.scored_store import put, waiting
from tests.builders.service.store_fakes import NOW_US

pytest_plugins = ["tests.builders.service.store_fixtures"]
MAY = "2026-05-01"


def read(store: Store, period: str | None = None) -> list[dict[str, Any]]:
    with store.engine.reading() as connection:
        return read_adjustments(connection, period)


def add(store: Store, **fields: Any) -> int | str:
    kept: int | str = store.writer.write(add_adjustments, NewAdjustment("month", MAY, **fields))
    return kept


def test_newest_of_a_period_and_lead_counts(store: Store) -> None:
    put(store, company="Nordwind")
    add(store, revenue=1.0, author="Ann", note="slips")
    add(store, lead_id="a", wins=1.0)
    add(store, revenue=2.0)
    newest, of_lead, first = read(store)
    assert [one["is_current"] for one in (newest, of_lead, first)] == [True, True, False]
    assert (of_lead["lead_id"], of_lead["name"]) == ("a", "Nordwind")
    assert (first["author"], first["note"], first["made_at"]) == ("Ann", "slips", format_time(NOW_US))


def test_periods_of_a_kind_are_read_alone(store: Store) -> None:
    add(store, revenue=1.0)
    store.writer.write(add_adjustments, NewAdjustment("quarter", "2026-04-01", revenue=2.0))
    assert [one["revenue"] for one in read(store, "quarter")] == [2.0]
    assert len(read(store)) == 2


def test_adjustments_are_erased_with_their_lead(store: Store) -> None:
    put(store)
    add(store, lead_id="a", revenue=1.0, note="secret")
    add(store, revenue=2.0)
    store.writer.write(erase_leads, "a")
    assert [one["revenue"] for one in read(store)] == [2.0]


def test_unknown_leads_and_too_many_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert add(store, lead_id="x", revenue=1.0) == UNKNOWN_LEAD
    monkeypatch.setattr(adjustments, "MOST_KEPT", 1)
    assert isinstance(add(store, revenue=1.0), int)
    assert add(store, revenue=1.0) == TOO_MANY


def test_adjustments_change_no_score(store: Store) -> None:
    put(store)
    before = waiting(store)
    add(store, lead_id="a", revenue=1.0)
    assert waiting(store) == before
