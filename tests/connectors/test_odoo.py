"""Odoo exports of a simulated CRM: what is imported equals the truth, in every shape."""

from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.run import Imported
from tests.builders.exports.imported_folder import (
    TO_THE_SECOND,
    Facts,
    imported_changes,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    open_leads,
    rows_of,
    true_changes,
    true_interactions,
    true_leads,
    true_outcomes,
    true_stages,
    unbalanced,
)
from tests.builders.exports.odoo import (
    DELETED,
    MERGED,
    SHAPES,
    STAGE_LABELS,
    UNQUALIFIED,
    deal_id,
    export,
    in_stage_since,
    spelling,
)
from tests.builders.exports.simulated_crm import World, moves, open_ids, simulated

SYSTEM = "odoo"

TRUTH = spelling(TO_THE_SECOND)
ONLY_TODAY = ("list",)  # shapes without any history
UNTRACKED = ("list", "timed")  # shapes without tracked changes


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm", leads=150)


@pytest.fixture(scope="module", params=sorted(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(world: World, shape: str, source: Path) -> None:
    export(world, shape, source)


def test_leads_are_those_of_the_truth(imported: Imported, output: Path, world: World) -> None:
    assert imported_leads(output, TO_THE_SECOND) == true_leads(world, TRUTH)
    sources = {r["lead_id"]: r["source"] for r in rows_of(output, "leads")}
    assert sources == {deal_id(r["lead_id"]): r["source"] for r in world.leads}


def last_entries(world: World) -> Facts:
    """The entry of each lead into its last stage, unless it is won: all that a list export tells."""
    facts: Facts = []
    for lead, path in moves(world).items():
        if path[-1].state != "won":
            last = [move for move in path if move.state == "open"][-1]
            facts.append((deal_id(lead), in_stage_since(path), STAGE_LABELS[last.stage]))
    return sorted(facts)


def straight_entries(world: World) -> dict[str, Facts]:
    """The entries of each lead into another stage, of leads that never came back to a stage."""
    entries: dict[str, Facts] = {}
    for lead, path in moves(world).items():
        opened = [move for move in path if move.state == "open"]
        kept = [opened[0], *(move for before, move in pairwise(opened) if move.stage != before.stage)]
        if len({move.stage for move in kept}) == len(kept):
            entries[deal_id(lead)] = [(deal_id(lead), move.at, STAGE_LABELS[move.stage]) for move in kept]
    return entries


def test_stage_entries_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    """The time by stage tells of a lead that came back to a stage when it entered its last one, and no more."""
    found = imported_stages(output, TO_THE_SECOND)
    own_time = sum(row["recorded_at"] is None for row in rows_of(output, "stages"))
    if shape == "timed":
        straight = straight_entries(world)
        assert [row for row in found if row[0] in straight] == sorted(
            row for rows in straight.values() for row in rows
        )
        assert set(last_entries(world)) <= set(found)
        assert own_time == len(found)
        return
    expected = last_entries(world) if shape in ONLY_TODAY else true_stages(world, TRUTH)
    assert found == expected
    assert own_time <= 1 if shape in ONLY_TODAY else own_time == len(expected)


def test_outcomes_and_amounts_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    """Odoo has no empty amounts: an amount of 0 is unknown."""
    expected = [(*row[:3], "" if row[3] == "0.00" else row[3]) for row in true_outcomes(world, TRUTH)]
    if shape in UNTRACKED:
        last = {row[0]: row for row in expected}
        expected = sorted(row for row in last.values() if row[2] != "open")
    assert imported_outcomes(output, TO_THE_SECOND) == expected
    assert open_leads(output) == set(map(deal_id, open_ids(world)))


def test_funnel_has_the_stages_in_order(imported: Imported, output: Path, shape: str) -> None:
    if shape in UNTRACKED:
        pytest.skip("list exports have no table of stages")
    listed = ", ".join(f'"{label}"' for label in STAGE_LABELS.values())
    assert f"stages = [{listed}]" in (output / "funnel.toml").read_text(encoding="utf-8")


def test_interactions_are_those_of_the_truth(imported: Imported, output: Path, world: World) -> None:
    assert imported_interactions(output, TO_THE_SECOND) == true_interactions(world, TRUTH)


def test_directions_and_durations_are_kept(imported: Imported, output: Path, shape: str) -> None:
    if shape in ONLY_TODAY:
        pytest.skip("list exports have neither")
    rows = rows_of(output, "interactions")
    assert {(r["kind"], r["direction"]) for r in rows if r["channel"] == "email"} == {
        ("email", "inbound"), ("message", "outbound"), ("email_open", None),
    }  # fmt: skip
    assert all(r["value"] for r in rows if r["kind"] == "meeting")


def test_every_row_is_used_or_set_aside(imported: Imported, shape: str) -> None:
    assert not unbalanced(imported)
    aside = {
        reason: entry["count"] for s in imported.record["sources"] for reason, entry in s["set_aside"].items()
    }
    assert aside["not_converted_to_an_opportunity"] == UNQUALIFIED
    of_merged = f"{MERGED} tracked changes of merged leads in a list export are left out."
    assert shape != "nested" or of_merged in imported.record["notes"]
    assert shape in ("list", "nested", "timed") or aside["of_a_merged_lead"] == MERGED
    assert shape != "warehouse" or aside["deleted"] == DELETED
    assert not imported.record["unclaimed"]


def test_owner_at_creation_comes_before_its_changes(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    if shape in UNTRACKED:
        pytest.skip("list exports have no tracked changes")
    owners = {r["lead_id"]: r["owner"] for r in rows_of(output, "leads")}
    assert owners == {deal_id(r["lead_id"]): r["owner"] for r in world.leads}
    assert imported_changes(output, "owner", TO_THE_SECOND) == true_changes(world, "owner", TRUTH)
    label = "Newsletter" if shape == "nested" else "x_newsletter"
    newsletter = imported_changes(output, label, TO_THE_SECOND)
    assert newsletter == without_repetitions(world, "newsletter")


def without_repetitions(world: World, attribute: str) -> Facts:
    """The true changes to another value; Odoo tracks no change to the same."""
    value = {deal_id(r["lead_id"]): r[attribute] for r in world.leads}
    facts: Facts = []
    for lead, at, new in true_changes(world, attribute, TRUTH):
        if value[lead] != new:
            facts.append((lead, at, new))
        value[lead] = new
    return facts


def test_columns_of_today_are_listed_and_left_out(imported: Imported, output: Path, shape: str) -> None:
    columns = set(pq.read_schema(output / "leads.parquet").names)
    assert not columns & {
        "probability",
        "automated_probability",
        "stage_id",
        "expected_revenue",
        "date_closed",
    }
    assert not columns & {"date_deadline", "expected_close_date", "deal_amount", "active", "lost_reason_id"}
    assert not any(name.startswith(("duration_tracking", "Status time")) for name in columns)
    assert {"priority"} <= set(imported.record["ignored"]["crm.lead"])
    assert shape != "api" or "duration_tracking.1" in imported.record["ignored"]["crm.lead"]
