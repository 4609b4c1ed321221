"""Interactions as arrays are those of the driver's rows, bit for bit, whatever their texts and numbers."""

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from history.config.config import FunnelConfig
from history.history import Factor
from serving.store import schema as db
from serving.store.leads import interaction_columns as module
from serving.store.leads import rows_kernel
from serving.store.leads.history import history_of
from serving.store.leads.interaction_columns import interaction_columns
from serving.store.leads.lead_rows import Cut, LeadRows, find_leads, rows_of, value_in
from serving.store.leads.packed_rows import pack
from serving.store.schema import ROW_NO
from serving.store.store import Store
from tests.builders.service.scored_store import put
from tests.builders.service.store_fakes import NOW_US, Clock

KINDS = ("call", "Call", "gespräch", 'a "b" \\', "x,y]", "line\nbreak", "a\x00b", "日本", "null")
IDS = ("a", "b", "c", "d", "e")


def random_value(draw: random.Random) -> float | None:
    plain = (None, 0.0, -0.0, 12.5, 0.29, -0.29, 1e17, -1e300, 5e-324, float("inf"), 92233720368547758.07)
    bits: float = struct.unpack("<d", draw.randbytes(8))[0]
    return draw.choice(
        (*plain, draw.random(), round(draw.uniform(-1e6, 1e6), 2), None if bits != bits else bits)
    )


def random_row(draw: random.Random, lead_no: int, row_no: int) -> dict[str, Any]:
    time_us = NOW_US - draw.randrange(-(10**12), 10**15)
    return {
        "lead_no": lead_no,
        "row_no": row_no,
        "time_us": time_us,
        "known_us": time_us + draw.choice((0, 0, draw.randrange(10**9))),
        "kind": draw.choice(KINDS),
        "channel": draw.choice((None, *KINDS)),
        "direction": draw.randrange(3),
        "value": random_value(draw),
        "interaction_id": draw.choice((None, f"i{row_no}")),
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path, now_us=Clock())
    for lead_id in IDS:
        put(store, lead_id)
    return store


def fill(store: Store, seed: int, count: int = 120) -> None:
    """Rows of all leads but the last, in any order of their arrival."""
    draw = random.Random(seed)
    rows = [random_row(draw, draw.randrange(1, len(IDS)), row_no) for row_no in range(1, count + 1)]
    with store.engine.writing() as connection:
        connection.execute(db.interactions.insert(), rows)


def read(connection: Connection, lead_ids: tuple[str, ...], as_rows: bool) -> LeadRows:
    """The leads with their interactions as arrays, or as rows of the driver."""
    leads = find_leads(connection, lead_ids)
    # Those with ids are read row by row.
    return rows_of(connection, [leads[lead_id] for lead_id in lead_ids], with_ids=as_rows)


def listed(rows: LeadRows) -> list[tuple[Any, ...]]:
    """The interactions but their ids; numbers by their bits."""
    columns = rows.tables["interactions"][:-1]
    count = len(columns[0])
    values = [[value_in(column, row) for column in columns] for row in range(count)]
    return [(*row[:-1], None if row[-1] is None or row[-1] != row[-1] else row[-1].hex()) for row in values]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("lead_ids", [("a",), ("b", "c"), ("d", "a", "e"), IDS, ("e",)])
def test_columns_are_the_rows(store: Store, seed: int, lead_ids: tuple[str, ...]) -> None:
    fill(store, seed)
    with store.engine.reading() as connection:
        rows, arrays = (read(connection, lead_ids, as_rows) for as_rows in (True, False))
        assert listed(arrays) == listed(rows)
        if lead_ids != ("e",):
            assert isinstance(arrays.tables["interactions"][ROW_NO], np.ndarray)
    for place in range(len(lead_ids)):
        one, other = arrays.only(place), rows.only(place)
        assert listed(one) == listed(other)
        assert pack(one.tables["interactions"]) == pack(other.tables["interactions"])
    draw = random.Random(seed)
    cuts = [Cut(draw.randrange(len(lead_ids)), draw.randrange(130)) for _ in range(7)]
    assert listed(arrays.cut(cuts)) == listed(rows.cut(cuts))
    assert logs(arrays) == logs(rows)


def logs(rows: LeadRows) -> list[Any]:
    """Every array of the history's interactions, by its bytes."""
    found: list[Any] = []
    for name, column in vars(history_of(rows, FunnelConfig(), NOW_US).interactions).items():
        if isinstance(column, Factor):
            found += [column.codes.tobytes(), list(column.values)]
        elif name != "ids":
            found.append(column.tobytes())
    return found


def test_usual_values_are_read_with_their_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cents and whole numbers need no second statement; others do."""
    monkeypatch.setattr(module, "_OTHER_VALUES", "SELECT 0 FROM nowhere")
    draw = random.Random(3)
    rows = [random_row(draw, 1, row_no) | {"value": row_no / 100} for row_no in range(1, 2_000)]
    with store.engine.writing() as connection:
        connection.execute(db.interactions.insert(), rows)
    with store.engine.reading() as connection:
        columns = interaction_columns(connection, [1])
    assert columns is not None
    assert columns[-2].tolist() == [row["value"] for row in rows]


@pytest.mark.parametrize("cause", ["form", "order"])
def test_rows_are_read_if_sqlite_wrote_them_otherwise(
    store: Store, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    fill(store, 1)
    if cause == "form":
        monkeypatch.setattr(rows_kernel, "read_rows", lambda *_: rows_kernel.UNREAD)
    else:
        monkeypatch.setattr(module, "_ROWS", module._ROWS.replace("row_no,", "-row_no,"))
    with store.engine.reading() as connection:
        assert interaction_columns(connection, [1, 2]) is None
        assert listed(read(connection, ("a", "b"), False)) == listed(read(connection, ("a", "b"), True))


def test_the_comparison_notices_a_last_bit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON's 15 digits in place of values read apart must fail the tests above."""
    with store.engine.writing() as connection:
        connection.execute(
            db.interactions.insert(), [random_row(random.Random(1), 1, 1) | {"value": 0.1 + 0.2}]
        )
    monkeypatch.setattr(
        module, "_OTHER_VALUES", module._OTHER_VALUES.replace("SELECT value", "SELECT round(value, 15)")
    )
    with store.engine.reading() as connection:
        rows, arrays = (read(connection, ("a",), as_rows) for as_rows in (True, False))
    assert listed(arrays) != listed(rows)
