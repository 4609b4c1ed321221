"""Segment and RudderStack exports of a simulated CRM: what is imported equals the truth, in every shape."""

from collections import Counter
from pathlib import Path

import pytest

import connectors.reading.export
from connectors.formats import json_lines, sources
from connectors.run import Imported
from tests.builders.exports.event_stream import STAGE_EVENTS, Stream, event_world, real_changes, user_id
from tests.builders.exports.imported_folder import (
    TO_THE_SECOND,
    Facts,
    Spelling,
    bring_in,
    imported_changes,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    moment,
    open_leads,
    rows_of,
    true_changes,
    true_interactions,
    true_leads,
    true_outcomes,
    true_stages,
    unbalanced,
)
from tests.builders.exports.segment import OPTIONS, SHAPES, export
from tests.builders.exports.simulated_crm import World, open_ids

SYSTEM = "segment"

SPELLING = Spelling(user_id, STAGE_EVENTS, {})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return event_world(tmp_path_factory.mktemp("simulated") / "crm", leads=120)


@pytest.fixture(scope="module", params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(world: World, shape: str, source: Path) -> Stream:
    return export(world, shape, source)


def test_leads_stages_and_outcomes_are_those_of_the_truth(
    imported: Imported, output: Path, world: World
) -> None:
    assert imported_leads(output, TO_THE_SECOND) == true_leads(world, SPELLING)
    assert imported_stages(output, TO_THE_SECOND) == true_stages(world, SPELLING)
    assert imported_outcomes(output, TO_THE_SECOND) == true_outcomes(world, SPELLING)
    assert open_leads(output) == {user_id(lead) for lead in open_ids(world)}


def test_interactions_are_the_true_ones_and_the_early_visits(
    imported: Imported, made: Stream, output: Path, world: World
) -> None:
    early: Facts = [(lead, at, "page") for lead, _, at, _ in made.early]
    assert imported_interactions(output, TO_THE_SECOND) == sorted(true_interactions(world, SPELLING) + early)
    known = {r["interaction_id"]: moment(r["recorded_at"]) for r in rows_of(output, "interactions")}
    assert all(known[id_] == joined for _, id_, _, joined in made.early)


def test_attributes_change_as_in_the_truth(imported: Imported, output: Path, world: World) -> None:
    for name in ("owner", "newsletter"):
        assert imported_changes(output, name, TO_THE_SECOND) == true_changes(
            real_changes(world), name, SPELLING
        )
    leads = {r["lead_id"]: r for r in rows_of(output, "leads")}
    for row in world.leads:
        lead = leads[user_id(row["lead_id"])]
        assert [lead[name] or "" for name in ("owner", "industry", "seats", "source", "account_id")] == [
            row[name] for name in ("owner", "industry", "seats", "source", "account_id")
        ]


def test_every_row_is_used_or_counted(imported: Imported, made: Stream, shape: str) -> None:
    assert unbalanced(imported) == []
    counts: Counter[str] = Counter()
    for entry in imported.record["sources"]:
        counts.update({reason: item["count"] for reason, item in entry["set_aside"].items()})
    if shape == "warehouse":
        # `tracks` repeats the rows of the tables of single events, `users` those of `identifies`.
        assert counts.pop("repeats_identifies") > 0
        counts["double"] -= sum(event.kind == "track" for event in made.events)
        with_group = Counter(event.id for event in made.events if event.properties.get("account"))
        counts["double"] -= sum(count - 1 for count in with_group.values())
    assert counts == made.set_aside
    assert imported.record["unclaimed"] == (["calls/README.md"] if shape == "calls" else [])
    if shape == "calls":
        assert "lists below properties are not read (in 2 files)." in imported.record["notes"]


def test_large_files_give_the_same_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(world, "calls", tmp_path / "calls")
    bring_in("segment", tmp_path / "calls", tmp_path / "whole", **OPTIONS)
    monkeypatch.setattr(sources, "LARGEST_WHOLE", 0)
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 50_000)
    monkeypatch.setattr(connectors.reading.export, "BATCH_ROWS", 400)
    imported = bring_in("segment", tmp_path / "calls", tmp_path / "blocks", **OPTIONS)
    for table in imported.rows:
        assert sorted(rows_of(tmp_path / "blocks", table), key=repr) == sorted(
            rows_of(tmp_path / "whole", table), key=repr
        ), table
