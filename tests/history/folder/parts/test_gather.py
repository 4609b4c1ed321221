"""A folder read in parts gives the histories, reports, warnings and errors of one that is read at once."""

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from history.base.errors import InvalidInput
from history.base.progress import no_progress
from history.folder.parts.gather import Gathered, PartHistory, gather
from history.folder.parts.split import NeedsWhole, SplitFolder, split_folder
from history.folder.tables.raw_table import RawTable
from history.folder.validate import ReadOptions, ValidatedTable
from history.read import read_folder
from tests.builders.csv_folder import us
from tests.builders.worlds.faulted_crm import changed, check_same, faulted_crm, of_leads

NOW = us("2026-07-01")
PARTS = (1, 2, 7)


@pytest.fixture(scope="module")
def faulted(crm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faulted_crm(crm, tmp_path_factory.mktemp("faulted") / "crm")


def in_parts(folder: Path, n_parts: int, target: Path, as_of_us: int | None = None) -> Gathered[PartHistory]:
    parts = split_folder(folder, None, n_parts, target, no_progress)
    return gather(parts, ReadOptions(parts.config, NOW), as_of_us, lambda part: part, no_progress)


def check_equal(folder: Path, n_parts: int, target: Path, as_of_us: int | None = None) -> None:
    whole = read_folder(folder, as_of_us=as_of_us, now_us=NOW)
    gathered = in_parts(folder, n_parts, target, as_of_us)
    assert (gathered.as_of_us, gathered.config) == (whole.as_of_us, whole.config)
    check_same(gathered.reports, whole.reports, "reports")
    assert gathered.warnings == whole.warnings
    rows = np.concatenate([part.rows for part in gathered.results])
    lead_ids = [lead_id for part in gathered.results for lead_id in part.history.lead_ids]
    assert [lead_ids[i] for i in np.argsort(rows).tolist()] == list(whole.lead_ids)
    for part in gathered.results:
        own = list(part.history.lead_ids)
        check_same(of_leads(part.history, own), of_leads(whole, own))


@pytest.mark.parametrize("n_parts", PARTS)
def test_parts_of_a_clean_folder_are_those_of_the_whole(crm: Path, tmp_path: Path, n_parts: int) -> None:
    check_equal(crm, n_parts, tmp_path)


@pytest.mark.parametrize("n_parts", [2, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 7))])
def test_parts_of_a_faulted_folder_are_those_of_the_whole(
    faulted: Path, tmp_path: Path, n_parts: int
) -> None:
    whole = read_folder(faulted, now_us=NOW)
    rules = {rule.rule for report in whole.reports.values() for rule in (*report.rejected, *report.flagged)}
    assert len(rules) >= 25
    check_equal(faulted, n_parts, tmp_path)


@pytest.mark.long
def test_parts_at_an_earlier_instant(faulted: Path, tmp_path: Path) -> None:
    check_equal(faulted, 7, tmp_path, us("2026-01-15"))


def test_parts_before_everything_have_no_leads(crm: Path, tmp_path: Path) -> None:
    check_equal(crm, 3, tmp_path, us("1999-01-15"))


def readings(folder: Path, target: Path, latest_part: int | None) -> list[int]:
    """Numbers of the parts in the order in which they were read, to the end or not, if one seems to be the latest."""
    parts = replace(split_folder(folder, None, 3, target, no_progress), latest_part=latest_part)
    read: list[int] = []

    class Counted(SplitFolder):
        def part(self, number: int) -> dict[str, RawTable]:
            read.append(number)
            return super().part(number)

    whole = read_folder(folder, now_us=NOW)
    counted = Counted(**vars(parts))
    gathered = gather(counted, ReadOptions(parts.config, NOW), None, lambda part: part, no_progress)
    assert gathered.as_of_us == whole.as_of_us
    check_same(gathered.reports, whole.reports, "reports")
    return read


def test_a_clean_folder_is_read_once_from_its_latest_part_on(crm: Path, tmp_path: Path) -> None:
    parts = split_folder(crm, None, 3, tmp_path, no_progress)
    assert parts.latest_part is not None
    read = readings(crm, tmp_path, parts.latest_part)
    assert read[0] == parts.latest_part
    assert sorted(read) == [0, 1, 2]


def test_parts_wait_for_the_end_without_a_latest_part(crm: Path, tmp_path: Path) -> None:
    assert readings(crm, tmp_path, None) == [0, 1, 2, 0, 1, 2]


def test_what_the_wrong_part_answers_is_refuted(crm: Path, tmp_path: Path) -> None:
    latest = split_folder(crm, None, 3, tmp_path, no_progress).latest_part
    for wrong in {0, 1, 2} - {latest}:
        assert readings(crm, tmp_path, wrong)[0] == wrong


def test_more_parts_than_leads(crm: Path, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "leads.csv").write_text("lead_id,created_at\na,2024-01-01\nb,2024-01-02\n")
    check_equal(tmp_path / "few", 9, tmp_path)


@pytest.mark.long
def test_amounts_in_two_currencies_are_refused_in_the_same_words(crm: Path, tmp_path: Path) -> None:
    folder = faulted_crm(crm, tmp_path / "crm")
    changed(
        folder,
        "outcomes",
        lambda rows: [{**row, "currency": "EUR" if i % 9 else "USD"} for i, row in enumerate(rows)],
    )
    with pytest.raises(InvalidInput) as whole:
        read_folder(folder, now_us=NOW)
    with pytest.raises(InvalidInput) as parted:
        in_parts(folder, 5, tmp_path)
    assert parted.value.problems == whole.value.problems


def test_a_folder_whose_leads_are_all_set_aside_must_be_read_at_once(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,never\nb,never\n")
    with pytest.raises(NeedsWhole):
        in_parts(tmp_path, 2, tmp_path)


def test_nothing_of_a_part_stays_in_memory(crm: Path, tmp_path: Path) -> None:
    parts = split_folder(crm, None, 3, tmp_path, no_progress)
    left: list[int] = []

    def work(_part: PartHistory) -> None:
        gc.collect()
        left.append(sum(type(kept) in (ValidatedTable, RawTable) for kept in gc.get_objects()))

    gather(parts, ReadOptions(parts.config, NOW), None, work, no_progress)
    assert len(left) == 3
    assert len(set(left)) == 1
