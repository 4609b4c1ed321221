"""The interactions of one request record straight from JSON to columns, without an object a row.

Most requests are mostly interactions, and most of these have the usual form; a record of any other form is decoded and
read by history/records/logs.py, which gives the same log.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from history.config.schema import LONGEST_ID, NUMBER, TABLES
from history.history import DIRECTIONS, Factor, Interactions, no_interactions
from history.records.column_kernel import (
    CHANNELS,
    KINDS,
    KNOWN,
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
_FEW_BYTES: Final = 512
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

    times, codes = np.empty((2, rows), dtype=np.int64), np.empty((2, rows), dtype=np.int32)
    lines, ends = np.empty(len(content), dtype=np.uint8), np.empty(2, dtype=np.int64)
    direction, value = np.empty(rows, dtype=np.int8), np.empty(rows, dtype=np.float64)
    if not read_columns(
        text,
        spans,
        _DIRECTIONS,
        _DIRECTION_START,
        LARGEST_NUMBER,
        times,
        codes,
        lines,
        ends,
        direction,
        value,
    ):
        return None
    end_of_kinds, end_of_channels = ends.tolist()
    kinds = _texts_of(lines[:end_of_kinds].tobytes())
    channels = _texts_of(lines[end_of_kinds:end_of_channels].tobytes())
    if kinds is None or channels is None or max(map(len, kinds)) > LONGEST_ID:
        return None
    return Interactions(
        np.array((0, rows), dtype=np.int64),
        times[TIME],
        times[KNOWN],
        one_spelling(Factor(codes[KINDS], kinds)),
        one_spelling(Factor(codes[CHANNELS], channels)),
        direction,
        value,
    )


def _texts_of(lines: bytes) -> tuple[str, ...] | None:
    """The texts of lines, each with its end; None if one is of blanks alone: a missing kind, an unusual channel."""
    return _few_texts(lines) if len(lines) <= _FEW_BYTES else _split(lines)


def _split(lines: bytes) -> tuple[str, ...] | None:
    texts = lines.decode().split("\n")[:-1]
    return tuple(texts) if all(map(str.strip, texts)) else None


_few_texts = lru_cache(maxsize=4096)(_split)  # requests repeat their kinds and channels


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
    first = factors[0].values
    if all(factor.values == first for factor in factors):
        return Factor(np.concatenate([factor.codes for factor in factors]), first)
    values = sorted({text for factor in factors for text in factor.values})
    place = {text: code for code, text in enumerate(values)}
    codes = [
        np.array([*map(place.__getitem__, factor.values), -1], dtype=np.int32)[factor.codes]
        for factor in factors
    ]
    return Factor(np.concatenate(codes), values)
