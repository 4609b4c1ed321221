"""Interactions of many leads from SQLite as arrays, without an object for each value.

SQLite writes the rows of a lead as one JSON text and a kernel reads the texts of all leads: 41 rows take 37 µs with the
arrays of a history, as rows of the driver 93 with the freeing of their objects.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection

from history.base.arrays import Floats, Ints
from history.history import Factor
from serving.store.database.statements import sqlite_driver
from serving.store.leads import rows_kernel as kernel

# JSON of SQLite has 15 digits of a number, which do not tell all numbers apart. One that is a quotient of an integer
# and 100 to the last bit is written as that integer; others are "" and read apart.
_HUNDREDTHS = "CAST(value * 100 + 0.5 AS INTEGER)"
_IS_QUOTIENT = f"{_HUNDREDTHS} / 100.0 = value"
_VALUE = f"CASE WHEN {_IS_QUOTIENT} THEN {_HUNDREDTHS} WHEN value IS NULL THEN NULL ELSE '' END"
_ROW = f"json_array(row_no, time_us, known_us - time_us, kind, channel, direction, {_VALUE})"
_OF_LEADS = "FROM interactions WHERE lead_no IN (SELECT value FROM json_each(?))"
_ROWS = (
    f"SELECT lead_no, count(*), CAST(json_group_array({_ROW}) AS BLOB) {_OF_LEADS} "
    "GROUP BY lead_no ORDER BY lead_no"
)
_OTHER_VALUES = f"SELECT value {_OF_LEADS} AND NOT {_IS_QUOTIENT} ORDER BY lead_no, row_no"


def interaction_columns(connection: Connection, numbers: Sequence[int]) -> Sequence[Any] | None:
    """The interactions of the leads of these numbers as columns (LeadRows), arrays and Factors without ids; for SQLite.

    None without any, and if SQLite wrote them in another form or order than expected.
    """
    driver, leads = sqlite_driver(connection), msgspec.json.encode(list(numbers)).decode()
    found = driver.execute(_ROWS, (leads,)).fetchall()
    if not found:
        return None
    lead_numbers, counts, bodies = zip(*found, strict=True)
    lead_no = np.repeat(np.array(lead_numbers, dtype=np.int64), counts)
    read = _read(b"".join(bodies), len(lead_no))
    if read is None:
        return None
    integers, value, texts = read
    row_no, time_us = integers[kernel.ROW_NO], integers[kernel.TIME_US]
    if not np.all((np.diff(row_no) > 0) | (np.diff(lead_no) > 0)):
        return None
    is_other = np.isinf(value)
    if is_other.any():
        others = driver.execute(_OTHER_VALUES, (leads,)).fetchall()
        value[is_other] = np.fromiter(chain.from_iterable(others), np.float64, len(others))
    kind, channel = (
        Factor(integers[column].astype(np.int32), texts) for column in (kernel.KIND, kernel.CHANNEL)
    )
    direction = integers[kernel.DIRECTION].astype(np.int8)
    return [
        lead_no,
        row_no,
        time_us,
        time_us + integers[kernel.DELAY_US],
        kind,
        channel,
        direction,
        value,
        (),
    ]


def _read(body: bytes, rows: int) -> tuple[Ints, Floats, list[str]] | None:
    """The integers of the rows by column, their values, infinite for one to be read apart, and the texts by code."""
    text = np.frombuffer(body, dtype=np.uint8)
    integers, hundredths = np.empty((6, rows), dtype=np.int64), np.empty(rows)
    spans = np.empty((2 * rows, 2), dtype=np.int64)
    slots = np.full(1 << (4 * rows).bit_length(), -1, dtype=np.int32)
    count = kernel.read_rows(text, integers, hundredths, spans, slots)
    if count == kernel.UNREAD:
        return None
    texts = [msgspec.json.decode(body[start:end], type=str) for start, end in spans[:count].tolist()]
    return integers, hundredths / 100.0, texts
