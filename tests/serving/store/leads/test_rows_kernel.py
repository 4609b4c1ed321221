"""Interactions as JSON: read as Python's own reader reads them, or noticed to be of another form."""

import json
import math
import random
from typing import Any

import numpy as np
import pytest

from serving.store.leads.rows_kernel import UNREAD, read_rows

TEXTS = ("call", "", '"', "\\", 'a\\"b', "ä日", "],[", "null", "\x00\n", "x" * 300)
Row = list[Any]


def read(leads: list[list[Row]]) -> tuple[list[Row], int]:
    """The rows of the lists as the kernel reads them, and the number of their distinct texts."""
    body = "".join(json.dumps(rows, separators=(",", ":"), ensure_ascii=False) for rows in leads).encode()
    return read_body(body, sum(map(len, leads)))


def read_body(body: bytes, count: int) -> tuple[list[Row], int]:
    integers, hundredths = np.empty((6, count), dtype=np.int64), np.empty(count)
    spans = np.empty((2 * count, 2), dtype=np.int64)
    slots = np.full(1 << (4 * count).bit_length(), -1, dtype=np.int32)
    distinct = read_rows(np.frombuffer(body, dtype=np.uint8), integers, hundredths, spans, slots)
    texts = [json.loads(body[start:end]) for start, end in spans[: max(distinct, 0)].tolist()]
    rows = []
    for (*numbers, kind, channel, direction), value in zip(
        integers.T.tolist(), hundredths.tolist(), strict=True
    ):
        words = [None if code < 0 else texts[code] for code in (kind, channel)] if distinct >= 0 else []
        rows.append([*numbers, *words, direction, value])
    return rows, distinct


def random_row(draw: random.Random) -> Row:
    numbers = [draw.choice((0, 7, -1, 2**63 - 1, -(2**63), draw.getrandbits(50))) for _ in range(3)]
    kind, channel = draw.choice(TEXTS), draw.choice((*TEXTS, None))
    value = draw.choice((None, "", 0, 1250, -3, draw.randrange(10**6)))
    return [*numbers, kind, channel, draw.randrange(3), value]


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_those_of_python_s_reader(seed: int) -> None:
    draw = random.Random(seed)
    leads = [[random_row(draw) for _ in range(draw.randrange(1, 9))] for _ in range(draw.randrange(1, 9))]
    rows, distinct = read(leads)
    expected = [row for lead in leads for row in lead]
    for (*found, value), (*given, hundredths) in zip(rows, expected, strict=True):
        assert found == given
        if hundredths is None:
            assert math.isnan(value)
        else:
            assert value == (math.inf if hundredths == "" else hundredths)
    words = {word for row in expected for word in row[3:5] if word is not None}
    assert distinct == len(words)


def test_texts_that_share_a_slot_are_told_apart() -> None:
    rows = [[i, 0, 0, f"kind {i}", f"channel {i}", 0, None] for i in range(5_000)]
    found, distinct = read([rows])
    assert [row[3:5] for row in found] == [row[3:5] for row in rows]
    assert distinct == 10_000


GOOD = b'[[1,2,3,"a",null,0,5]]'


@pytest.mark.parametrize("stop", range(len(GOOD) - 2))
def test_shorter_text_is_noticed(stop: int) -> None:
    assert read_body(GOOD, 1)[1] == 1
    assert read_body(GOOD[:stop], 1)[1] == UNREAD


@pytest.mark.parametrize(
    "body",
    [
        b'[[1, 2, 3, "a", null, 0, 5]]',
        b'[[1,2,3,"a",null,0]]',
        b'[[1,2,3,"a",null,0,5,6]]',
        b'[[1,2,3,"a",null,0,5.5]]',
        b'[[1,2,3.0,"a",null,0,5]]',
        b'[[1,2,3,"a",null,0,5],[1,2,3,"a",null,0,5]]',
    ],
)
def test_other_form_is_noticed(body: bytes) -> None:
    assert read_body(body, 1)[1] == UNREAD
