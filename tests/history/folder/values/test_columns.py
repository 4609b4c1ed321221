"""One column as numpy: codes of texts, microseconds of times, floats of numbers."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.folder.values.columns import ROWS_AT_ONCE, numbers, texts, times, without_nul
from history.history import Factor
from history.text.times import format_time, parse_times
from tests.builders.csv_folder import read

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_column_of_fifty_thousand_texts(tmp_path: Path) -> None:
    rows = "".join(f"{i},2024-01-01,тип {i}\n" for i in range(50_000))
    history = read(tmp_path, {"leads.csv": "lead_id,created_at,kind\n" + rows})
    assert [history.attributes["kind"].text(i) for i in (0, 49_999)] == ["тип 0", "тип 49999"]
    assert len(history.attributes["kind"].values) == 50_000


def test_zones_and_offsets(tmp_path: Path) -> None:
    history = read(tmp_path, {"funnel.toml": '[funnel]\ntimezone = "Europe/Berlin"'})
    assert [format_time(t) for t in history.created_us] == ["2023-12-31T23:00:00Z", "2024-01-02T08:00:00Z"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12.0), (" +1.5e3 ", 1500.0), (".5", 0.5), ("5.", 5.0), ("-0", 0.0), ("1_000", None), ("0x1F", None),
     ("1,5", None), ("inf", None), ("NaN", None), ("1e999", None), ("--1", None), ("1 2", None)],
)  # fmt: skip
def test_text_is_a_number_in_decimal_digits_alone(text: str, value: float | None) -> None:
    column = numbers(pa.array([text]))
    assert column.given.tolist() == [True]
    assert column.good.tolist() == [value is not None]
    assert value is None or column.value.tolist() == [value]


@pytest.mark.parametrize("missing", [pa.array([None, "", " "]), pa.array([None, None], pa.float64())])
def test_missing_number_is_not_a_bad_one(missing: pa.Array) -> None:
    assert not numbers(missing).given.any()
    assert np.isnan(numbers(missing).value).all()


@given(
    st.lists(
        st.sampled_from(["2026-01-31", "2026-03-29 02:30", "2026-03-01T09:30:00+01:00", "soon", "", None])
    )
)
def test_time_column_equals_the_texts_one_by_one(texts: list[str | None]) -> None:
    column = times(pa.array(texts, pa.string()), BERLIN)
    us, good = parse_times([text or "" for text in texts], BERLIN)
    assert column.given.tolist() == [bool(text) for text in texts]
    assert column.known.tolist() == good.tolist()
    assert column.us[column.known].tolist() == us[good].tolist()
    assert column.is_date.tolist() == [text == "2026-01-31" for text in texts]


def test_times_longer_than_a_piece_are_read_whole() -> None:
    column = times(pa.array(["2026-01-31"] * (ROWS_AT_ONCE + 1)), BERLIN)
    assert len(set(column.us.tolist())) == 1
    assert column.known.all()


def test_number_is_never_a_time() -> None:
    column = times(pa.array([1_700_000_000, None]), BERLIN)
    assert column.given.tolist() == [True, False]
    assert not column.good.any()


def test_typed_values_of_one_text_share_a_code() -> None:
    factor = texts(pa.array([1.0, 1.5, None, 1.0]).dictionary_encode())
    assert [factor.text(i) for i in range(4)] == ["1", "1.5", None, "1"]
    merged = without_nul(Factor(np.array([0, 1, -1], dtype=np.int32), ["a\0", "a\ufffd"]))
    assert (merged.codes.tolist(), list(merged.values)) == ([0, 0, -1], ["a\ufffd"])
