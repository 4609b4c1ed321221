"""Leads that are gone, undated decisions and closing entries through load, events, scores and export."""

from pathlib import Path

import numpy as np
import pytest

from history.base.progress import no_progress
from history.config.config import FunnelConfig
from history.history import GONE, LOST, OPEN, WON, History
from history.read import parse_time
from history.snapshot import state_at
from history.text.times import DAY_US
from serving.store.store import Store
from serving.store.transfer.export import export_folder
from tests.builders.service.scored_store import listed, post, score_all, score_queued, view
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, contents, event, read_leads
from tests.builders.service.store_folder import FAR_US, load, read, write_folder

pytest_plugins = ["tests.builders.service.store_fixtures"]

LEADS = [{"lead_id": name, "created_at": "2026-04-01"} for name in ("a", "b", "c")]
ROW = {"lead_id": "a", "outcome": "won", "closed_at": "", "amount": "", "recorded_at": "", "merged_into": ""}
ENTRY = {"lead_id": "a", "entered_at": "2026-04-20T10:00:00Z", "stage": "Closed Won"}
MODEL = FakeModel()


def folder(path: Path, *outcomes: dict[str, str], **tables: list[dict[str, str]]) -> Path:
    rows = [{**ROW, **row} for row in outcomes]
    return write_folder(path, {"leads": LEADS, "outcomes": rows, **tables})


def state(history: History, lead_id: str) -> int | None:
    if lead_id not in history.lead_ids:
        return None
    at = np.array([list(history.lead_ids).index(lead_id)])
    return int(state_at(history, at, np.array([history.as_of_us]))[0])


def stored_state(store: Store, lead_id: str, as_of_us: int = NOW_US) -> int | None:
    """The state by the lead alone, as its score sees it."""
    return state(read_leads(store, [lead_id], FunnelConfig(), as_of_us), lead_id)


def test_a_gone_lead_is_stored_and_left_out(store: Store, tmp_path: Path) -> None:
    source = folder(tmp_path / "crm", {}, {"outcome": "Deleted", "closed_at": "2026-04-10"}, {"lead_id": "b"})
    load(store, source)
    assert set(load(store, source).rows.values()) == {0}
    assert store.read_all(NOW_US).lead_ids == ["b", "c"]
    assert contents(store.read_all(NOW_US)) == contents(read(source, NOW_US))
    assert stored_state(store, "a") == GONE
    score_all(store, MODEL, NOW_US)
    assert set(listed(store)) == {"c"}

    export_folder(store.engine, tmp_path / "out", no_progress)
    assert contents(read(tmp_path / "out", NOW_US)) == contents(read(source, NOW_US))
    assert ",gone," in (tmp_path / "out" / "outcomes.csv").read_text()
    assert set(load(store, tmp_path / "out").rows.values()) == {0}


def test_a_merge_after_a_load_moves_the_rows_once(store: Store, tmp_path: Path) -> None:
    calls = [
        {"lead_id": name, "occurred_at": f"2026-04-0{day}T10:00:00Z", "kind": "call", "interaction_id": name}
        for day, name in ((3, "a"), (5, "b"))
    ]
    load(store, folder(tmp_path / "before", interactions=calls))
    score_queued(store, MODEL)
    assert set(listed(store)) == {"a", "b", "c"}

    merge = {"outcome": "merged", "closed_at": "2026-04-10", "merged_into": "b"}
    later = folder(tmp_path / "after", merge, interactions=calls)
    for _ in range(2):
        load(store, later)
        load(store, tmp_path / "before")
        score_queued(store, MODEL)
        history = store.read_all(NOW_US)
        assert history.lead_ids == ["b", "c"]
        assert history.interactions.ids == ["a", "b"]
        assert contents(history) == contents(read(later, NOW_US))
        assert set(listed(store)) == {"b", "c"}
    assert view(store, "a").stored.popitem()[1].status == "gone"


def test_an_event_says_gone_and_only_open_brings_back(store: Store, tmp_path: Path, clock: Clock) -> None:
    load(store, folder(tmp_path / "crm", {"closed_at": "2026-04-20"}))
    expected_states = {"gone": GONE, "lost": GONE, "open": OPEN, "won": WON}
    for day, (word, expected) in enumerate(expected_states.items(), start=21):
        clock.now_us += 60_000_000
        occurred_at = f"2026-04-{day}T10:00:00Z"
        post(store, event(word, "a", {"outcome": word}, "outcome", occurred_at=occurred_at))
        assert stored_state(store, "a", clock.now_us) == expected
        assert ("a" in store.read_all(clock.now_us).lead_ids) == (expected != GONE)


def test_an_undated_decision_holds_until_a_later_event(store: Store, tmp_path: Path, clock: Clock) -> None:
    load(store, folder(tmp_path / "crm", {}, {"lead_id": "b", "outcome": "lost", "closed_at": "2027-01-01"}))
    assert [stored_state(store, name) for name in "abc"] == [WON, LOST, OPEN]
    score_all(store, MODEL, NOW_US)
    assert set(listed(store)) == {"c"}

    clock.now_us += DAY_US
    post(store, event("back", "a", {"outcome": "open"}, "outcome"))
    for days in (0, 30, 400):  # the implied time, 90 days after the creation, decides nothing again
        assert stored_state(store, "a", clock.now_us + days * DAY_US) == OPEN


def test_scores_of_an_earlier_instant_know_no_undated_decision(store: Store, tmp_path: Path) -> None:
    load(store, folder(tmp_path / "crm", {}, {"lead_id": "b", "closed_at": "2026-04-20"}))
    earlier = parse_time("2026-04-10", FunnelConfig().zone)
    score_all(store, MODEL, earlier)
    assert set(listed(store)) == {"a", "b", "c"}
    assert state(store.read_all(earlier), "a") == OPEN
    assert state(store.read_all(NOW_US), "a") == WON


@pytest.mark.parametrize("closed_at", ["", "2026-04-21T09:00:00Z"])
def test_a_closing_entry_and_its_later_outcome_are_one_decision(
    store: Store, tmp_path: Path, closed_at: str
) -> None:
    load(store, folder(tmp_path / "first", stages=[ENTRY]))
    assert store.read_all(NOW_US).outcomes.state.tolist() == [WON]
    both = folder(tmp_path / "second", {"closed_at": closed_at, "amount": "70"}, stages=[ENTRY])
    load(store, both)
    assert contents(store.read_all(FAR_US)) == contents(read(both))
    assert store.read_all(NOW_US).outcomes.amount.tolist() == [70]
    export_folder(store.engine, tmp_path / "out", no_progress)
    assert contents(read(tmp_path / "out")) == contents(read(both))


def test_own_closing_stages_stay_so_in_an_export(store: Store, tmp_path: Path) -> None:
    source = folder(tmp_path / "crm", stages=[{**ENTRY, "stage": "Signed"}])
    (source / "funnel.toml").write_text('[funnel]\nwon_stages = ["Signed"]\n')
    load(store, source)
    export_folder(store.engine, tmp_path / "out", no_progress)
    assert state(read(tmp_path / "out", NOW_US), "a") == WON
