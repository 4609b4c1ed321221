"""What spreadsheets and second hands do to a file: a right import, or the difference is told; never a traceback."""

import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from connectors.run import Imported
from history.base.errors import InvalidInput
from tests.builders.exports.imported_folder import (
    TO_THE_MINUTE,
    Facts,
    bring_in,
    imported_interactions,
    imported_leads,
    imported_outcomes,
    imported_stages,
    unbalanced,
)
from tests.builders.exports.simulated_crm import World, simulated
from tests.builders.exports.spreadsheet_faults import FAULTS, faulty, read_rows, table_of, text_of

# The main table of each system, as CSV.
MAIN = {
    "amplitude": ("csv", "events.csv"), "dynamics": ("view", "My View opportunity.csv"),
    "ga4": ("csv", "events_20260101.csv"), "hubspot": ("reports", "all-deals.csv"),
    "marketo": ("interface", "People.csv"), "odoo": ("timed", "Lead (crm.lead).csv"),
    "pardot": ("interface", "prospects.csv"), "pipedrive": ("reports", "deals.csv"),
    "salesforce": ("objects", "Opportunity.csv"), "segment": ("warehouse", "identifies.csv"),
}  # fmt: skip
# Faults that change nothing of what a file says, for every system but Odoo, whose nested rows hang on their order.
HARMLESS = (
    "merged header cells above", "merged header cells, notes and blank lines above", "BOM in the middle", "BOM twice",
    "blank lines between rows", "rows of separators alone", "empty column at the end", "index column in front",
    "column twice", "column twice, the second one empty", "no-break spaces in names", "blanks around names",
    "zero-width space before names", "line ends in names", "ids after an apostrophe",
    "ids as formulas", "ids with a no-break space", "times with a. m.", "times of twelve hours", "times with GMT",
    "times with an offset", "times with (UTC)", "times of web servers", "NULL for none", "\\N for none", "nan for none",
    "- for none", "carriage returns", "line ends of two kinds", "separator named", "tabs", "rows in another order",
    "rows twice", "workbook named .csv", "workbook with a cover sheet", "compressed, named .csv",
    "UTF-16 without a mark", "UTF-16, big-endian",
)  # fmt: skip
NESTED = ("odoo",)


def facts(output: Path) -> list[Facts]:
    reads = (imported_leads, imported_stages, imported_outcomes, imported_interactions)
    return [read(output, TO_THE_MINUTE) for read in reads]


def announced(imported: Imported) -> list[Any]:
    """What import.json says of rows, files and notes; without names of folders."""
    record = imported.record
    sources = [
        (
            source["file"].partition("/")[2],
            source["rows_read"],
            source["rows_used"],
            sorted(source["set_aside"]),
        )
        for source in record["sources"]
    ]
    return [sources, len(record["unclaimed"]), record["notes"], record["lacks"]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm", leads=30)


def imported_or_refused(
    system: str, source: Path, output: Path, options: Mapping[str, Any]
) -> Imported | str:
    try:
        return bring_in(system, source, output, **options)
    except InvalidInput as error:
        return str(error)


def check_faults(world: World, system: str, names: tuple[str, ...], folder: Path) -> None:
    shape, file = MAIN[system]
    builder = import_module(f"tests.builders.exports.{system}")
    options = getattr(builder, "OPTIONS", {})
    source = folder / "export"
    builder.export(world, shape, source)
    (source / file).write_text(text_of(table_of(read_rows((source / file).read_bytes()))), encoding="utf-8")
    whole = bring_in(system, source, folder / "whole", **options)
    expected = facts(folder / "whole")
    for name in names:
        broken, output = folder / "broken", folder / "crm"
        shutil.rmtree(broken, ignore_errors=True)
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(source, broken)
        (broken / file).write_bytes(faulty((source / file).read_bytes(), name))
        is_harmless = name in HARMLESS and system not in NESTED
        imported = imported_or_refused(system, broken, output, options)
        if isinstance(imported, str):
            assert not is_harmless, (system, name, imported)
            assert len(imported) > 40, (system, name)
            continue
        assert not unbalanced(imported), (system, name)
        same = facts(output) == expected
        assert same or not is_harmless, (system, name)
        assert same or system in NESTED or announced(imported) != announced(whole), (system, name)


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_harmless_faults_change_nothing(world: World, system: str, tmp_path: Path) -> None:
    chosen = ("merged header cells above", "BOM in the middle", "zero-width space before names", "ids as formulas",
              "times with a. m.", "NULL for none", "workbook named .csv")  # fmt: skip
    check_faults(world, system, chosen, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("system", sorted(MAIN))
def test_every_fault_is_read_or_told(world: World, system: str, tmp_path: Path) -> None:
    check_faults(world, system, tuple(FAULTS), tmp_path)


@pytest.mark.parametrize("name", ["web page named .csv", "UTF-32", "no byte", "blanks alone"])
def test_file_that_is_no_table_is_named(world: World, name: str, tmp_path: Path) -> None:
    builder = import_module("tests.builders.exports.hubspot")
    builder.export(world, "reports", tmp_path / "export")
    file = tmp_path / "export" / "all-deals.csv"
    file.write_bytes(faulty(file.read_bytes(), name))
    with pytest.raises(InvalidInput, match=r"all-deals\.csv"):
        bring_in("hubspot", tmp_path / "export", tmp_path / "crm")


def test_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / ".hidden.csv").write_text("Record ID\n1\n")
    with pytest.raises(InvalidInput, match="no file in it"):
        bring_in("hubspot", tmp_path / "export", tmp_path / "crm")
