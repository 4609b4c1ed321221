"""Attribute texts: one reading from every door, and kinds inferred from the texts of a column."""

import math
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes.parsing import boolean, canonical, infer_kind, instants, number

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("3", "3"), ("3.0", "3"), ("3.50", "3.5"), ("-2.00", "-2"), ("-0.0", "0"), ("01", "01"), ("01.0", "01.0"),
        ("1.2.0", "1.2.0"), ("v1.0", "v1.0"), ("true", "true"), ("True", "true"), ("TRUE", "true"), ("False", "false"),
        ("yes", "yes"), ("0.10", "0.1"), ("100", "100"), ("12345678901234567890.0", "12345678901234567890"),
    ],
)  # fmt: skip
def test_a_category_has_one_text(text: str, one: str) -> None:
    assert canonical(text) == one


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(10**18), 10**18))
def test_canonical_keeps_the_number_and_settles_at_once(value: float | int) -> None:
    text = canonical(str(value))
    assert canonical(text) == text
    assert float(text) == float(value)


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "-inf", "1e999", "1_000", "1,5", "0x10"])
def test_a_text_without_a_finite_number_is_missing(text: str) -> None:
    assert math.isnan(number(text))


def test_booleans_are_read_in_any_spelling_and_case() -> None:
    assert [boolean(t) for t in ("true", "TRUE", "1", "1.0", "Yes", "t")] == [1] * 6
    assert [boolean(t) for t in ("false", "False", "0", "0.0", "NO", "n")] == [0] * 6
    assert all(math.isnan(boolean(t)) for t in ("2", "maybe", "", "01"))


def test_few_dates_and_many_are_read_equally() -> None:
    zone = ZoneInfo("Europe/Berlin")
    texts = ["2024-03-31 02:30", "2024-10-27 02:30", "2024-01-01", "2024-01-01T00:00:00Z", "soon", "2024"] * 4
    assert instants(texts, zone) == [time for text in texts for time in instants([text], zone)]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["0", "1"], "boolean"),
        (["True", "false"], "boolean"),
        (["1", "2", "3.5"], "number"),
        (["2012", "2013"], "number"),
        (["01", "02", "10"], "category"),
        (["2024-01-01", "2024-01-02T10:00:00+01:00"], "date"),
        (["a", "1"], "category"),
        (["yes", "no"], "category"),
        ([], "category"),
    ],
)
def test_the_kind_fits_the_texts(texts: list[str], kind: str) -> None:
    assert infer_kind(texts, np.ones(len(texts), dtype=np.int64), UTC) == kind


def test_one_odd_value_in_two_hundred_does_not_change_the_kind() -> None:
    assert infer_kind(["5", "7", "n/a"], np.array([100, 99, 1]), UTC) == "number"
    assert infer_kind(["5", "7", "n/a"], np.array([50, 40, 10]), UTC) == "category"
