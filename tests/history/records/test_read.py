"""Request records and data folders of the same content give one history; every problem carries its path."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.config.config import FunnelConfig
from history.read import read_folder, read_records
from history.snapshot import cut, open_leads
from tests.builders.leads.lead_records import (
    DAY_US,
    NOW_US,
    START_US,
    TIME,
    lead,
    lead_records,
    plain,
    table_rows,
    write_csv,
    write_parquet,
)

CONFIG = FunnelConfig()


@settings(max_examples=60, deadline=None)
@given(leads=lead_records(), step=st.integers(0, 40), typed=st.booleans())
def test_files_and_records_of_the_same_content_are_one_history(
    leads: list[dict[str, Any]], step: int, typed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, as_of_us = tmp_path_factory.mktemp("door"), START_US + step * DAY_US // 4
    for name, rows in table_rows(leads).items():
        (write_parquet if typed else write_csv)(folder, name, rows)
    from_folder = read_folder(folder, as_of_us=as_of_us)
    from_records, refused = read_records(leads, from_folder.config, as_of_us)
    assert refused == [None] * len(leads)
    assert plain(cut(from_records, as_of_us)) == plain(from_folder)


@settings(max_examples=60, deadline=None)
@given(leads=lead_records())
def test_one_lead_alone_is_read_as_among_others(leads: list[dict[str, Any]]) -> None:
    together, _ = read_records(leads, CONFIG, NOW_US)
    for i, record in enumerate(leads):
        alone, _ = read_records([record], CONFIG, NOW_US)
        start, stop = together.interactions.offsets[i : i + 2]
        rows = range(start, stop)
        assert [together.interactions.kind.text(r) for r in rows] == [
            alone.interactions.kind.text(r) for r in range(stop - start)
        ]
        assert together.interactions.known_us[start:stop].tolist() == alone.interactions.known_us.tolist()
        for name, factor in alone.attributes.items():
            assert together.attributes[name].text(i) == factor.text(0)


def test_a_lead_with_only_a_creation_is_open() -> None:
    history, refused = read_records([{"lead_id": "a", "created_at": TIME}], CONFIG, NOW_US)
    assert refused == [None]
    assert len(open_leads(history, NOW_US)) == 1


def test_no_records_give_an_empty_history() -> None:
    history, refused = read_records([], CONFIG, NOW_US)
    assert len(history) == 0
    assert refused == []


def test_typed_values_become_their_text() -> None:
    values = {
        "a": 3.0,
        "b": 3,
        "c": "3.0",
        "d": "01",
        "e": True,
        "f": False,
        "g": None,
        "h": "",
        "i": 1e22,
        "j": -0.0,
    }
    history, _ = read_records([lead(attributes=values)], CONFIG, NOW_US)
    assert [history.attributes[name].text(0) for name in values] == [
        "3", "3", "3.0", "01", "true", "false", None, None, "1" + "0" * 22, "0",
    ]  # fmt: skip
