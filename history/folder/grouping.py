"""Rows grouped by lead, each lead's in the order of some keys: a counting sort, then one within each lead."""

from typing import Final, NamedTuple

import numpy as np
from numba import types

from history.base.arrays import Ints, Mask
from history.base.compiled import FLAGS, I64, compiled

OUT: Final = types.int64[::1]
FEW: Final = 32  # rows that are sorted by insertion


class GroupedRows(NamedTuple):
    """Rows (m,) of a table: those of lead i are rows[offsets[i]:offsets[i + 1]]."""

    rows: Ints
    offsets: Ints


def grouped(visible: Mask, index: Ints, n_leads: int, *by: Ints) -> GroupedRows:
    """The visible rows by lead (index (n,)), then by the keys of `by`, (n,) each, then in file order."""
    offsets = _offsets(visible, index, n_leads)
    rows = np.empty(offsets[-1], dtype=np.int64)
    _place(visible, index, offsets[:-1].copy(), rows)
    for key in reversed(by):
        _sort_within(rows, offsets, key)
    return GroupedRows(rows, offsets)


@compiled(OUT(FLAGS, I64, types.int64))
def _offsets(visible: Mask, index: Ints, n_leads: int) -> Ints:
    offsets = np.zeros(n_leads + 1, dtype=np.int64)
    for row in range(len(index)):
        if visible[row]:
            offsets[index[row] + 1] += 1
    for lead in range(n_leads):
        offsets[lead + 1] += offsets[lead]
    return offsets


@compiled(types.void(FLAGS, I64, OUT, OUT))
def _place(visible: Mask, index: Ints, next_place: Ints, rows: Ints) -> None:
    """Puts each visible row at the next place of its lead."""
    for row in range(len(index)):
        if visible[row]:
            lead = index[row]
            rows[next_place[lead]] = row
            next_place[lead] += 1


@compiled(types.void(OUT, I64, I64))
def _sort_within(rows: Ints, offsets: Ints, key: Ints) -> None:
    """Sorts each lead's rows by the key (n,) of a row; equal ones stay as they are."""
    for lead in range(len(offsets) - 1):
        begin, end = offsets[lead], offsets[lead + 1]
        if end - begin <= FEW:
            for i in range(begin + 1, end):
                row = rows[i]
                j = i
                while j > begin and key[rows[j - 1]] > key[row]:
                    rows[j] = rows[j - 1]
                    j -= 1
                rows[j] = row
        else:
            own = rows[begin:end].copy()
            keys = np.empty(end - begin, dtype=np.int64)
            for i in range(end - begin):
                keys[i] = key[own[i]]
            order = np.argsort(keys, kind="mergesort")
            for i in range(end - begin):
                rows[begin + i] = own[order[i]]
