"""Local numbers: the decimal mark of the whole column or of funnel.toml, and nothing guessed without either."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from history.folder.values.local_numbers import read_column, read_numbers
from history.text.written_numbers import decimal_mark
from tests.builders.csv_folder import counts, read


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["$1,234.00", "(500)"], [1234.0, -500.0]),
        (["1.234,50 EUR", "7 EUR"], [1234.5, 7.0]),
        (["1 234,5", "12\u202f000,0"], [1234.5, 12000.0]),
        (["CHF 1'234.50"], [1234.5]),
        (["1234.5", "3"], [1234.5, 3.0]),
        (["1,234", "99.5"], [1234.0, 99.5]),
        (["45%", "1,000,000"], [45.0, 1_000_000.0]),
        (["1,2 Mio", "1,25 Mio. €", "800"], [1_200_000.0, 1_250_000.0, 800.0]),
        (["12k", "$2.5 k", "(3 k)", "7 kEUR"], [12_000.0, 2_500.0, -3_000.0, 7_000.0]),
        (["2,5 Mrd EUR", "3 Tsd."], [2.5e9, 3_000.0]),
    ],
)
def test_numbers_are_read_by_the_whole_column(texts: list[str], expected: list[float]) -> None:
    read = read_numbers(pa.array(texts))
    assert read.value.tolist() == expected
    assert read.good.all()


@pytest.mark.parametrize(
    "texts",
    [
        ["1.234"],
        ["1,234"],
        ["1,234 Mio"],
        ["5 cr"],
        ["2 mm"],
        ["5 apples"],
        ["n/a"],
        ["-"],
        ["Mio"],
        ["1.234", "2,5", "1.5"],
    ],
)
def test_a_number_that_may_be_two_is_not_read(texts: list[str]) -> None:
    assert not read_numbers(pa.array(texts)).good[0]


def test_decimal_mark_settles_an_open_column() -> None:
    assert decimal_mark(["1.234"]) is None
    assert read_numbers(pa.array(["1.234"]), ",").value.tolist() == [1234.0]
    assert read_numbers(pa.array(["1.234"]), ".").value.tolist() == [1.234]


@pytest.mark.parametrize(
    ("texts", "decimal", "expected"),
    [
        (["1.234", "5"], None, [1.234, 5]),
        (["1.234", "1.234,50"], None, [1234, 1234.5]),
        (["1.234", "1,234"], None, [1.234, np.nan]),
        (["1,234", "7.25"], None, [1234, 7.25]),
        (["1.234", "5"], ",", [1234, 5]),
        (["1,234", "5"], ".", [1234, 5]),
        (["1,5", "12.50"], None, [np.nan, 12.5]),
        (["$1,200.00", "n/a"], None, [1200, np.nan]),
        (["$1,200.00", "€7.50"], None, [np.nan, np.nan]),
        (["€1,200.00", "7.50 EUR"], None, [1200, 7.5]),
        (["", None], None, [np.nan, np.nan]),
        (["1e3", "-2"], None, [1000, -2]),
    ],
)
def test_column_of_a_data_folder(texts: list[str | None], decimal: str | None, expected: list[float]) -> None:
    np.testing.assert_array_equal(read_column(pa.array(texts, pa.string()), decimal).value, expected)


def test_typed_numbers_stay_as_they_are() -> None:
    assert read_column(pa.array([1.234, 5.0]), ",").value.tolist() == [1.234, 5.0]


AMOUNTS = 'lead_id,outcome,closed_at,amount\na,won,2024-01-05,"1.200,50"\nb,won,2024-01-05,"1.000"\n'


def test_decimal_mark_of_the_column_is_counted(tmp_path: Path) -> None:
    history = read(tmp_path, {"outcomes.csv": AMOUNTS})
    assert history.outcomes.amount.tolist() == [1200.5, 1000.0]
    assert counts(history.reports["outcomes"], flagged=True) == {"decimal_comma": 2}
    points = AMOUNTS.replace("1.200,50", "$1,200.50").replace("1.000", "$1,000")
    history = read(tmp_path, {"outcomes.csv": points})
    assert history.outcomes.amount.tolist() == [1200.5, 1000.0]
    assert counts(history.reports["outcomes"], flagged=True) == {"decimal_point": 2}


def test_decimal_mark_of_funnel_toml_is_no_guess(tmp_path: Path) -> None:
    files = {"outcomes.csv": AMOUNTS, "funnel.toml": '[formats]\ndecimal = ","'}
    history = read(tmp_path, files)
    assert history.outcomes.amount.tolist() == [1200.5, 1000.0]
    assert history.reports["outcomes"].flagged == ()
