"""Pipedrive exports of a simulated CRM: what is imported equals the truth, in every shape."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.run import Imported
from tests.builders.exports.imported_folder import (
    TO_THE_MINUTE,
    TO_THE_SECOND,
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
from tests.builders.exports.pipedrive import (
    CUSTOM,
    DELETED,
    KINDS,
    MERGED,
    OF_OTHER_PIPELINE,
    PLANNED,
    SHAPES,
    STAGE_LABELS,
    deal_id,
    export,
    known_amounts,
    seen_in_progress,
    seen_in_reports,
)
from tests.builders.exports.simulated_crm import World, open_ids, simulated

SYSTEM = "pipedrive"

OF_THE_INTERFACE = ("reports", "progress")


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm")


@pytest.fixture(scope="module", params=sorted(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def world(crm: World, shape: str) -> World:
    """The truth as far as the shape can tell it."""
    seen = {"reports": seen_in_reports, "progress": seen_in_progress}
    return known_amounts(seen[shape](crm) if shape in seen else crm)


@pytest.fixture(scope="module")
def made(crm: World, shape: str, source: Path) -> None:
    export(crm, shape, source)


@pytest.fixture(scope="module")
def spelling(shape: str) -> Spelling:
    return Spelling(
        deal_id, STAGE_LABELS, KINDS, TO_THE_MINUTE if shape in OF_THE_INTERFACE else TO_THE_SECOND
    )


def aside(imported: Imported, reason: str) -> int:
    return sum(s["set_aside"].get(reason, {"count": 0})["count"] for s in imported.record["sources"])


def test_leads_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_leads(output, spelling.precision) == true_leads(world, spelling)
    rows = {r["lead_id"]: (r["source"], r["account_id"] or "") for r in rows_of(output, "leads")}
    assert rows == {
        deal_id(r["lead_id"]): (r["source"], r["account_id"][1:].lstrip("0")) for r in world.leads
    }


def test_stage_entries_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_stages(output, spelling.precision) == true_stages(world, spelling)


def test_outcomes_and_amounts_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_outcomes(output, spelling.precision) == true_outcomes(world, spelling)
    assert open_leads(output) == set(map(deal_id, open_ids(world)))
    reasons = {r["lead_id"]: r["reason"] for r in rows_of(output, "outcomes") if r["reason"]}
    last = {r["lead_id"]: r for r in sorted(world.outcomes, key=lambda r: r["closed_at"])}
    assert reasons == {deal_id(id_): r["reason"] for id_, r in last.items() if r["reason"]}


def test_interactions_are_those_of_the_truth(imported: Imported, output: Path, world: World) -> None:
    """Planned times of day have no seconds."""
    spelling = Spelling(deal_id, STAGE_LABELS, KINDS, TO_THE_MINUTE)
    assert imported_interactions(output, TO_THE_MINUTE) == true_interactions(world, spelling)


def test_every_row_is_used_or_set_aside(imported: Imported, shape: str) -> None:
    assert not unbalanced(imported)
    assert imported.record["unclaimed"] == (["warehouse/LICENSE"] if shape == "warehouse" else [])
    assert aside(imported, "deleted") == (0 if shape in OF_THE_INTERFACE else DELETED)
    assert aside(imported, "merged_into_another") == (MERGED if shape == "warehouse" else 0)
    assert aside(imported, "of_another_pipeline") == OF_OTHER_PIPELINE
    assert aside(imported, "not_done") == PLANNED


def test_attributes_have_their_value_at_the_creation(
    imported: Imported, output: Path, world: World, shape: str, spelling: Spelling
) -> None:
    if shape in OF_THE_INTERFACE:
        pytest.skip("the list view exports no changes")
    rows = {
        r["lead_id"]: (r["owner"], r["newsletter"], r["expected_close_date"])
        for r in rows_of(output, "leads")
    }
    assert rows == {
        deal_id(r["lead_id"]): (r["owner"], r["newsletter"], r["planned_close_on"] or r["created_at"][:10])
        for r in world.leads
    }
    for attribute in ("owner", "newsletter"):
        changes = imported_changes(output, attribute, spelling.precision)
        assert changes == true_changes(world, attribute, spelling)


def test_values_of_today_are_listed_and_left_out(imported: Imported, output: Path, shape: str) -> None:
    names = set(pq.read_schema(output / "leads.parquet").names)
    custom = {name.replace("_", " ").title() for name in CUSTOM} if shape in OF_THE_INTERFACE else set(CUSTOM)
    plans = set() if shape in OF_THE_INTERFACE else {"expected_close_date", "deal_amount"}
    identity = {"name"} | ({"organization", "contact"} if shape == "objects" else set())
    assert names == {"lead_id", "created_at", "account_id", "owner", "source"} | identity | custom | plans
    assert {"weighted_value", "activities_count"} <= set(imported.record["ignored"]["Deal"])


def test_stages_come_in_the_order_of_the_pipeline(imported: Imported, output: Path, shape: str) -> None:
    text = (output / "funnel.toml").read_text()
    assert 'currency = "EUR"' in text
    if shape not in OF_THE_INTERFACE:
        assert 'stages = ["Incoming", "Qualified", "Proposal made", "Negotiations"]' in text
