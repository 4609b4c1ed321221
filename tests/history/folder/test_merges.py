"""Leads that are gone leave, and the rows of merged ones are their survivor's: none lost, none doubled, none back."""

from pathlib import Path

import numpy as np
import pytest

from history.base.errors import InvalidInput
from history.folder.merges import NO_LEAD, merges_of
from history.history import LOST, OPEN, WON, History
from history.read import read_folder
from history.snapshot import open_leads, state_at
from tests.builders.csv_folder import counts, read, us
from tests.builders.exports.simulated_crm import World, csv_text, simulated
from tests.builders.service.store_fakes import contents

LEADS = "lead_id,created_at,city\n" + "".join(f"{name},2026-01-01,{city}\n" for name, city in (
    ("old", "Rome"), ("kept", ""), ("end", ""), ("other", "Oslo")
))  # fmt: skip
CALLS = "lead_id,occurred_at,kind,interaction_id\n"
OUTCOMES = "lead_id,outcome,closed_at,merged_into\n"


def state_of(history: History, lead_id: str) -> int | None:
    if lead_id not in history.lead_ids:
        return None
    at = np.array([list(history.lead_ids).index(lead_id)])
    return int(state_at(history, at, np.array([history.as_of_us]))[0])


@pytest.mark.parametrize("word", ["gone", "Merged", " DELETED ", "duplicate", "invalid", "test", "gelöscht"])
def test_a_lead_that_is_gone_leaves_whatever_came_before(tmp_path: Path, word: str) -> None:
    outcomes = f"old,won,2026-01-05,\nold,{word},2026-02-01,\nold,lost,2026-03-01,\nkept,lost,2026-03-02,\n"
    history = read(tmp_path, {"leads.csv": LEADS, "outcomes.csv": OUTCOMES + outcomes})
    assert list(history.lead_ids) == ["kept", "end", "other"]
    assert counts(history.reports["leads"], flagged=True) == {"gone_lead": 1}
    assert history.outcomes.state.tolist() == [LOST]
    earlier = read_folder(tmp_path, as_of_us=us("2026-01-31"))
    assert state_of(earlier, "old") == WON


def test_only_an_open_row_with_a_later_time_brings_it_back(tmp_path: Path) -> None:
    outcomes = "old,gone,2026-02-01,\nold,open,2026-02-03,\nkept,gone,2026-02-01,\nkept,open,2026-01-20,\n"
    outcomes += "end,gone,,\nend,open,2026-02-03,\nother,lost,2026-02-09,\n"
    history = read(tmp_path, {"leads.csv": LEADS, "outcomes.csv": OUTCOMES + outcomes})
    assert [state_of(history, name) for name in ("old", "kept", "end", "other")] == [OPEN, None, None, LOST]


def test_own_words_for_gone_count(tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[values.outcomes]\ngone = ["weg"]',
        "outcomes.csv": OUTCOMES + "old,WEG,,\n",
        "leads.csv": LEADS,
    }
    assert "old" not in read(tmp_path, files).lead_ids


def test_a_folder_of_leads_that_are_gone_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"{name},deleted,,\n" for name in ("old", "kept", "end", "other"))
    with pytest.raises(InvalidInput, match="no lead is left, since all 4 are gone"):
        read(tmp_path, {"leads.csv": LEADS, "outcomes.csv": OUTCOMES + rows})


def test_interactions_move_along_a_chain_of_merges(tmp_path: Path) -> None:
    calls = (
        CALLS
        + "old,2026-01-03,call,1\nkept,2026-01-04,call,1\nend,2026-01-05,mail,2\nold,2026-01-06,call,3\n"
    )
    outcomes = OUTCOMES + "old,merged,2026-02-01,kept\nkept,merged,2026-02-05,end\n"
    files = {"leads.csv": LEADS, "interactions.csv": calls, "outcomes.csv": outcomes}
    history = read(tmp_path, files)
    assert list(history.lead_ids) == ["end", "other"]
    # One call of both duplicates counts once: the one known first, and of one time the first row.
    assert history.interactions.time_us.tolist() == [us(f"2026-01-0{day}") for day in (3, 5, 6)]
    known = history.interactions.known_us.tolist()
    merged = us("2026-02-06") - 1
    assert known == [merged, us("2026-01-05"), merged]
    assert counts(history.reports["interactions"]) == {"duplicate_interaction": 1}
    # Before the merge each has its own.
    assert len(read_folder(tmp_path, as_of_us=us("2026-01-31")).lead_ids) == 4


