"""Numbers and dates that are categories only because of their format are reported; real categories are not."""

from pathlib import Path

import pytest

from history.base.warnings import Warning
from history.read import read_folder
from training.audit.misread_kinds import misread

NUMBERS = [str(7 * i) for i in range(60)]


def warnings_of(folder: Path, values: list[str], config: str = "") -> list[Warning]:
    """Warnings on a folder whose only attribute, "size", has these values."""
    rows = "".join(f'l{i},2026-01-01,"{value}"\n' for i, value in enumerate(values))
    (folder / "leads.csv").write_text("lead_id,created_at,size\n" + rows)
    (folder / "funnel.toml").write_text(config)
    return misread(read_folder(folder))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([*NUMBERS, *["NULL"] * 20], "75% of its values are numbers, but others, such as 'NULL'"),
        ([*NUMBERS, *["-"] * 9, *["N/A"] * 11], "such as 'N/A'"),
        ([*NUMBERS, *["3"] * 40, "N/A", "-"], "such as 'N/A'"),
        ([*["2026-03-31", "2026-04-01"] * 20, *["none"] * 5], "are dates, but others, such as 'none'"),
        ([*[f"${i},500.00" for i in range(1, 31)], *["n/a"] * 9], "such as 'n/a'"),
        ([f"{i},500" for i in range(1, 30)], "may separate thousands or decimals"),
        ([f"{i},500 EUR" for i in range(1, 30)], 'set decimal = "," or decimal = "."'),
        ([f"{i}.{j}50" for i in range(1, 6) for j in range(1, 6)], "if the point separates thousands"),
        ([f"{mark} {i}" for i in range(1, 20) for mark in ("EUR", "USD")], "in several currencies (EUR, USD)"),
        ([f"{i}{mark}" for i in range(1, 20) for mark in ("", "%")], "have a percent sign"),
        ([f"3/{i % 12 + 1}/26 9:30 AM" for i in range(30)], "day and month cannot be told apart"),
        (["13/1/2026", "1/13/2026", "2/3/2026"] * 9, 'set datetime = "%d/%m/%Y" or "%m/%d/%Y"'),
    ],
)  # fmt: skip
def test_misread_column_is_reported_with_a_remedy(values: list[str], message: str, tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, values)
    assert (warning.code, warning.subject) == ("misread_attribute", "size")
    assert message in warning.detail


def test_formats_settle_what_a_column_leaves_open(tmp_path: Path) -> None:
    formats = '[formats]\ndecimal = ","\ndatetime = "%d/%m/%Y"\n'
    for values in (
        [f"{i},500" for i in range(1, 30)],
        [f"{i}.{j}50" for i in range(1, 6) for j in range(1, 6)],
        [f"{i % 12 + 1}/3/2026" for i in range(30)],
    ):
        assert len(warnings_of(tmp_path, values)) == 1
        assert warnings_of(tmp_path, values, formats) == []


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS,
        [f"{i},5" for i in range(30)],
        [f"{i}.234,50 €" for i in range(1, 30)],
        [f"1'{i}00" for i in range(1, 10)] * 3,
        [f"{i % 28 + 1:02}.03.2026" for i in range(30)],
        [f"3/{i % 28 + 1}/26 9:30 AM" for i in range(30)],
        [f"{i / 8:.3f}" for i in range(1, 60)],
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
def test_real_categories_and_few_values_are_not(values: list[str], tmp_path: Path) -> None:
    assert warnings_of(tmp_path, values) == []


@pytest.mark.parametrize(
    "config",
    [
        '[attributes]\nignore = ["size"]\n',
        '[attributes]\nsensitive = ["size"]\n',
        '[attributes]\nmutable = ["size"]\n',
        '[attributes.types]\nsize = "number"\n',
    ],
)
def test_configured_columns_are_not_tested(config: str, tmp_path: Path) -> None:
    assert warnings_of(tmp_path, [*NUMBERS, *["NULL"] * 20], config) == []
