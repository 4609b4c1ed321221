"""Stored leads: created once, merged by text, cleared by null, current as of an instant."""

import random
from typing import Any

import pytest

from history.config.display import display_of
from serving.store.leads.lead_rows import LeadRow, find_leads, rows_of
from serving.store.leads.leads import (
    CONFLICT,
    CREATED,
    UNCHANGED,
    UPDATED,
    CurrentAttributes,
    PutLead,
    compact_json,
    current_attributes,
    put_leads,
    seen_lead,
    stored_scalar,
)
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, waiting
from tests.builders.service.store_fakes import NOW_US, Clock

pytest_plugins = ["tests.builders.service.store_fixtures"]


def sent(store: Store, created_us: int = CREATED_US, **values: Any) -> str:
    result: str = store.writer.write(put_leads, PutLead("a", created_us, values))
    return result


def current(store: Store, as_of_us: int | None = None) -> dict[str, Any]:
    with store.engine.reading() as connection:
        rows = rows_of(connection, list(find_leads(connection, ["a"]).values()))
    return current_attributes(rows, as_of_us)[0].scalars()


@pytest.mark.parametrize("again", [3, 3.0, "3"])
def test_equal_text_is_no_change(store: Store, again: Any) -> None:
    assert sent(store, seats=3) == CREATED
    assert sent(store, seats=again) == UNCHANGED
    assert current(store) == {"seats": 3}


def test_other_creation_is_a_conflict_and_changes_nothing(store: Store) -> None:
    sent(store, owner="Ann")
    assert sent(store, CREATED_US + 1, owner="Bob") == CONFLICT
    assert current(store) == {"owner": "Ann"}


def test_later_values_are_merged_and_null_clears(store: Store, clock: Clock) -> None:
    sent(store, owner="Ann", plan="x", note=None)
    clock.now_us += 10
    assert sent(store, owner=None, size=2) == UPDATED
    assert current(store) == {"plan": "x", "size": 2}
    assert current(store, NOW_US) == {"owner": "Ann", "plan": "x"}
    assert sent(store, owner="") == UNCHANGED, "the empty text is a missing value too"


def test_new_and_changed_leads_wait_for_a_score(store: Store) -> None:
    sent(store)
    assert waiting(store) == 1


@pytest.mark.parametrize(
    ("value", "stored"), [(None, None), ("", None), ("ü", '"ü"'), (2.5, "2.5"), (False, "false")]
)
def test_scalar_is_stored_as_json_and_missing_as_null(value: Any, stored: str | None) -> None:
    assert stored_scalar(value) == stored


def test_json_is_compact_and_keeps_letters() -> None:
    assert compact_json({"größe": [1, None]}) == '{"größe":[1,null]}'


@pytest.mark.parametrize("seed", range(20))
def test_lead_is_seen_by_all_of_its_current_values(seed: int) -> None:
    """Only columns with usual names and those of the settings are looked at."""
    draw = random.Random(seed)
    names = ("Company", "company_name", "contact", "E-Mail", "phone", "city", "seats", "lead_id", "note")
    values: tuple[Any, ...] = ("Acme", " ", "", 3, 2.5, True, None)
    created = {name: draw.choice(values) for name in draw.sample(names, draw.randrange(8))}
    current = CurrentAttributes(LeadRow(1, "L1", NOW_US, created))
    for name in draw.sample(names, 3):
        current.change(name, stored_scalar(draw.choice(values)))
    settings = draw.choice(({}, {"name": "{seats} of {lead_id}", "url": "https://a/{note}"}))
    texts = {name: current.text(name) for name in current.scalars()}
    texts["lead_id"] = "L1"
    assert seen_lead(settings, "L1", current) == display_of(settings, tuple(texts)).seen(texts.get)
