"""Times that are all written alike become instants that give their texts back; all other columns stay texts."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from history.folder.tables.fixed_times import FEWEST, fixed_times
from history.folder.values.columns import times
from tests.builders.csv_folder import read

FORMS = [("s", "T", "Z"), ("s", " ", ""), ("ms", " ", "Z"), ("us", "T", ""), ("D", "T", "")]


def _column(texts: list[str | None]) -> pa.ChunkedArray:
    """Two chunks, of which one is a slice of a longer array."""
    half = len(texts) // 2
    first, second = pa.array(texts[:half], pa.string()), pa.array(["x", *texts[half:]], pa.string())
    return pa.chunked_array([first, second.slice(1)])


@pytest.mark.parametrize(("unit", "mark", "zone"), FORMS)
def test_they_are_the_instants_of_the_texts_and_give_them_back(unit: str, mark: str, zone: str) -> None:
    us = np.random.default_rng(1).integers(-(6 * 10**16), 25 * 10**16, FEWEST + 4)  # the years 68 to 9892
    written = np.datetime_as_string(us.astype("M8[us]").astype(f"M8[{unit}]")).tolist()
    texts: list[str | None] = [text.replace("T", mark) + zone for text in written]
    texts[3], texts[7] = "", None
    fixed = fixed_times(_column(texts))
    assert fixed is not None
    assert [fixed.text(row) for row in range(len(texts))] == [text or "" for text in texts]

    here = ZoneInfo("Europe/Berlin")
    as_texts, as_instants = times(pa.array(texts, pa.string()), here), times(fixed.array, here)
    assert as_texts.given.tolist() == as_instants.given.tolist()
    assert as_texts.us[as_texts.known].tolist() == as_instants.us[as_instants.known].tolist()
    assert as_texts.known.tolist() == as_instants.known.tolist()
    assert as_texts.is_date.tolist() == as_instants.is_date.tolist()


@pytest.mark.parametrize(
    "odd",
    ["2024-01-01 10:00:00Z", "2024-02-30T10:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T10:00:00", "soon",
     "2024-01-01T10:00:0xZ", "0000-01-01T10:00:00Z", "2023-02-29T10:00:00Z"],
)  # fmt: skip
def test_one_other_text_leaves_the_column_as_it_is(odd: str) -> None:
    texts: list[str | None] = ["2024-02-29T10:00:00Z"] * FEWEST
    assert fixed_times(_column(texts)) is not None
    assert fixed_times(_column([*texts, odd])) is None
    assert fixed_times(_column([None] * FEWEST)) is None
    assert fixed_times(_column(["31.12.2024"] * FEWEST)) is None


def test_messages_show_what_the_file_has(tmp_path: Path) -> None:
    rows = "".join(f"a,2024-01-02 10:{i // 60 % 60:02d}:{i % 60:02d},call\n" for i in range(FEWEST))
    files = {"interactions.csv": f"lead_id,occurred_at,kind\n{rows}a,1989-12-31 23:00:00,call\na,,call\n"}
    report = read(tmp_path, files).reports["interactions"]
    assert [(rule.rule, rule.first, rule.value) for rule in report.rejected] == [
        ("missing_time", (f"row {FEWEST + 3}: occurred_at is empty",), ""),
        (
            "time_before_1990",
            (f"row {FEWEST + 2}: occurred_at '1989-12-31 23:00:00'",),
            "1989-12-31 23:00:00",
        ),
    ]
