"""Whether a folder is split, by the sizes of its files and the memory that is free."""

from pathlib import Path

import pytest

from history.folder.parts.size import (
    needed_bytes,
    one_in,
    parts_in_memory,
    parts_needed,
    parts_to_train,
    training_bytes,
)

GB = 1_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 10 GB as CSV, of which nothing is written."""
    for name, size in (("leads.csv", GB), ("interactions.csv", 8 * GB), ("stages.parquet", GB // 5)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    return tmp_path


def test_a_folder_that_fits_is_read_at_once(folder: Path) -> None:
    assert needed_bytes(folder) == pytest.approx(24 * GB)
    assert parts_needed(folder, 50 * GB) == parts_needed(folder, None) == 1


@pytest.mark.parametrize(("free", "parts"), [(40 * GB, 34), (8 * GB, 36), (GB, 288), (GB // 10, 512)])
def test_others_are_split_into_parts_that_fit_many_times(folder: Path, free: int, parts: int) -> None:
    assert parts_needed(folder, free) == parts


@pytest.mark.parametrize(("free", "parts"), [(GB, 1), (8 * GB, 6), (200 * GB, 36), (None, 36)])
def test_some_parts_are_kept_in_half_of_the_free_memory(folder: Path, free: int | None, parts: int) -> None:
    assert parts_in_memory(folder, 36, free) == parts


def test_training_on_a_folder_that_fits_is_at_once(folder: Path) -> None:
    assert training_bytes(10 * GB) == pytest.approx(24 * GB)
    assert training_bytes(2.4 * GB) == pytest.approx(7.92 * GB)
    assert parts_to_train(folder, 31 * GB) == parts_to_train(folder, None) == 1
    assert parts_to_train(folder, 29 * GB) == 34


@pytest.mark.parametrize(
    ("free", "leads", "expected"),
    [
        (8 * GB, 6_000_000, 8),
        (31 * GB, 900_000, 1),
        (31 * GB, 6_000_000, 8),
        (None, 6_000_000, 8),
        (GB, 10, 512),
        (1, 10, 1024),
    ],
)
def test_a_sample_fits_and_has_at_most_a_million_leads(
    folder: Path, free: int | None, leads: int, expected: int
) -> None:
    assert one_in(folder, leads, free) == expected
