"""Numbers and dates that read as categories for their writing alone are told, and honest categories are not."""

from pathlib import Path

import pytest

from history.read import read_folder
from training.audit.misread_kinds import misread

NUMBERS = [str(7 * i) for i in range(60)]


def found(folder: Path, values: list[str], config: str = "") -> list[dict[str, str]]:
    rows = "".join(f'l{i},2026-01-01,"{value}"\n' for i, value in enumerate(values))
    (folder / "leads.csv").write_text("lead_id,created_at,size\n" + rows)
    (folder / "funnel.toml").write_text(config)
    return misread(read_folder(folder))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([*NUMBERS, *["NULL"] * 20], "75% of its values are numbers, but others, such as 'NULL'"),
        ([*NUMBERS, *["-"] * 9, *["N/A"] * 11], "such as 'N/A'"),
        ([*NUMBERS, *["3"] * 40, "N/A", "-"], "such as 'N/A'"),
        ([*["2026-03-31", "2026-04-01"] * 20, *["none"] * 5], "are dates, but others, such as 'none'"),
        ([f"{i},5" for i in range(30)], "numbers written like"),
        ([f"{i}.234,50" for i in range(1, 30)], "write them like 1234.5"),
        ([f"1'{i}00" for i in range(1, 10)] * 3, "numbers written like"),
        ([f"{i % 28 + 1:02}.03.2026" for i in range(30)], "dates written like '02.03.2026'"),
        ([f"3/{i % 28 + 1}/26 9:30 AM" for i in range(30)], "write them like 2026-03-31"),
    ],
)  # fmt: skip
def test_what_is_misread_is_told_with_what_to_do(values: list[str], told: str, tmp_path: Path) -> None:
    (warning,) = found(tmp_path, values)
    assert (warning["code"], warning["subject"]) == ("misread_attribute", "size")
    assert told in warning["detail"]


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS,
        ["red", "green", "blue"] * 20,
        ["01", "02", "03"] * 20,
        ["1-50", "51-200", "200+"] * 20,
        ["10115", "D-1011", "SW1A 1AA", "K1A 0B1", "75001", "1010 AB", "0150", "PL-00"] * 9,
        ["030 123 456", "089 555 123"] * 20,
        ["yes", "no"] * 20,
        ["2026-03-31"] * 30,
        [""] * 40,
        ["1,5", "NULL"],
    ],
)  # fmt: skip
def test_honest_columns_and_very_few_values_are_not(values: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, values) == []


@pytest.mark.parametrize(
    "section",
    [
        'ignore = ["size"]',
        'sensitive = ["size"]',
        'mutable = ["size"]',
        '[attributes.types]\nsize = "number"',
    ],
)
def test_a_column_that_is_not_read_so_is_not_looked_at(section: str, tmp_path: Path) -> None:
    config = section if section.startswith("[") else f"[attributes]\n{section}\n"
    assert found(tmp_path, [*NUMBERS, *["NULL"] * 20], config) == []
