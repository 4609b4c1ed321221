"""Exports over older ones: the folder is that of the newer export alone, and keeps its history."""

import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.builders.exports.event_stream import event_world
from tests.builders.exports.ga4 import without_returns
from tests.builders.exports.import_cases import Case
from tests.builders.exports.imported_folder import (
    TO_THE_SECOND,
    Facts,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    moment,
    rows_of,
)
from tests.builders.exports.older import middle, write_older
from tests.builders.exports.pardot import prospect_id
from tests.builders.exports.simulated_crm import World, until, values_today
from tests.connectors.test_odoo import straight_entries

# A system and one of its shapes.
SYSTEMS = [
    Case("amplitude", "pages"),
    Case("ga4", "jsonl"),
    Case("marketo", "bulk"),
    Case("pardot", "export"),
    Case("segment", "calls"),
    Case("dynamics", "api"),
    Case("hubspot", "objects"),
    Case("odoo", "api"),
    Case("pipedrive", "objects"),
    Case("salesforce", "objects"),
]
# All write by the same code: one of persons and one of deals are enough for every run, the others are long.
KILLED_SYSTEMS = [
    pytest.param(case, marks=() if case.system in ("ga4", "salesforce") else pytest.mark.long)
    for case in SYSTEMS
]
# Exports of the interface with the histories that it has.
FULL = [
    Case("dynamics", "audited"),
    Case("odoo", "nested"),
    Case("pipedrive", "progress"),
    Case("salesforce", "all_reports"),
]
# Exports of the interface, which tell present values and stages.
OF_TODAY = [Case("dynamics", "view"), Case("odoo", "list"), Case("pipedrive", "reports")]
TIMED, PARDOT = Case("odoo", "timed"), Case("pardot", "export")
# Imports an export and kills itself in the middle.
KILLED = """
import os, signal, sys
from pathlib import Path
import connectors.folder.write as write
from tests.builders.exports.import_cases import Case
system, shape, source, output, point, calls = sys.argv[1:]
owner = write.NewFolder if point == "add" else write
real, left = getattr(owner, point), int(calls)
def killed(*arguments):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
setattr(owner, point, killed)
Case(system, shape).bring_in(Path(source), Path(output))
"""
POINTS = [("add", 4), ("_take_place", 1)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return event_world(tmp_path_factory.mktemp("simulated") / "crm", leads=60)


def write_both(case: Case, world: World, folder: Path) -> None:
    """The folders `older` and `newer` with two exports of a system."""
    world = without_returns(world) if case.system == "ga4" else world
    write_older(case, world, folder / "older", middle(world))
    case.export(world, folder / "newer")


def facts(output: Path) -> list[Facts]:
    known = [
        (r["lead_id"], r["interaction_id"] or "", moment(r["recorded_at"]))
        for r in rows_of(output, "interactions")
    ]
    reads = (imported_leads, imported_stages, imported_outcomes, imported_interactions)
    return [*(read(output, TO_THE_SECOND) for read in reads), sorted(known)]


@pytest.mark.parametrize("case", [*SYSTEMS, *FULL], ids=str)
def test_newer_export_adds_what_is_new(case: Case, world: World, tmp_path: Path) -> None:
    write_both(case, world, tmp_path)
    case.bring_in(tmp_path / "newer", tmp_path / "alone")
    older = case.bring_in(tmp_path / "older", tmp_path / "crm")
    newer = case.bring_in(tmp_path / "newer", tmp_path / "crm")
    assert 0 < older.rows["interactions"] < newer.rows["interactions"]
    for kept, fresh in zip(facts(tmp_path / "crm"), facts(tmp_path / "alone"), strict=True):
        assert kept == fresh
    again = case.bring_in(tmp_path / "newer", tmp_path / "crm")
    assert sum(again.new_rows.values()) == 0


def test_newer_list_with_time_by_stage_adds_what_is_new(world: World, tmp_path: Path) -> None:
    """The time by stage of a lead that came back to a stage is that of all visits: only straight paths are sure."""
    write_both(TIMED, world, tmp_path)
    for name, output in (("newer", "alone"), ("older", "crm"), ("newer", "crm")):
        TIMED.bring_in(tmp_path / name, tmp_path / output)
    straight = straight_entries(world)
    alone, both = (imported_stages(tmp_path / output, TO_THE_SECOND) for output in ("alone", "crm"))
    assert {row for row in alone if row[0] in straight} == {row for row in both if row[0] in straight}
    assert sum(TIMED.bring_in(tmp_path / "newer", tmp_path / "crm").new_rows.values()) == 0


@pytest.mark.parametrize(
    "case", [Case("pardot", "export"), Case("marketo", "bulk"), Case("segment", "calls")], ids=str
)
def test_older_export_over_a_newer_one_says_nothing_of_today(
    case: Case, world: World, tmp_path: Path
) -> None:
    """Values of an older export of Account Engagement became those of today: the newsletter of 9 people of 120."""
    write_both(case, world, tmp_path)
    case.bring_in(tmp_path / "newer", tmp_path / "crm")
    before = facts(tmp_path / "crm"), rows_of(tmp_path / "crm", "attribute_changes")
    case.bring_in(tmp_path / "older", tmp_path / "crm")
    assert (facts(tmp_path / "crm"), rows_of(tmp_path / "crm", "attribute_changes")) == before


def test_values_of_a_newer_export_are_changes(world: World, tmp_path: Path) -> None:
    """Account Engagement logs no changes: the older export has the first values, the newer one what they became."""
    write_both(PARDOT, world, tmp_path)
    PARDOT.bring_in(tmp_path / "older", tmp_path / "crm")
    PARDOT.bring_in(tmp_path / "newer", tmp_path / "crm")
    before, today = values_today(until(world, middle(world))), values_today(world)
    changes = {
        (r["lead_id"], r["attribute"], r["value"] or "")
        for r in rows_of(tmp_path / "crm", "attribute_changes")
    }
    names = ("owner", "newsletter", "employees")
    assert {change for change in changes if change[1] in names} == {
        (prospect_id(lead), name, today[lead][name])
        for lead in before for name in names if before[lead][name] != today[lead][name]
    }  # fmt: skip
    leads = {r["lead_id"]: r["owner"] for r in rows_of(tmp_path / "crm", "leads")}
    assert all(leads[prospect_id(lead)] == row["owner"] for lead, row in before.items())


@pytest.mark.parametrize("case", OF_TODAY, ids=str)
def test_present_stages_and_owners_of_both_exports_are_kept(case: Case, world: World, tmp_path: Path) -> None:
    """Each is known from its own export on: so exports without a history become one."""
    write_both(case, world, tmp_path)
    times = []
    for name in ("older", "newer"):
        imported = case.bring_in(tmp_path / name, tmp_path / "crm")
        times.append(imported.record["exported_at"][:19])
    stages = rows_of(tmp_path / "crm", "stages")
    known = [moment(row["recorded_at"] or row["entered_at"])[:19] for row in stages]
    assert set(known) == set(times)
    entered = [row["lead_id"] for row, at in zip(stages, known, strict=True) if at == times[0]]
    moved = [row["lead_id"] for row, at in zip(stages, known, strict=True) if at == times[1]]
    assert set(entered) & set(moved)
    changes = rows_of(tmp_path / "crm", "attribute_changes")
    assert "owner" in {row["attribute"] for row in changes}
    assert {moment(row["recorded_at"])[:19] for row in changes} == {times[1]}


@pytest.mark.parametrize(("point", "calls"), POINTS)
@pytest.mark.parametrize("case", KILLED_SYSTEMS, ids=str)
def test_kill_leaves_the_older_import(
    case: Case, point: str, calls: int, world: World, tmp_path: Path
) -> None:
    write_both(case, world, tmp_path)
    output = tmp_path / "crm"
    case.bring_in(tmp_path / "older", output)
    before = facts(output)
    arguments = (case.system, case.shape, str(tmp_path / "newer"), str(output), point, str(calls))
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=Path(__file__).parents[2])
    assert done.returncode == -SIGKILL
    assert facts(output) == before
    case.bring_in(tmp_path / "newer", output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm", "newer", "older"]
    assert facts(output) != before
