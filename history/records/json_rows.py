"""The interactions of one request record straight from JSON to columns, without an object a row.

Most requests are mostly interactions, and most of these have the usual form; a record of any other form is decoded and
read by history/records/logs.py, which gives the same log.
"""

from typing import Final

import numpy as np

from history.base.arrays import Ints
from history.config.schema import LONGEST_ID, NUMBER, TABLES
from history.history import DIRECTIONS, Factor, Interactions, no_interactions
from history.records.json_kernel import (
    Bytes,
    has_equal_texts,
    read_numbers,
    read_words,
    scan_rows,
    text_codes,
)
from history.records.rows import is_sorted
from history.records.timestamps import read_row_times
from history.spelling import one_spelling
from history.text.values import LARGEST_NUMBER

_FIELDS: Final = {name: field for name, field in TABLES["interactions"].fields.items() if name != "lead_id"}
_NAMES: Final = np.frombuffer("".join(_FIELDS).encode(), dtype=np.uint8)
_NAME_START: Final = np.cumsum([0, *map(len, _FIELDS)], dtype=np.int64)
_IS_NUMBER: Final = np.array([field.kind == NUMBER for field in _FIELDS.values()], dtype=np.bool_)
_IS_NEEDED: Final = np.array([field.required for field in _FIELDS.values()], dtype=np.bool_)
_TIME, _RECORDED, _ID, _KIND, _CHANNEL, _DIRECTION, _VALUE = (
    list(_FIELDS).index(name)
    for name in (
        "occurred_at", "recorded_at", "interaction_id", "kind", "channel", "direction", "value",
    )
)  # fmt: skip
_DIRECTIONS: Final = np.frombuffer("".join(DIRECTIONS).encode(), dtype=np.uint8)
_DIRECTION_START: Final = np.cumsum([0, *map(len, DIRECTIONS)], dtype=np.int64)
_SHORTEST_ROW: Final = len('{"kind":"a","occurred_at":"2026-01-31T09:30:00Z"},')


def interactions_of_json(content: bytes, most: int) -> Interactions | None:
    """The interactions of one lead from a JSON list of at most `most` rows, valid UTF-8; without their ids.

    They are those that `interactions_of` gives for the decoded list; None if it has another form than the usual one,
    breaks a rule, or has one interaction_id twice.
    """
    text = np.frombuffer(content, dtype=np.uint8)
    room = min(len(text) // _SHORTEST_ROW + 1, most)
    begin = np.empty((len(_FIELDS), room), dtype=np.int64)
    end = np.empty((len(_FIELDS), room), dtype=np.int64)
    rows = scan_rows(text, _NAMES, _NAME_START, _IS_NUMBER, _IS_NEEDED, begin, end)
    if rows <= 0:
        return no_interactions(1) if rows == 0 else None
    log = _log_of(content, text, begin, end, rows)
    return log if log is None or is_sorted(log.time_us) else _in_order(log)


def _log_of(content: bytes, text: Bytes, begin: Ints, end: Ints, rows: int) -> Interactions | None:
    """The scanned rows in the order of the list."""
    time_us, known_us = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    direction, value = np.empty(rows, dtype=np.int8), np.empty(rows, dtype=np.float64)
    if (
        has_equal_texts(text, begin[_ID], end[_ID], rows)
        or not read_row_times(text, begin, end, _TIME, _RECORDED, time_us, known_us)
        or not read_words(text, begin[_DIRECTION], end[_DIRECTION], _DIRECTIONS, _DIRECTION_START, direction)
        or not read_numbers(text, begin[_VALUE], end[_VALUE], LARGEST_NUMBER, value)
    ):
        return None
    kind = _factor_at(content, text, begin[_KIND], end[_KIND], rows)
    channel = _factor_at(content, text, begin[_CHANNEL], end[_CHANNEL], rows)
    if kind is None or channel is None or kind.codes.min() < 0 or max(map(len, kind.values)) > LONGEST_ID:
        return None
    offsets = np.array((0, rows), dtype=np.int64)
    return Interactions(
        offsets, time_us, known_us, one_spelling(kind), one_spelling(channel), direction, value
    )


def _factor_at(content: bytes, text: Bytes, begin: Ints, end: Ints, rows: int) -> Factor | None:
    """The texts of the first rows; None if there are too many, or one of blanks alone."""
    codes, first = np.empty(rows, dtype=np.int32), np.empty(rows, dtype=np.int64)
    count = text_codes(text, begin, end, codes, first)
    if count < 0:
        return None
    at = first[:count]
    values = [content[i:j].decode() for i, j in zip(begin[at].tolist(), end[at].tolist(), strict=True)]
    if any(not value or value.isspace() for value in values):
        return None
    return Factor(codes, values)


def _in_order(log: Interactions) -> Interactions:
    """The rows by time, ties as in the list."""
    order = np.argsort(log.time_us, kind="stable")
    return Interactions(
        log.offsets,
        log.time_us[order],
        log.known_us[order],
        log.kind.take(order),
        log.channel.take(order),
        log.direction[order],
        log.value[order],
    )


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
