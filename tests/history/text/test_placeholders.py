"""Placeholder dates: missing where all others are far from them, in attributes and in optional times."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.attributes.parsing import known_instants
from history.text.placeholders import (
    DAY_OF,
    PLACEHOLDERS,
    are_placeholders,
    is_placeholder_text,
    placeholders_far_from,
)
from history.text.times import DAY_US, format_time, parse_time
from tests.builders.csv_folder import counts, read

UTC = ZoneInfo("UTC")


def days(*texts: str) -> list[float]:
    return [parse_time(text, UTC) / DAY_US for text in texts]


@pytest.mark.parametrize(
    ("others", "far"),
    [
        (("2025-01-01", "2026-03-01"), PLACEHOLDERS),
        ((), PLACEHOLDERS),
        (("1969-05-01", "1988-01-01"), ("1899-12-30", "1900-01-01", "9999-12-31")),
        (("1905-01-01", "1970-01-01"), ("1970-01-01", "9999-12-31")),
        (("1970-01-01", "1899-12-30"), PLACEHOLDERS),
    ],
)
def test_placeholders_are_far_from_all_other_dates(others: tuple[str, ...], far: tuple[str, ...]) -> None:
    assert placeholders_far_from(days(*others)) == far


def test_placeholder_is_one_in_any_zone() -> None:
    texts = (
        "1970-01-01T00:00:00+14:00",
        "1969-12-31T12:00:00Z",
        "9999-12-31T23:59:59Z",
        "1970-01-03",
        "2026-01-01",
    )
    us = np.array([parse_time(text, UTC) for text in texts], dtype=np.int64)
    assert are_placeholders(us).tolist() == [True, True, True, False, False]
    assert not are_placeholders(us, ("1900-01-01",)).any()
    assert set(DAY_OF) == set(PLACEHOLDERS)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("1899-12-30", True), (" 1970-01-01T00:00:00Z", True), ("30.12.1899", True), ("31/12/9999", True),
     ("1970", False), ("1900-01-02", False), ("in 1970-01-01", False)],
)  # fmt: skip
def test_placeholder_texts(text: str, is_one: bool) -> None:
    assert is_placeholder_text(text) == is_one


def test_attribute_reads_a_placeholder_as_missing() -> None:
    texts = ["1899-12-30", "2026-01-01", "soon"]
    assert known_instants(texts, UTC, "", PLACEHOLDERS) == [None, parse_time("2026-01-01", UTC), None]
    assert known_instants(texts, UTC, "", ())[0] is not None


def test_optional_time_of_a_placeholder_is_missing(tmp_path: Path) -> None:
    files = {
        "leads.csv": "lead_id,created_at,recorded_at,planned\n"
        "a,2024-01-01,1900-01-01,1970-01-01\nb,2024-01-01,,2024-02-01\n",
        "outcomes.csv": "lead_id,outcome,closed_at\na,open,9999-12-31\nb,won,2024-01-05\n",
        "stages.csv": "lead_id,entered_at,stage\na,1970-01-01,new\n",
    }
    history = read(tmp_path, files)
    assert counts(history.reports["leads"], flagged=True) == {"placeholder_time": 1, "placeholder_date": 1}
    assert counts(history.reports["outcomes"], flagged=True) == {
        "placeholder_time": 1,
        "open_without_time": 1,
    }
    assert counts(history.reports["stages"]) == {"time_before_1990": 1}
    assert format_time(history.as_of_us) == "2024-01-05T23:59:59.999999Z"
    assert history.lead_known_us is not None
    assert (history.lead_known_us == history.created_us).all()
