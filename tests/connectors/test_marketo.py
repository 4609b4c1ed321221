"""Marketo exports of a simulated CRM: what is imported equals the truth, in every shape."""

from collections import Counter
from pathlib import Path

import pytest

from connectors.run import Imported
from tests.builders.exports.event_stream import event_world, real_changes
from tests.builders.exports.imported_folder import (
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
from tests.builders.exports.marketo import CUSTOM, KINDS, SHAPES, STAGES, Instance, export, person_id
from tests.builders.exports.simulated_crm import World, open_ids

SYSTEM = "marketo"

SPELLING = Spelling(person_id, STAGES, KINDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return event_world(tmp_path_factory.mktemp("simulated") / "crm", leads=100)


@pytest.fixture(scope="module", params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(world: World, shape: str, source: Path) -> Instance:
    return export(world, shape, source)


def test_leads_stages_and_outcomes_are_those_of_the_truth(
    imported: Imported, output: Path, world: World
) -> None:
    assert imported_leads(output, TO_THE_SECOND) == true_leads(world, SPELLING)
    assert imported_stages(output, TO_THE_SECOND) == true_stages(world, SPELLING)
    assert imported_outcomes(output, TO_THE_SECOND) == true_outcomes(world, SPELLING)
    assert open_leads(output) == {person_id(lead) for lead in open_ids(world)}


def test_interactions_are_the_true_ones(imported: Imported, output: Path, world: World) -> None:
    assert imported_interactions(output, TO_THE_SECOND) == true_interactions(world, SPELLING)


def test_attributes_have_the_values_of_the_creation(imported: Imported, output: Path, world: World) -> None:
    for name in ("owner", "newsletter"):
        truth = true_changes(real_changes(world), name, SPELLING)
        assert imported_changes(output, name, TO_THE_SECOND) == truth
    leads = {r["lead_id"]: r for r in rows_of(output, "leads")}
    names = ("owner", "source", "account_id", *CUSTOM)
    for row in world.leads:
        lead = leads[person_id(row["lead_id"])]
        assert [lead[name] or "" for name in names] == [row[name] for name in names]


def test_values_of_today_are_left_out_without_history(imported: Imported, output: Path, world: World) -> None:
    leads = {r["lead_id"]: r for r in rows_of(output, "leads")}
    assert {"lead_status", "priority", "urgency", "rating"}.isdisjoint(next(iter(leads.values())))
    scores = {row["lead_id"]: leads[person_id(row["lead_id"])]["lead_score"] for row in world.leads}
    assert list(scores.values()) == [("10" if place % 2 else None) for place in range(len(scores))]
    assert {value for _, _, value in imported_changes(output, "lead_score", TO_THE_SECOND)} == {"15"}
    ignored = imported.record["ignored"]["leads"]
    assert set(ignored) == {"leadScore", "leadStatus", "priority", "urgency", "rating"}


def test_every_row_is_used_or_counted(imported: Imported, made: Instance, shape: str) -> None:
    assert unbalanced(imported) == []
    counts: Counter[str] = Counter()
    for entry in imported.record["sources"]:
        counts.update({reason: item["count"] for reason, item in entry["set_aside"].items()})
    assert counts == made.set_aside
    assert imported.record["unclaimed"] == (["bulk/README.md"] if shape == "bulk" else [])
