"""The times of request records: read all at once by digits, they are what the standard library reads one by one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.calendar import _day_number
from history.records.column_kernel import _days
from history.records.timestamps import instants

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
digits = st.tuples(
    st.integers(1989, 2105), st.integers(0, 13), st.integers(0, 32),
    st.integers(0, 24), st.integers(0, 60), st.integers(0, 60),
).map(lambda parts: "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*parts))  # fmt: skip


def slowly(text: str) -> int | None:
    try:
        since = datetime.fromisoformat(text) - EPOCH
    except ValueError:
        return None
    return None if text < "1990" else since // MICROSECOND


@given(st.lists(digits, min_size=1, max_size=6))
def test_whole_seconds_equal_the_standard_library(texts: list[str]) -> None:
    expected = [slowly(text) for text in texts]
    if None in expected:
        with pytest.raises(ValueError):
            instants(texts)
    else:
        assert instants(texts).tolist() == expected


@pytest.mark.parametrize("year", [1996, 2000, 2023, 2024, 2100])
def test_every_day_of_a_year_is_where_the_calendar_has_it(year: int) -> None:
    days = [datetime(year, 1, 1, 23, 59, 59, tzinfo=UTC) + timedelta(days=i) for i in range(367)]
    texts = [day.strftime("%Y-%m-%dT%H:%M:%SZ") for day in days]
    assert instants(texts).tolist() == [(day - EPOCH) // MICROSECOND for day in days]


def test_both_compiled_day_counts_equal_the_standard_library() -> None:
    """The two files each compile their own copy of the formula; one reference holds both."""
    for ordinal in range(1, date.max.toordinal(), 97):
        day = date.fromordinal(ordinal)
        expected = (day - EPOCH.date()).days
        assert _days(day.year, day.month, day.day) == expected
        assert _day_number(day.year, day.month, day.day) == expected


@given(st.lists(digits.filter(lambda t: slowly(t) is not None), min_size=2, max_size=4), st.data())
def test_one_foreign_character_anywhere_is_not_read_past(texts: list[str], data: st.DataObject) -> None:
    line = data.draw(st.integers(0, len(texts) - 1))
    at = data.draw(st.integers(0, 19))
    wrong = data.draw(st.sampled_from("/:aZT-\n é"))
    text = texts[line][:at] + wrong + texts[line][at + 1 :]
    given_texts = [*texts[:line], text, *texts[line + 1 :]]
    if wrong == texts[line][at] or slowly(text) is not None:
        return
    with pytest.raises(ValueError):
        instants(given_texts)


@pytest.mark.parametrize(
    "line", ["2024-05-01T00:00:00Z", "2024-05-01T00:00:00.5Z", "2024-05-01T00:00:00+00:00"]
)
def test_a_text_of_two_times_is_none_and_moves_no_other(line: str) -> None:
    """Read as two, it would give every later row of the request the time of the row before it."""
    with pytest.raises(ValueError):
        instants([f"{line}\n{line}", line])
