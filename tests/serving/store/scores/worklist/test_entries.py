"""Entries of the worklist: what depends on the time is right at the time of reading."""

import pytest

from history.text.times import DAY_US, format_time
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.store import Store
from tests.builders.service.store_fakes import Clock
from tests.builders.service.worklist_world import base_of, facts, random_worklist, some_amounts

pytest_plugins = ["tests.builders.service.store_fixtures"]


@pytest.mark.parametrize("seed", range(20, 25))
def test_entries_equal_what_was_sent(store: Store, clock: Clock, seed: int) -> None:
    world = random_worklist(store, clock, seed)
    for _ in range(3):
        entries = {entry["lead_id"]: entry for entry in world.entries()}
        for lead in world.open_leads:
            entry, plain = entries[lead.lead_id], facts(lead)
            last, base = plain.last, base_of(world, lead.lead_id)
            assert entry["days_in_stage"] == (clock.now_us - plain.entered_us) // DAY_US
            assert entry["last_touch_at"] == (None if last is None else format_time(last[0]))
            shown = None if last is None else {"kind": last[1], "channel": None, "direction": last[2]}
            assert entry["last_touch"] == shown
            assert entry["change_7d"] == (None if base is None else entry["probability"] - base)
            assert entry["trend"][0] == base
            assert entry["trend"][-1] == entry["probability"]
            assert entry["next_action"]
        clock.now_us += 5 * DAY_US


def test_words_follow_the_clock(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 26)
    clock.now_us += 30 * DAY_US
    entry = next(e for e in world.entries() if (e["next_action"] or "").startswith("Call: silent"))
    days = int(entry["next_action"].split()[-2])
    clock.now_us += 3 * DAY_US
    later = next(e for e in world.entries() if e["lead_id"] == entry["lead_id"])
    assert later["next_action"] == f"Call: silent for {days + 3} days"


def test_trend_is_what_was_known_on_each_day(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 27)
    days = []
    for _ in range(8):
        rescore_all(store, world.model, clock.now_us, lambda *_: None, some_amounts)  # type: ignore[arg-type]
        days.append({entry["lead_id"]: entry["probability"] for entry in world.entries()})
        clock.now_us += DAY_US
    clock.now_us -= DAY_US
    for entry in world.entries():
        scored = [day[entry["lead_id"]] for day in days]
        # Moves below half a point make no entry of the history.
        assert entry["trend"] == pytest.approx(scored, abs=0.005)
