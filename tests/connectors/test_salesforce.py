"""Salesforce exports of a simulated CRM: what is imported equals the truth, in every shape."""

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
from tests.builders.exports.salesforce import DELETED_DEALS, SHAPES, STAGE_LABELS, deal_id, export
from tests.builders.exports.simulated_crm import World, open_ids, simulated

SYSTEM = "salesforce"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm")


@pytest.fixture(scope="module", params=sorted(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(world: World, shape: str, source: Path) -> None:
    export(world, shape, source)


@pytest.fixture(scope="module")
def spelling(shape: str) -> Spelling:
    return Spelling(deal_id, STAGE_LABELS, {}, TO_THE_MINUTE if shape.endswith("reports") else TO_THE_SECOND)


def test_leads_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_leads(output, spelling.precision) == true_leads(world, spelling)
    sources = {r["lead_id"]: r["source"] for r in rows_of(output, "leads")}
    assert sources == {deal_id(r["lead_id"]): r["source"] for r in world.leads}


def test_stage_entries_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_stages(output, spelling.precision) == true_stages(world, spelling)


def test_outcomes_and_amounts_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_outcomes(output, spelling.precision) == true_outcomes(world, spelling)
    assert open_leads(output) == set(map(deal_id, open_ids(world)))


def test_interactions_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, spelling: Spelling
) -> None:
    assert imported_interactions(output, spelling.precision) == true_interactions(world, spelling)
    assert {r["interaction_id"] for r in rows_of(output, "interactions")} == {
        r["interaction_id"] for r in world.interactions
    }


def test_every_row_is_used_or_set_aside(imported: Imported) -> None:
    assert not unbalanced(imported)


def test_deleted_deals_are_counted(imported: Imported) -> None:
    deals = next(
        s for s in imported.record["sources"] if s["kind"] == "Opportunity" and "deleted" in s["set_aside"]
    )
    assert deals["set_aside"]["deleted"]["count"] == DELETED_DEALS


def test_owner_at_creation_comes_before_its_changes(
    imported: Imported, output: Path, world: World, shape: str, spelling: Spelling
) -> None:
    if shape == "reports":
        pytest.skip("the reports have no field history")
    owners = {r["lead_id"]: r["owner"] for r in rows_of(output, "leads")}
    assert owners == {deal_id(r["lead_id"]): r["owner"] for r in world.leads}
    assert imported_changes(output, "owner", spelling.precision) == true_changes(world, "owner", spelling)


def test_changed_box_is_spelt_as_the_others(
    imported: Imported, output: Path, world: World, shape: str, spelling: Spelling
) -> None:
    """A report has 1 and 0 for a box whose history has true and false: the spelling would tell of a change."""
    if shape == "reports":
        pytest.skip("the reports have no field history")
    name = {"objects": "Newsletter__c", "warehouse": "newsletter_c", "all_reports": "Newsletter"}[shape]
    word = {"true": "1", "false": "0"} if shape == "all_reports" else {"true": "true", "false": "false"}
    at_creation = {r["lead_id"]: r[name] for r in rows_of(output, "leads")}
    assert at_creation == {deal_id(r["lead_id"]): word[r["newsletter"]] for r in world.leads}
    changes = imported_changes(output, name, spelling.precision)
    assert {value for _, _, value in changes} == set(word.values())


def test_columns_of_today_are_listed_and_left_out(imported: Imported, output: Path, shape: str) -> None:
    columns = {name.casefold() for name in pq.read_schema(output / "leads.parquet").names}
    assert not columns & {
        "probability",
        "probability (%)",
        "isclosed",
        "iswon",
        "closed",
        "won",
        "stagename",
        "stage",
    }
    assert "Probability" in imported.record["ignored"]["Opportunity"]
