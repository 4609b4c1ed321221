"""Days of an import are named; steady, weekly and growing funnels have none."""

from pathlib import Path

import numpy as np
import pytest

from history.bulk_creations import bulk_days
from history.text.times import DAY_US, HOUR_US
from tests.builders.csv_folder import read

START_US = 1_704_067_200_000_000  # 2024-01-01


def daily(counts: list[int]) -> list[int]:
    """Creations spread over the office hours of each day."""
    return [
        START_US + day * DAY_US + 8 * HOUR_US + int(10 * HOUR_US * k / count)
        for day, count in enumerate(counts)
        for k in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_funnels_without_an_import_have_none(seed: int) -> None:
    random = np.random.default_rng(seed)
    steady = random.poisson(random.choice([0.3, 3, 40]), 300).tolist()
    weekly = [120 if day % 7 == 0 else 0 for day in range(140)]
    weekends = [3 if day % 7 > 4 else 90 for day in range(140)]
    growing = [1 + day for day in range(150)]
    fair = [*[3] * 150, 70, *[3] * 150]
    few = [40, 1, 1, 2]
    for counts in (steady, weekly, weekends, growing, fair, few):
        assert bulk_days(np.array(daily(counts), dtype=np.int64)) == ()


def test_an_import_day_is_found_with_its_bounds() -> None:
    counts = [*[2] * 100, 400, *[3] * 100]
    created = np.array(daily(counts), dtype=np.int64)
    (bulk,) = bulk_days(created)
    of_day = created[created // DAY_US == START_US // DAY_US + 100]
    assert (bulk.first_us, bulk.last_us, bulk.count) == (of_day.min(), of_day.max(), 400)
    assert [day.count for day in bulk_days(np.array(daily([300, 200, *[3] * 100]), dtype=np.int64))] == [
        300,
        200,
    ]


def test_leads_of_one_instant_are_an_import() -> None:
    assert [day.count for day in bulk_days(np.full(60, START_US))] == [60]
    assert bulk_days(np.full(49, START_US)) == ()
    assert bulk_days(np.zeros(0, dtype=np.int64)) == ()


def test_an_import_is_named_when_a_folder_is_read(tmp_path: Path) -> None:
    rows = [f"i{i},2024-05-01\n" for i in range(80)] + [f"d{i},2024-05-{i % 28 + 1:02}\n" for i in range(60)]
    history = read(tmp_path, {"leads.csv": "lead_id,created_at\n" + "".join(rows)})
    (warning,) = history.warnings
    assert (warning.code, warning.subject) == ("bulk_creation", "created_at")
    assert warning.detail.startswith("83 of 140 leads were created as by an import on 2024-05-01 (83);")
