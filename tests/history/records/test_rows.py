"""Rows of request records by table: leads in order, times read at once, known when the later of two times is."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from history.config.schema import TABLES
from history.records.rows import ROW_TABLES, TableRows, rows_of
from history.records.timestamps import instants
from tests.builders.leads.lead_records import TIME, lead, lead_records


@settings(max_examples=60, deadline=None)
@given(leads=lead_records())
def test_every_row_is_with_its_lead_and_its_times(leads: list[dict[str, Any]]) -> None:
    rows = rows_of(leads)
    assert rows.created_us.tolist() == instants([record["created_at"] for record in leads]).tolist()
    for name in ROW_TABLES:
        table, own_time = rows.tables[name], TABLES[name].own_time
        for record, (start, stop) in zip(leads, pairwise(table.offsets.tolist()), strict=True):
            assert list(table.rows[start:stop]) == record[name]
            for i, row in enumerate(record[name], start):
                own, *late = instants([row[own_time], *filter(None, [row.get("recorded_at")])]).tolist()
                assert table.time_us[i] == own
                assert table.known_us[i] == max(own, *late, own)


@settings(max_examples=60, deadline=None)
@given(leads=lead_records())
def test_order_is_by_lead_and_time_with_ties_as_given(leads: list[dict[str, Any]]) -> None:
    for table in rows_of(leads).tables.values():
        lead_of = np.zeros(len(table.rows), dtype=np.int64) if table.lead is None else table.lead
        keys = list(zip(lead_of.tolist(), table.time_us.tolist(), range(len(table.rows)), strict=True))
        order = table.order()
        expected = [i for *_, i in sorted(keys)]
        assert (list(range(len(keys))) if order is None else order.tolist()) == expected


def test_offsets_of_some_rows_count_them_alone() -> None:
    offsets, times = np.array([0, 2, 3]), np.zeros(3, dtype=np.int64)
    table = TableRows(({}, {}, {}), offsets, times, times, np.array([0, 0, 1]))
    assert table.offsets_of(np.array([1, 2])).tolist() == [0, 1, 2]
    assert table.offsets_of(np.array([0, 1])).tolist() == [0, 2, 2]


@pytest.mark.parametrize(
    "bad", [lead(created_at="2024-01-01"), {"lead_id": "a"}, lead(stages=[{"stage": "x"}])], ids=str
)
def test_row_without_a_readable_time_raises(bad: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        rows_of([lead(stages=[{"stage": "x", "entered_at": TIME}]), bad])
