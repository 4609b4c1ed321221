"""The interactions of one request record straight from JSON to columns, without an object a row.

Most requests are mostly interactions, and most of these have the usual form; a record of any other form is decoded and
read by history/records/logs.py, which gives the same log.
"""

from typing import Final

import numpy as np

from history.base.arrays import Ints
from history.config.schema import LONGEST_ID, NUMBER, TABLES
from history.history import DIRECTIONS, Factor, Interactions, no_interactions
from history.records.column_kernel import (
    CHANNEL_BEGIN,
    CHANNEL_CODES,
    CHANNEL_END,
    KIND_BEGIN,
    KIND_CODES,
    KIND_END,
    KNOWN,
    NUMBERS,
    TIME,
    read_columns,
)
from history.records.json_kernel import scan_rows
from history.spelling import one_spelling
from history.text.values import LARGEST_NUMBER

# The fields in the order of their names in `column_kernel`.
FIELDS: Final = (
    "occurred_at", "recorded_at", "interaction_id", "kind", "channel", "direction", "value",
)  # fmt: skip
_SCHEMA: Final = [TABLES["interactions"].fields[name] for name in FIELDS]
_NAMES: Final = np.array([*"".join(FIELDS).encode()], dtype=np.uint8)
_NAME_START: Final = np.cumsum([0, *map(len, FIELDS)], dtype=np.int64)
_IS_NUMBER: Final = np.array([field.kind == NUMBER for field in _SCHEMA], dtype=np.bool_)
_IS_NEEDED: Final = np.array([field.required for field in _SCHEMA], dtype=np.bool_)
_DIRECTIONS: Final = np.array([*"".join(DIRECTIONS).encode()], dtype=np.uint8)
_DIRECTION_START: Final = np.cumsum([0, *map(len, DIRECTIONS)], dtype=np.int64)
_SHORTEST_ROW: Final = len('{"kind":"a","occurred_at":"2026-01-31T09:30:00Z"},')


def interactions_of_json(content: bytes, most: int) -> Interactions | None:
    """The interactions of one lead from a JSON list of at most `most` rows, valid UTF-8; without their ids.

    They are those that `interactions_of` gives for the decoded list; None if it has another form than the usual one,
    breaks a rule, or has one interaction_id twice.
    """
    text = np.frombuffer(content, dtype=np.uint8)
    room = min(len(content) // _SHORTEST_ROW + 1, most)
    spans = np.empty((2, len(FIELDS), room), dtype=np.int64)
    rows = scan_rows(text, _NAMES, _NAME_START, _IS_NUMBER, _IS_NEEDED, spans)
    if rows <= 0:
        return no_interactions(1) if rows == 0 else None

    numbers, codes = np.empty((NUMBERS, rows), dtype=np.int64), np.empty((2, rows), dtype=np.int32)
    direction, value = np.empty(rows, dtype=np.int8), np.empty(rows, dtype=np.float64)
    counts = np.empty(2, dtype=np.int64)
    if not read_columns(
        text, spans, _DIRECTIONS, _DIRECTION_START, LARGEST_NUMBER, numbers, codes, counts, direction, value
    ):
        return None
    kinds, channels = counts.tolist()
    kind = _texts_at(content, numbers[KIND_BEGIN : KIND_END + 1, :kinds])
    channel = _texts_at(content, numbers[CHANNEL_BEGIN : CHANNEL_END + 1, :channels])
    # Of blanks alone, nothing is left: a kind is missing then, which is against the rules, and a channel is unusual.
    if not all(map(str.strip, kind)) or not all(map(str.strip, channel)) or max(map(len, kind)) > LONGEST_ID:
        return None
    return Interactions(
        np.array((0, rows), dtype=np.int64),
        numbers[TIME],
        numbers[KNOWN],
        one_spelling(Factor(codes[KIND_CODES], kind)),
        one_spelling(Factor(codes[CHANNEL_CODES], channel)),
        direction,
        value,
    )


def _texts_at(content: bytes, places: Ints) -> list[str]:
    """The texts between places (2, n): begin and end of each."""
    return [content[begin:end].decode() for begin, end in zip(*places.tolist(), strict=True)]


def joined(logs: list[Interactions]) -> Interactions:
    """The interactions of several leads, one log each, as one log of all, without their ids."""
    if len(logs) == 1:
        return logs[0]
    counts = [len(log.time_us) for log in logs]
    return Interactions(
        offsets=np.cumsum([0, *counts], dtype=np.int64),
        time_us=np.concatenate([log.time_us for log in logs]),
        known_us=np.concatenate([log.known_us for log in logs]),
        kind=_joined([log.kind for log in logs]),
        channel=_joined([log.channel for log in logs]),
        direction=np.concatenate([log.direction for log in logs]),
        value=np.concatenate([log.value for log in logs]),
    )


def _joined(factors: list[Factor]) -> Factor:
    values = sorted({text for factor in factors for text in factor.values})
    place = {text: code for code, text in enumerate(values)}
    codes = [
        np.array([*map(place.__getitem__, factor.values), -1], dtype=np.int32)[factor.codes]
        for factor in factors
    ]
    return Factor(np.concatenate(codes), values)
