"""Broken exports are imported or refused with a message; never a traceback, never an unbalanced account."""

import math
import random
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from connectors.run import Imported
from history.base.errors import InvalidInput
from tests.builders.exports.broken import HARMLESS, copy_with, mutated
from tests.builders.exports.imported_folder import (
    TO_THE_SECOND,
    Facts,
    bring_in,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    unbalanced,
)
from tests.builders.exports.simulated_crm import World, simulated


def builder(system: str) -> Any:
    return import_module(f"tests.builders.exports.{system}")


FEW, PER_SYSTEM = 3, 200
# The builders of exports: tests/builders/SYSTEM_export.py.
SYSTEMS = (
    "amplitude",
    "dynamics",
    "ga4",
    "hubspot",
    "marketo",
    "odoo",
    "pardot",
    "pipedrive",
    "salesforce",
    "segment",
)
MAIN_TABLES = [
    ("hubspot", "reports", "all-deals.csv"), ("hubspot", "warehouse", "deal_data.csv"),
    ("hubspot", "warehouse", "deal_property_history_data.csv"), ("pipedrive", "reports", "deals.csv"),
    ("pipedrive", "warehouse", "deal_change.csv"), ("salesforce", "objects", "Opportunity.csv"),
]  # fmt: skip
# Imports whose every difference is told. OF_CELLS: faults of at most 20 cells or records.
PERSONS = ("amplitude", "ga4", "marketo", "pardot", "segment")
OF_CELLS = ("cells", "null", "missing")
DELETED_DEALS = 20  # at most, in any export
# Archives and Parquet are broken by tests of their own: here a file of text is broken.
CASES = [
    (name, shape)
    for name in SYSTEMS
    for shape in sorted(getattr(builder(name), "TEXT_SHAPES", builder(name).SHAPES))
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm", leads=30)


@pytest.mark.parametrize(("system", "shape"), CASES)
def test_broken_files_never_give_a_traceback(world: World, system: str, shape: str, tmp_path: Path) -> None:
    import_broken(world, system, shape, tmp_path, range(FEW))


@pytest.mark.long
@pytest.mark.parametrize(("system", "shape"), CASES)
def test_many_broken_files_never_give_a_traceback(
    world: World, system: str, shape: str, tmp_path: Path
) -> None:
    seeds = range(FEW, math.ceil(PER_SYSTEM / sum(name == system for name, _ in CASES)))
    outcomes = import_broken(world, system, shape, tmp_path, seeds)
    assert outcomes.count("imported") > len(seeds) // 2, outcomes


@pytest.mark.parametrize("what", HARMLESS)
@pytest.mark.parametrize(("system", "shape", "file"), MAIN_TABLES)
def test_harmless_changes_of_a_file_change_nothing(
    world: World, system: str, shape: str, file: str, what: str, tmp_path: Path
) -> None:
    source, options = tmp_path / "export", getattr(builder(system), "OPTIONS", {})
    builder(system).export(world, shape, source)
    copy_with(source, tmp_path / "changed", source / file, what, random.Random(3))
    bring_in(system, source, tmp_path / "crm", **options)
    bring_in(system, tmp_path / "changed", tmp_path / "again", **options)
    for facts in (imported_leads, imported_stages, imported_outcomes, imported_interactions):
        assert facts(tmp_path / "again", TO_THE_SECOND) == facts(tmp_path / "crm", TO_THE_SECOND)


@dataclass(frozen=True)
class Whole:
    """An import, and its data folder."""

    imported: Imported
    output: Path

    def facts(self) -> list[Facts]:
        reads = (imported_leads, imported_stages, imported_outcomes, imported_interactions)
        return [read(self.output, TO_THE_SECOND) for read in reads]

    def announced(self) -> list[Any]:
        """What import.json says of rows, files and notes; without names of folders."""
        record = self.imported.record
        sources = [
            (source["file"].partition("/")[2], source["rows_read"], source["rows_used"],
             {reason: entry["count"] for reason, entry in source["set_aside"].items()})
            for source in record["sources"]
        ]  # fmt: skip
        return [sources, [file.partition("/")[2] for file in record["unclaimed"]], record["notes"]]

    def assert_announced(self, broken: "Whole", what: str) -> None:
        """Nothing differs in silence: a harmless change gives the same, another one is told in import.json.

        Single cells may hold any other value.
        """
        fault = what.split()[0]
        if fault in HARMLESS or (fault not in OF_CELLS and broken.announced() == self.announced()):
            assert broken.facts() == self.facts(), what


def import_broken(world: World, system: str, shape: str, tmp_path: Path, seeds: range) -> list[str]:
    """What became of an export broken in a way for each seed: imported, or refused with the reason."""
    builder(system).export(world, shape, tmp_path / "export")
    options = getattr(builder(system), "OPTIONS", {})
    whole = Whole(bring_in(system, tmp_path / "export", tmp_path / "whole", **options), tmp_path / "whole")
    outcomes = []
    for seed in seeds:
        what = mutated(tmp_path / "export", tmp_path / f"broken{seed}", seed)
        try:
            imported = bring_in(system, tmp_path / f"broken{seed}", tmp_path / f"crm{seed}", **options)
        except InvalidInput as error:
            outcomes.append(f"refused: {error}")
            continue
        assert imported.rows["leads"] <= len(world.leads) + DELETED_DEALS, what
        assert not unbalanced(imported), what
        if system in PERSONS:
            whole.assert_announced(Whole(imported, tmp_path / f"crm{seed}"), what)
        outcomes.append("imported")
    assert all(len(outcome) > 40 for outcome in outcomes if outcome != "imported"), (
        "a refusal names the problem"
    )
    return outcomes
