"""Account Engagement exports of a simulated CRM: what is imported equals the truth, in every shape."""

from collections import Counter
from pathlib import Path

import pytest

from connectors.run import Imported
from tests.builders.exports.event_stream import event_world
from tests.builders.exports.imported_folder import (
    TO_THE_SECOND,
    Spelling,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    open_leads,
    rows_of,
    true_interactions,
    true_leads,
    true_outcomes,
    true_stages,
    unbalanced,
)
from tests.builders.exports.pardot import CUSTOM, KINDS, SHAPES, STAGES, Org, export, prospect_id
from tests.builders.exports.simulated_crm import World, open_ids, values_today

SYSTEM = "pardot"

SPELLING = Spelling(prospect_id, STAGES, KINDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return event_world(tmp_path_factory.mktemp("simulated") / "crm", leads=100)


@pytest.fixture(scope="module", params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(world: World, shape: str, source: Path) -> Org:
    return export(world, shape, source)


def test_leads_stages_and_outcomes_are_those_of_the_truth(
    imported: Imported, output: Path, world: World
) -> None:
    assert imported_leads(output, TO_THE_SECOND) == true_leads(world, SPELLING)
    assert imported_stages(output, TO_THE_SECOND) == true_stages(world, SPELLING)
    assert imported_outcomes(output, TO_THE_SECOND) == true_outcomes(world, SPELLING)
    assert open_leads(output) == {prospect_id(lead) for lead in open_ids(world)}


def test_interactions_are_the_true_ones(imported: Imported, output: Path, world: World) -> None:
    assert imported_interactions(output, TO_THE_SECOND) == true_interactions(world, SPELLING)


def test_attributes_are_those_of_the_records(imported: Imported, output: Path, world: World) -> None:
    leads = {r["lead_id"]: r for r in rows_of(output, "leads")}
    today = values_today(world)
    names = ("owner", "source", "account_id", *CUSTOM)
    for row in world.leads:
        lead = leads[prospect_id(row["lead_id"])]
        assert [lead[name] or "" for name in names] == [today[row["lead_id"]][name] for name in names]
    assert rows_of(output, "attribute_changes") == []


def test_values_of_today_are_left_out(imported: Imported, output: Path) -> None:
    ignored = set(imported.record["ignored"]["prospects"])
    assert {"score", "grade", "last_activity_at", "opted_out", "crm_contact_fid", "notes"} <= ignored
    (lead, *_) = rows_of(output, "leads")
    known = {"lead_id", "created_at", "owner", "source", "account_id", "email", "company", *CUSTOM}
    assert set(lead) == known | {"first_name", "last_name"}


def test_stages_are_in_the_order_of_the_lifecycle(imported: Imported, output: Path, shape: str) -> None:
    has_order = (
        'stages = ["New", "Qualified", "Proposal", "Negotiation"]' in (output / "funnel.toml").read_text()
    )
    assert has_order == (shape != "interface")


def test_every_row_is_used_or_counted(imported: Imported, made: Org, shape: str) -> None:
    assert unbalanced(imported) == []
    counts: Counter[str] = Counter()
    for entry in imported.record["sources"]:
        counts.update({reason: item["count"] for reason, item in entry["set_aside"].items()})
    assert counts == Counter(made.set_aside)
    assert imported.record["unclaimed"] == (["interface/README.md"] if shape == "interface" else [])
