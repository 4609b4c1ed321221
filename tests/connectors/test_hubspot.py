"""HubSpot exports of a simulated CRM: what is imported equals the truth, in every shape."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.run import Imported
from tests.builders.exports.hubspot import (
    BOTS,
    DELETED,
    KINDS,
    OF_OTHER_PIPELINE,
    OPEN_TASKS,
    SHAPES,
    STAGE_LABELS,
    company_id,
    deal_id,
    export,
    seen_in_reports,
)
from tests.builders.exports.imported_folder import (
    TO_THE_MINUTE,
    TO_THE_SECOND,
    Spelling,
    agree,
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
from tests.builders.exports.simulated_crm import World, open_ids, simulated

SYSTEM = "hubspot"

# Minutes: a list has times in minutes, and earlier visits are computed from several of them.
EARLIER_VISITS_WITHIN = 2


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm")


@pytest.fixture(scope="module", params=sorted(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def world(crm: World, shape: str) -> World:
    """The truth as far as the shape can tell it."""
    return seen_in_reports(crm) if shape == "reports" else crm


@pytest.fixture(scope="module")
def made(crm: World, shape: str, source: Path) -> None:
    export(crm, shape, source)


@pytest.fixture(scope="module")
def spelling(shape: str) -> Spelling:
    return Spelling(deal_id, STAGE_LABELS, KINDS, TO_THE_MINUTE if shape == "reports" else TO_THE_SECOND)


def aside(imported: Imported, reason: str) -> int:
    return sum(s["set_aside"].get(reason, {"count": 0})["count"] for s in imported.record["sources"])


def test_leads_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_leads(output, spelling.precision) == true_leads(world, spelling)
    rows = {r["lead_id"]: (r["source"], r["account_id"] or "") for r in rows_of(output, "leads")}
    assert rows == {deal_id(r["lead_id"]): (r["source"], company_id(r["account_id"])) for r in world.leads}


def test_stage_entries_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling, shape: str
) -> None:
    """Lists keep the time in each stage and no history: of a stage visited three times they don't tell each visit."""
    got, true = imported_stages(output, spelling.precision), true_stages(world, spelling)
    if shape != "reports":
        assert got == true
        return
    visits = Counter((lead, stage) for lead, _, stage in true)
    often = {lead for (lead, _), count in visits.items() if count > 2}
    got, true = ([row for row in facts if row[0] not in often] for facts in (got, true))
    assert agree(got, true, EARLIER_VISITS_WITHIN)
    assert len(often) < 0.02 * len(world.leads)


def test_outcomes_and_amounts_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling, shape: str
) -> None:
    got, true = imported_outcomes(output, spelling.precision), true_outcomes(world, spelling)
    assert agree(got, true, EARLIER_VISITS_WITHIN if shape == "reports" else 0)
    assert open_leads(output) == set(map(deal_id, open_ids(world)))


def test_interactions_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_interactions(output, spelling.precision) == true_interactions(world, spelling)


def test_call_minutes_and_directions_are_those_of_the_truth(
    imported: Imported, output: Path, world: World
) -> None:
    got = sorted(
        (r["lead_id"], r["direction"], round(r["value"] or 0))
        for r in rows_of(output, "interactions")
        if r["kind"] == "call"
    )
    assert got == sorted(
        (deal_id(r["lead_id"]), r["direction"], round(float(r["value"] or 0)))
        for r in world.interactions
        if r["kind"] == "call"
    )


def test_every_row_is_used_or_set_aside(imported: Imported, shape: str) -> None:
    assert not unbalanced(imported)
    assert imported.record["unclaimed"] == (["warehouse/LICENSE"] if shape == "warehouse" else [])
    assert aside(imported, "deleted") == (0 if shape == "reports" else DELETED)
    assert aside(imported, "of_another_pipeline") == OF_OTHER_PIPELINE
    assert aside(imported, "not_completed") == OPEN_TASKS
    assert aside(imported, "by_a_bot") == (0 if shape == "reports" else BOTS)


def test_pipelines_are_named_with_the_one_that_is_kept(imported: Imported) -> None:
    note, *_ = imported.record["notes"]
    assert "Sales Pipeline (300), Renewals (9); those of Sales Pipeline are kept" in note


def test_attributes_have_their_value_at_the_creation(
    imported: Imported, output: Path, world: World, shape: str, spelling: Spelling
) -> None:
    if shape == "reports":
        pytest.skip("the user interface exports no history")
    plans = {
        r["lead_id"]: (r["owner"], r["newsletter"], r["expected_close_date"])
        for r in rows_of(output, "leads")
    }
    assert plans == {
        deal_id(r["lead_id"]): (r["owner"], r["newsletter"], r["planned_close_on"] or r["created_at"][:10])
        for r in world.leads
    }
    for attribute in ("owner", "newsletter"):
        changes = imported_changes(output, attribute, spelling.precision)
        assert changes == true_changes(world, attribute, spelling)


def test_values_of_today_are_listed_and_left_out(imported: Imported, output: Path, shape: str) -> None:
    names = set(pq.read_schema(output / "leads.parquet").names)
    custom = {"industry", "employees", "product", "seats", "profile_fit", "newsletter"}
    expected = {n.replace("_", " ").title() for n in custom} if shape == "reports" else custom
    plans = set() if shape == "reports" else {"expected_close_date", "deal_amount"}
    assert names == {"lead_id", "created_at", "account_id", "owner", "source", "name"} | expected | plans
    assert {"num_notes", "days_to_close"} <= set(imported.record["ignored"]["Deal"])


def test_stages_come_in_the_order_of_the_pipeline(imported: Imported, output: Path, shape: str) -> None:
    text = (output / "funnel.toml").read_text()
    assert 'currency = "EUR"' in text
    if shape != "reports":
        assert 'stages = ["Discovery", "Qualified", "Proposal sent", "Negotiation"]' in text
