"""Exports as they were made earlier: what had happened by then, with the values of that day."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from tests.builders.exports import marketo as marketo_export
from tests.builders.exports import pardot as pardot_export
from tests.builders.exports.event_stream import stream
from tests.builders.exports.import_cases import DEALS, Case
from tests.builders.exports.simulated_crm import World, until


def middle(world: World) -> str:
    """The time at which two thirds of the interactions have happened."""
    times = sorted(row["occurred_at"] for row in world.interactions)
    return times[2 * len(times) // 3]


def write_older(case: Case, world: World, folder: Path, end: str) -> None:
    """Writes an export of a system that was made at `end`."""
    system, shape = case.system, case.shape
    if system == "marketo":
        _write_marketo(world, shape, folder, end)
    elif system == "pardot":
        _write_pardot(world, shape, folder, end)
    elif system in DEALS:
        case.export(until(world, end), folder)
    else:
        made = stream(world)
        events = [event for event in made.events if event.recorded <= end]
        import_module(f"tests.builders.exports.{system}").write(replace(made, events=events), shape, folder)


def _write_marketo(world: World, shape: str, folder: Path, end: str) -> None:
    everything, past = marketo_export.instance(world), marketo_export.instance(until(world, end))
    activities = [row for row in everything.activities if row["activityDate"] <= end]
    marketo_export.write(replace(past, activities=activities), shape, folder)


def _write_pardot(world: World, shape: str, folder: Path, end: str) -> None:
    then = until(world, end)
    everything, past = pardot_export.org(world), pardot_export.org(then)
    tables = dict(past.tables)
    for name in ("visitor_activities", "visits"):
        tables[name] = [row for row in everything.tables[name] if row["created_at"] <= end]
    external = [row for row in everything.external if row["created_at"] <= end]
    pardot_export.write(then, replace(past, tables=tables, external=external), shape, folder)
