"""Notes and snoozes beside a lead: kept, bounded, erased with it, and no input of any score."""

from pathlib import Path

import pytest

from history.config.config import FunnelConfig
from history.text.times import DAY_US
from serving.store import beside
from serving.store.beside import (
    TOO_MANY,
    UNKNOWN_LEAD,
    NewNote,
    NoteKey,
    Snooze,
    add_notes,
    delete_notes,
    read_beside,
    set_snoozes,
)
from serving.store.leads.leads import erase_leads
from serving.store.store import Store
from tests.builders.service.scored_store import put, waiting
from tests.builders.service.store_fakes import NOW_US, contents, read_leads
from tests.serving.store.test_erasure import files_with

pytest_plugins = ["tests.builders.service.store_fixtures"]
SECRET = "wants-terms-for-two-years"


def read(store: Store, lead_id: str = "a", now_us: int = NOW_US) -> object:
    with store.engine.reading() as connection:
        return read_beside(connection, lead_id, now_us)


def test_notes_are_read_newest_first(store: Store) -> None:
    put(store)
    first, second = (store.writer.write(add_notes, NewNote("a", text, "Ann")) for text in ("one", "two"))
    assert read(store) == {"notes": [second, first], "snoozed_until": None}
    assert (first["text"], first["author"]) == ("one", "Ann")
    assert store.writer.write(delete_notes, NoteKey("a", first["note_id"])) is True
    assert store.writer.write(delete_notes, NoteKey("a", first["note_id"])) is False
    assert read(store) == {"notes": [second], "snoozed_until": None}


def test_an_unknown_lead_has_nothing_beside_it(store: Store) -> None:
    assert store.writer.write(add_notes, NewNote("x", "text")) == UNKNOWN_LEAD
    assert store.writer.write(set_snoozes, Snooze("x", NOW_US)) is False
    assert store.writer.write(delete_notes, NoteKey("x", 1)) is False
    assert read(store, "x") is None


def test_notes_of_a_lead_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MOST_NOTES", 2)
    put(store)
    results = [store.writer.write(add_notes, NewNote("a", "text")) for _ in range(3)]
    assert [result == TOO_MANY for result in results] == [False, False, True]


def test_a_snooze_ends_by_itself_or_by_hand(store: Store) -> None:
    put(store)
    for days in (3, 5):
        assert store.writer.write(set_snoozes, Snooze("a", NOW_US + days * DAY_US))
    until = "2026-06-02T20:26:40Z"
    assert read(store) == {"notes": [], "snoozed_until": until}
    assert read(store, now_us=NOW_US + 5 * DAY_US) == {"notes": [], "snoozed_until": None}
    assert store.writer.write(set_snoozes, Snooze("a", None))
    assert read(store) == {"notes": [], "snoozed_until": None}


def test_what_is_beside_a_lead_changes_no_history(store: Store) -> None:
    put(store)
    before, queued = contents(read_leads(store, ["a"], FunnelConfig(), NOW_US)), waiting(store)
    store.writer.write(add_notes, NewNote("a", SECRET))
    store.writer.write(set_snoozes, Snooze("a", NOW_US + DAY_US))
    assert contents(read_leads(store, ["a"], FunnelConfig(), NOW_US)) == before
    assert waiting(store) == queued


def test_erasing_a_lead_erases_what_is_beside_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    store.writer.write(add_notes, NewNote("a", SECRET))
    store.writer.write(set_snoozes, Snooze("a", NOW_US + 10**15))
    assert files_with(tmp_path, SECRET)
    assert store.writer.write(erase_leads, "a")
    assert store.engine.erase_traces()
    assert files_with(tmp_path, SECRET) == []
    put(store)
    assert read(store) == {"notes": [], "snoozed_until": None}
    store.close()
