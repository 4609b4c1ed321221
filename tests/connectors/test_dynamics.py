"""Exports of Dynamics from a simulated CRM: what is imported equals the truth, in every shape."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.run import Imported
from tests.builders.exports.dynamics import (
    DELETED,
    LEAD_STAGE,
    OPEN_TASKS,
    SHAPES,
    STAGE_LABELS,
    deal_id,
    entries,
    export,
    spelling,
)
from tests.builders.exports.imported_folder import (
    TO_THE_DAY,
    TO_THE_MINUTE,
    TO_THE_SECOND,
    Facts,
    Spelling,
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
from tests.builders.exports.simulated_crm import World, moves, open_ids, simulated

SYSTEM = "dynamics"

ONLY_TODAY = ("view",)  # shapes without audit
VIEWS = ("audited", "view")  # shapes of the user interface


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm", leads=150)


@pytest.fixture(scope="module", params=sorted(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def truth(shape: str) -> Spelling:
    return spelling(TO_THE_MINUTE if shape in VIEWS else TO_THE_SECOND, shape)


@pytest.fixture(scope="module")
def made(world: World, shape: str, source: Path) -> None:
    export(world, shape, source)


def test_leads_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, truth: Spelling
) -> None:
    assert imported_leads(output, truth.precision) == true_leads(world, truth)
    sources = {r["lead_id"]: r["source"] for r in rows_of(output, "leads")}
    assert sources == {deal_id(r["lead_id"]): r["source"] for r in world.leads}


def last_entries(world: World, precision: int) -> Facts:
    """The entry of each opportunity into its last stage: all that a view of process flows tells."""
    last = {lead: entries(path)[-1] for lead, path in moves(world).items()}
    return sorted(
        (deal_id(lead), move.at[:precision], STAGE_LABELS[move.stage]) for lead, move in last.items()
    )


def test_stage_entries_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str, truth: Spelling
) -> None:
    expected = last_entries(world, truth.precision) if shape in ONLY_TODAY else true_stages(world, truth)
    assert imported_stages(output, truth.precision) == expected
    own_time = sum(row["recorded_at"] is None for row in rows_of(output, "stages"))
    assert own_time <= 1 if shape in ONLY_TODAY else own_time == len(expected)


def test_outcomes_and_amounts_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str, truth: Spelling
) -> None:
    """A view has the last closing only, and its day."""
    if shape in ONLY_TODAY:
        last = {row[0]: row for row in true_outcomes(world, spelling(TO_THE_DAY))}
        assert imported_outcomes(output, TO_THE_DAY) == sorted(r for r in last.values() if r[2] != "open")
    else:
        assert imported_outcomes(output, truth.precision) == true_outcomes(world, truth)
    assert open_leads(output) == set(map(deal_id, open_ids(world)))


def test_funnel_has_the_stages_in_order(imported: Imported, output: Path, shape: str) -> None:
    if shape in VIEWS:
        pytest.skip("views have no table of stages")
    listed = ", ".join(f'"{label}"' for label in (LEAD_STAGE, *STAGE_LABELS.values()))
    assert f"stages = [{listed}]" in (output / "funnel.toml").read_text(encoding="utf-8")


def test_interactions_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, truth: Spelling
) -> None:
    assert imported_interactions(output, truth.precision) == true_interactions(world, truth)


def test_direction_comes_from_the_table_of_the_type(imported: Imported, output: Path) -> None:
    rows = rows_of(output, "interactions")
    assert {r["direction"] for r in rows if r["kind"] in ("call", "email")} == {"inbound", "outbound"}


def test_every_row_is_used_or_set_aside(imported: Imported, shape: str) -> None:
    assert not unbalanced(imported)
    aside: dict[str, int] = {}
    for source in imported.record["sources"]:
        for reason, entry in source["set_aside"].items():
            aside[reason] = aside.get(reason, 0) + entry["count"]
    assert aside["not_completed"] == OPEN_TASKS
    assert shape in VIEWS or aside["not_qualified_to_an_opportunity_of_the_export"] == 1
    assert shape != "warehouse" or aside["deleted"] == DELETED
    assert not imported.record["unclaimed"]


def test_owner_at_creation_comes_before_its_changes(
    imported: Imported, output: Path, world: World, shape: str, truth: Spelling
) -> None:
    if shape in ONLY_TODAY:
        pytest.skip("views have no audit")
    owners = {r["lead_id"]: r["owner"] for r in rows_of(output, "leads")}
    assert owners == {deal_id(r["lead_id"]): r["owner"] for r in world.leads}
    assert imported_changes(output, "owner", truth.precision) == true_changes(world, "owner", truth)


def test_columns_of_today_are_listed_and_left_out(imported: Imported, output: Path) -> None:
    columns = {name.casefold() for name in pq.read_schema(output / "leads.parquet").names}
    assert not columns & {"closeprobability", "probability", "statecode", "status", "stepname", "actualvalue"}
    assert not columns & {"actual revenue", "est. close date", "estimatedclosedate", "msdyn_opportunityscore"}
    assert "closeprobability" in imported.record["ignored"]["opportunity"]
