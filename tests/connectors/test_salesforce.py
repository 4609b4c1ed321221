"""Salesforce exports of a simulated CRM: what is imported equals the truth, in every shape."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from connectors.export import ReadOptions
from connectors.run import Imported, run_import
from tests.builders.salesforce_export import (
    DELETED_DEALS,
    SHAPES,
    STAGE_LABELS,
    Row,
    World,
    deal_id,
    export,
    simulated,
)

NOW_US = 1_790_000_000_000_000  # September 2026, after the simulated data
UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm")


@pytest.fixture(scope="module", params=sorted(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def source(world: World, shape: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / shape
    export(world, shape, folder)
    return folder


@pytest.fixture(scope="module")
def output(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imported") / "crm"


@pytest.fixture(scope="module")
def imported(source: Path, output: Path) -> Imported:
    return bring_in(source, output)


def bring_in(source: Path, output: Path) -> Imported:
    return run_import("salesforce", [source], output, ReadOptions(NOW_US, UTC), lambda _text, _share: None)


def rows_of(output: Path, table: str) -> list[dict[str, object]]:
    rows = pq.read_table(output / f"{table}.parquet").to_pylist()
    return [dict(row) for row in rows]


def moment(value: object, shape: str) -> str:
    """A time as text, to the minute in reports."""
    text = value if isinstance(value, str) else value.strftime("%Y-%m-%dT%H:%M:%SZ")  # type: ignore[attr-defined]
    return text[:16] if shape == "reports" else text


def test_leads_are_those_of_the_truth(imported: Imported, output: Path, world: World, shape: str) -> None:
    got = {(r["lead_id"], moment(r["created_at"], shape), r["source"]) for r in rows_of(output, "leads")}
    assert got == {(deal_id(r["lead_id"]), moment(r["created_at"], shape), r["source"]) for r in world.leads}


def test_stage_entries_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    got = sorted(
        (r["lead_id"], moment(r["entered_at"], shape), r["stage"]) for r in rows_of(output, "stages")
    )
    assert got == sorted(
        (deal_id(r["lead_id"]), moment(r["entered_at"], shape), STAGE_LABELS[r["stage"]])
        for r in world.stages
    )


def test_outcomes_and_amounts_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    got = sorted(
        (
            r["lead_id"],
            moment(r["closed_at"], shape),
            r["outcome"],
            f"{r['amount']:.2f}" if r["amount"] is not None else "",
        )
        for r in rows_of(output, "outcomes")
    )
    assert got == sorted(
        (deal_id(r["lead_id"]), moment(r["closed_at"], shape), r["outcome"], amount_text(r))
        for r in world.outcomes
    )


def amount_text(row: Row) -> str:
    return f"{float(row['amount']):.2f}" if row["amount"] and row["outcome"] == "won" else ""


def test_interactions_are_those_of_the_truth(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    got = sorted(
        (r["lead_id"], r["interaction_id"], moment(r["occurred_at"], shape), r["kind"])
        for r in rows_of(output, "interactions")
    )
    assert got == sorted(
        (deal_id(r["lead_id"]), r["interaction_id"], moment(r["occurred_at"], shape), r["kind"])
        for r in world.interactions
    )


def test_every_row_is_used_or_set_aside(imported: Imported) -> None:
    for source in imported.record["sources"]:
        aside = sum(entry["count"] for entry in source["set_aside"].values())
        assert source["rows_read"] == source["rows_used"] + aside > 0


def test_deleted_deals_are_counted(imported: Imported) -> None:
    deals = next(
        s for s in imported.record["sources"] if s["kind"] == "Opportunity" and "deleted" in s["set_aside"]
    )
    assert deals["set_aside"]["deleted"]["count"] == DELETED_DEALS


def test_owner_at_creation_comes_before_its_changes(
    imported: Imported, output: Path, world: World, shape: str
) -> None:
    if shape == "reports":
        pytest.skip("the reports have no field history")
    owners = {r["lead_id"]: r["owner"] for r in rows_of(output, "leads")}
    assert owners == {deal_id(r["lead_id"]): r["owner"] for r in world.leads}
    got = {
        (r["lead_id"], moment(r["changed_at"], shape), r["value"])
        for r in rows_of(output, "attribute_changes")
        if r["attribute"] == "owner"
    }
    assert got == {
        (deal_id(r["lead_id"]), r["changed_at"], r["value"])
        for r in world.attribute_changes
        if r["attribute"] == "owner"
    }


def test_importing_twice_adds_no_row(imported: Imported, source: Path, output: Path) -> None:
    before = {table: rows_of(output, table) for table in imported.rows}
    again = bring_in(source, output)
    assert sum(again.new_rows.values()) == 0
    assert {table: rows_of(output, table) for table in again.rows} == before


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