def test_the_survivors_own_stages_values_and_decisions_count(tmp_path: Path) -> None:
    files = {
        "leads.csv": LEADS,
        "stages.csv": "lead_id,entered_at,stage\nold,2026-01-03,new\nother,2026-01-02,late\nkept,2026-01-05,offer\n",
        "attribute_changes.csv": "lead_id,changed_at,attribute,value\nold,2026-01-04,city,Paris\n"
        "old,2026-01-04,size,9\n",
        "outcomes.csv": OUTCOMES
        + "old,lost,2026-01-09,\nold,gone,,other\nkept,won,2026-01-08,\nkept,gone,,end\n",
    }
    history = read(tmp_path, files)
    assert list(history.lead_ids) == ["end", "other"]
    assert [history.stages.stage.text(i) for i in range(2)] == ["offer", "late"]
    assert (state_of(history, "end"), state_of(history, "other")) == (WON, OPEN)
    assert [history.changes.attribute.text(i) for i in range(len(history.changes.time_us))] == ["size"]
    for table in ("stages", "attribute_changes", "outcomes"):
        assert counts(history.reports[table], flagged=True) == {"merged_row": 1}


def test_a_survivor_that_is_not_there_is_named(tmp_path: Path) -> None:
    outcomes = OUTCOMES + "old,gone,,nobody\nkept,gone,,end\nend,gone,,kept\n"
    history = read(tmp_path, {"leads.csv": LEADS, "outcomes.csv": outcomes})
    assert list(history.lead_ids) == ["other"]
    assert counts(history.reports["outcomes"], flagged=True) == {"unknown_survivor": 3}


def test_rows_of_a_merged_lead_without_its_own_row_move(tmp_path: Path) -> None:
    files = {
        "leads.csv": LEADS,
        "interactions.csv": CALLS + "absent,2026-01-03,call,1\n",
        "outcomes.csv": OUTCOMES + "absent,gone,2026-02-01,kept\n",
    }
    history = read(tmp_path, files)
    assert history.interactions.offsets.tolist() == [0, 0, 1, 1, 1]
    assert counts(history.reports["interactions"]) == {}


def test_circles_of_merges_have_no_survivor() -> None:
    survivor = np.array([1, 2, 0, 0, 5, NO_LEAD, NO_LEAD])
    index = np.array([0, 1, 2, 3, 4, 5, NO_LEAD])
    merges = merges_of(survivor, np.arange(7), index)
    assert merges.into.tolist() == [NO_LEAD, NO_LEAD, NO_LEAD, NO_LEAD, 5, NO_LEAD, NO_LEAD]


def divided(world: World, merges: int, deletes: int, seed: int) -> World:
    """Each of `merges` leads is two, of which one is merged into the other; `deletes` other leads are deleted."""
    random = np.random.default_rng(seed)
    ids = [row["lead_id"] for row in world.leads]
    chosen = random.permutation(len(ids))[: merges + deletes].tolist()
    twice, deleted = {ids[i] for i in chosen[:merges]}, [ids[i] for i in chosen[merges:]]
    leads = world.leads + [
        {**row, "lead_id": row["lead_id"] + "-2"} for row in world.leads if row["lead_id"] in twice
    ]
    interactions = [
        {**row, "lead_id": row["lead_id"] + "-2"}
        if row["lead_id"] in twice and random.random() < 0.5
        else row
        for row in world.interactions
    ]
    blank = {**dict.fromkeys(world.outcomes[0], ""), "outcome": "gone", "merged_into": ""}
    outcomes = [{**row, "merged_into": ""} for row in world.outcomes]
    outcomes += [{**blank, "lead_id": f"{lead_id}-2", "merged_into": lead_id} for lead_id in sorted(twice)]
    outcomes += [{**blank, "lead_id": lead_id, "outcome": "Deleted"} for lead_id in deleted]
    return World(leads, world.stages, outcomes, interactions, world.attribute_changes)


@pytest.mark.parametrize(("leads", "count"), [(300, 60), pytest.param(4000, 1000, marks=pytest.mark.long)])
def test_merges_and_deletes_lose_double_and_revive_nothing(tmp_path: Path, leads: int, count: int) -> None:
    world = simulated(tmp_path / "truth", leads=leads)
    split = divided(world, merges=count, deletes=count, seed=3)
    folder = tmp_path / "split"
    folder.mkdir()
    for name, rows in split.tables.items():
        (folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")
    (folder / "funnel.toml").write_bytes((tmp_path / "truth" / "funnel.toml").read_bytes())

    deleted = {row["lead_id"] for row in split.outcomes if row["outcome"] == "Deleted"}
    for table in world.tables.values():
        table[:] = [row for row in table if row["lead_id"] not in deleted]
    expected_folder = tmp_path / "expected"
    expected_folder.mkdir()
    for name, rows in world.tables.items():
        (expected_folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")
    (expected_folder / "funnel.toml").write_bytes((folder / "funnel.toml").read_bytes())

    at_us = read_folder(tmp_path / "truth").as_of_us
    history, expected = read_folder(folder, as_of_us=at_us), read_folder(expected_folder, as_of_us=at_us)
    assert contents(history) == contents(expected)
    assert len(open_leads(history, at_us)) == len(open_leads(expected, at_us))
