"""Settings of a --mapping file are read, and their faults listed together."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.reading.options import ReadOptions, with_settings
from connectors.reading.values import DAY_FIRST
from history.base.errors import InvalidInput
from tests.builders.exports.small import NOW_US


def settings(document: dict[str, Any]) -> ReadOptions:
    return with_settings(ReadOptions(NOW_US, ZoneInfo("UTC")), document, Path("map.toml"))


def test_settings_of_a_mapping_are_read() -> None:
    options = settings(
        {"formats": {"datetime": "%d/%m/%Y", "decimal": ","}, "funnel": {"timezone": "Asia/Tokyo"}}
    )
    assert (options.date_order, options.decimal, options.zone.key) == (DAY_FIRST, ",", "Asia/Tokyo")
    assert settings({}) == ReadOptions(NOW_US, ZoneInfo("UTC"))


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        settings(
            {
                "formats": {"datetime": "%Y", "decimal": "x", "zone": 1},
                "funnel": {"timezone": "Mars"},
                "leads": [],
            }
        )
    assert len(refused.value.problems) == 5
    assert all(problem.startswith("map.toml: ") for problem in refused.value.problems)
