"""The timeline of a lead: newest first, paged without gaps, changes of one moment as one entry."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from history.text.times import DAY_US
from serving.store.event_ids import EventNames
from serving.store.leads import timeline as module
from serving.store.leads.lead_rows import LeadRow, LeadRows
from serving.store.leads.leads import current_attributes
from serving.store.leads.timeline import ALL, PAGE, UNDATED_US, Entry, Wanted, lead_document
from serving.store.schema import FACT_COLUMNS, KEY_COLUMNS

LEAD = LeadRow(1, "a", 0, {"owner": "Ann", "size": 3})


def rows_of(**tables: Sequence[tuple[object, ...]]) -> LeadRows:
    """Rows are (time_us, known_us, content ...) of the one lead, numbered over all tables."""
    columns, number = {}, 0
    for name, fields in FACT_COLUMNS.items():
        rows = []
        for row in tables.get(name, []):
            number += 1
            rows.append((1, number, *row))
        columns[name] = list(zip(*rows, strict=True)) if rows else [()] * (len(KEY_COLUMNS) + len(fields))
    return LeadRows([LEAD], columns)


NO_NAMES = EventNames(1, {}, lambda numbers: {})
TOUCHES = [(t, t, f"k{i}", None, 0, None, None) for i, t in enumerate([5, 1, 5, 3])]


def timeline(rows: LeadRows, names: EventNames, wanted: Wanted = ALL, limit: int = PAGE) -> Any:
    """A page with its entries as callers get them."""
    page = module.timeline(rows, names, wanted, limit)
    return page._replace(entries=msgspec.json.decode(msgspec.json.encode(page.entries)))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_pages_hold_every_entry_once_newest_first(limit: int) -> None:
    rows, kinds, key = rows_of(interactions=TOUCHES), [], None
    while True:
        page = timeline(rows, NO_NAMES, Wanted(key), limit)
        kinds += [entry["data"]["kind"] for entry in page.entries]
        key = page.next_key
        if key is None:
            break
    assert kinds == ["k2", "k0", "k3", "k1"]


@pytest.mark.parametrize("seed", range(3))
def test_pages_of_a_long_timeline_are_those_of_all_rows(seed: int) -> None:
    draw = random.Random(seed)
    touches = [(t := draw.randrange(40), t, f"k{i}", None, 0, None, None) for i in range(200)]
    stages = [(t := draw.randrange(40), t, f"s{i}") for i in range(20)]
    rows, shown, key = rows_of(interactions=touches, stages=stages), [], None
    while True:
        page = timeline(rows, NO_NAMES, Wanted(key), 7)
        shown += [next(iter(entry["data"].values())) for entry in page.entries]
        key = page.next_key
        if key is None:
            break
    numbered = [(row[0], number, row[2]) for number, row in enumerate([*touches, *stages])]
    assert shown == [name for _time, _number, name in sorted(numbered, reverse=True)]


def test_missing_parts_of_a_row_are_left_out() -> None:
    touch = (5, 7, "call", "phone", 1, 2.5, "i1")
    (full,), (bare,) = (
        timeline(rows_of(interactions=[row]), NO_NAMES).entries for row in (touch, TOUCHES[0])
    )
    assert full["data"] == {
        "kind": "call", "channel": "phone", "direction": "inbound", "value": 2.5, "interaction_id": "i1",
    }  # fmt: skip
    assert bare["data"] == {"kind": "k0"}
    assert full["recorded_at"] > full["occurred_at"] == bare["recorded_at"]


def test_changes_of_one_moment_are_one_entry() -> None:
    changes = [(5, 5, "owner", '"Bob"'), (5, 5, "size", None), (6, 6, "size", "4")]
    entries = timeline(rows_of(attribute_changes=changes), NO_NAMES).entries
    assert [entry["data"] for entry in entries] == [{"size": 4}, {"owner": "Bob", "size": None}]


def test_outcome_without_a_time_comes_long_after_the_creation() -> None:
    (entry,) = timeline(rows_of(outcomes=[(None, None, 1, None, None)]), NO_NAMES).entries
    assert entry["data"] == {"outcome": "won"}
    assert entry["recorded_at"] is None
    assert UNDATED_US == 90 * DAY_US
    assert entry["occurred_at"].startswith("1970-04-01")


def test_document_has_own_attributes_as_text_and_others_as_sent() -> None:
    changed = rows_of(attribute_changes=[(5, 5, "source", "7"), (6, 6, "plan", "true")])
    document: Entry = lead_document(LEAD, current_attributes(changed)[0])
    assert (document["owner"], document["source"], document["account_id"]) == ("Ann", "7", None)
    assert document["attributes"] == {"size": 3, "plan": True}


def test_entries_are_named_by_their_event_or_their_row() -> None:
    changes = [(5, 5, "owner", '"Bob"'), (5, 5, "size", "1"), (5, 5, "size", "2")]
    rows = rows_of(interactions=TOUCHES[:1], attribute_changes=changes)
    given = {"interactions": {1: "mine"}, "attribute_changes": {4: "later"}}
    names = EventNames(
        1, {4: b"x"}, lambda numbers: {k: v for table in numbers for k, v in given[table].items()}
    )
    entries = timeline(rows, names).entries
    assert [(entry["event_id"], entry["data"]) for entry in entries] == [
        ("later", {"size": 2}),
        ("leadcast:1-3", {"owner": "Bob", "size": 1}),
        ("mine", {"kind": "k0"}),
    ]


def test_a_kind_selects_entries_by_type_or_kind() -> None:
    rows = rows_of(interactions=TOUCHES, attribute_changes=[(5, 5, "owner", '"Bob"')])
    chosen = {
        kind: timeline(rows, NO_NAMES, Wanted(kind=kind), 1) for kind in ("K1", "interaction", "attributes")
    }
    assert {kind: page.entries[0]["data"] for kind, page in chosen.items()} == {
        "K1": {"kind": "k1"},
        "interaction": {"kind": "k2"},
        "attributes": {"owner": "Bob"},
    }
    assert [page.next_key is None for page in chosen.values()] == [True, False, True]
    assert timeline(rows, NO_NAMES, Wanted(kind="stage")).entries == []
