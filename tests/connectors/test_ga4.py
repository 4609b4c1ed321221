"""GA4 exports of a simulated CRM: what is imported equals the truth, in every shape."""

from collections import Counter
from pathlib import Path

import pytest

from connectors.run import Imported
from tests.builders.exports.event_stream import Stream, event_world, real_changes, user_id
from tests.builders.exports.ga4 import OPTIONS, SHAPES, STAGE_NAMES, export, without_returns
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
    open_leads,
    rows_of,
    true_changes,
    true_interactions,
    true_leads,
    true_outcomes,
    true_stages,
    unbalanced,
)
from tests.builders.exports.simulated_crm import RATES, World, open_ids

SYSTEM = "ga4"

SPELLING = Spelling(user_id, STAGE_NAMES, {})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return without_returns(event_world(tmp_path_factory.mktemp("simulated") / "crm", leads=120))


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


def test_interactions_are_those_of_the_truth_and_the_early_visits(
    imported: Imported, made: Stream, output: Path, world: World
) -> None:
    early: Facts = [(lead, at, "page") for lead, _, at, _ in made.early]
    forms: Facts = [(user_id(lead["lead_id"]), lead["created_at"], "generate_lead") for lead in world.leads]
    assert imported_interactions(output, TO_THE_SECOND) == sorted(
        true_interactions(world, SPELLING) + early + forms
    )


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
    assert counts == made.set_aside
    assert imported.record["ignored"]["events"] == (
        ["traffic_source.medium", "traffic_source.source", "user_ltv.revenue", "user_ltv.currency"]
    )


@pytest.mark.parametrize("code", [None, "JPY"])
def test_several_currencies_are_converted_by_the_export(
    code: str | None, world: World, tmp_path: Path
) -> None:
    export(world, "jsonl", tmp_path / "export", currencies=True)
    imported = bring_in("ga4", tmp_path / "export", tmp_path / "crm", **OPTIONS, currency=code)
    amounts = [row["amount"] for row in rows_of(tmp_path / "crm", "outcomes") if row["outcome"] == "won"]
    if code is None:
        true = [float(row["amount"]) * RATES["USD"] for row in world.outcomes if row["outcome"] == "won"]
        assert sorted(amounts) == pytest.approx(sorted(true))
        assert 'currency = "USD"' in (tmp_path / "crm" / "funnel.toml").read_text()
    else:
        assert 0 < sum(amount is not None for amount in amounts) < len(amounts)
    assert unbalanced(imported) == []


def test_export_in_another_form_adds_no_event(world: World, tmp_path: Path) -> None:
    for shape in SHAPES:
        export(world, shape, tmp_path / shape)
        imported = bring_in("ga4", tmp_path / shape, tmp_path / "crm", **OPTIONS)
    assert imported.new_rows["interactions"] == 0
