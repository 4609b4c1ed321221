"""Ids of rows, most of which are distinct: kept as Arrow's texts and compared by hash, never as Python objects."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import types

from history.base.arrays import Bytes, Codes, Ints, Mask
from history.base.arrow_texts import text_bytes
from history.base.compiled import BYTES, FLAGS, I32, I64, compiled
from history.folder.values.columns import texts

AT_ONCE: Final = 65_536  # texts that are decoded together
FEW: Final = 16  # rows of a lead whose ids are compared pair by pair
OFFSET_BASIS: Final = 0xCBF29CE484222325 - (1 << 64)  # FNV-1a of 64 bits
PRIME: Final = 0x100000001B3


class RowTexts(Sequence[str | None]):
    """Texts of rows (n,), each decoded when it is read; None is missing."""

    def __init__(self, array: pa.Array, rows: Codes) -> None:
        """rows (n,): the position of each in the array, which stays as it is."""
        self._array, self._rows = array, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str | None] | None:
        if isinstance(index, slice):
            return self._array.take(pa.array(self._rows[index])).to_pylist()  # type: ignore[no-any-return]
        return self._array[int(self._rows[index])].as_py()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str | None]:
        for start in range(0, len(self), AT_ONCE):
            yield from self[start : start + AT_ONCE]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def taken(self, index: Ints) -> "RowTexts | None":
        """The texts at these positions (k,), None if all are missing."""
        return _row_texts(self._array, self._rows[index])


def _row_texts(array: pa.Array, rows: Codes) -> RowTexts | None:
    is_given = array.is_valid().to_numpy(zero_copy_only=False)
    return RowTexts(array, rows) if is_given[rows].any() else None


class RowIds:
    """The ids of a table's rows (n,); given marks the rows that have one, for an empty text is none."""

    def __init__(self, array: pa.Array | None, n: int) -> None:
        """array: a column of any type as it was read, None if the table has none."""
        self._texts = pa.nulls(n, pa.string()) if array is None else _as_texts(array)
        is_empty = pc.equal(self._texts, "")
        if pc.any(is_empty).as_py():
            self._texts = pc.if_else(is_empty, None, self._texts)
        self.given: Mask = self._texts.is_valid().to_numpy(zero_copy_only=False)

    def has_nul(self) -> Mask:
        """Which rows (n,) have a NUL in their id."""
        if not len(self._texts) or np.count_nonzero(text_bytes(self._texts)[1] == 0) == 0:
            return np.zeros(len(self._texts), dtype=np.bool_)
        return np.asarray(pc.fill_null(pc.match_substring(self._texts, "\0"), False))

    def of(self, rows: Ints) -> RowTexts | None:
        """The ids of these rows (k,), None if none of them has one."""
        return _row_texts(self._texts, rows.astype(np.int32))

    def repeated(self, rows: Ints, lead: Ints, known_us: Ints) -> Ints:
        """Of these rows (k,), grouped by lead (k,), those whose id another row of the lead has, known earlier.

        known_us (k,): of rows known at one instant the first in the table stays.
        """
        if not len(rows):
            return rows
        offsets, data = text_bytes(self._texts)
        starts = np.flatnonzero(np.diff(lead, prepend=-1, append=-1))
        suspected = _may_repeat(rows, starts, self.given, offsets, data)
        chosen = np.flatnonzero(np.repeat(suspected, np.diff(starts)) & self.given[rows])
        if not len(chosen):
            return chosen
        ids = texts(self._texts.take(pa.array(rows[chosen])))
        key = lead[chosen] * len(ids.values) + ids.codes
        order = np.lexsort((rows[chosen], known_us[chosen], key))
        return np.asarray(rows[chosen[order[1:][np.diff(key[order]) == 0]]])


def _as_texts(array: pa.Array) -> pa.Array:
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_integer(array.type):
        return pc.cast(array, pa.string())
    factor = texts(array)
    codes = pa.array(factor.codes, mask=factor.codes < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(factor.values, pa.string())).dictionary_decode()


@compiled()
def _hash(data: Bytes, begin: Any, end: Any) -> Any:
    value = np.int64(OFFSET_BASIS)
    for i in range(begin, end):
        value = (value ^ np.int64(data[i])) * np.int64(PRIME)
    return value


@compiled(types.boolean[::1](I64, I64, FLAGS, I32, BYTES))
def _may_repeat(rows: Ints, starts: Ints, given: Mask, offsets: Codes, data: Bytes) -> Mask:
    """True for each group of rows, starts[g]:starts[g + 1], in which the ids of two rows have one hash."""
    out = np.zeros(len(starts) - 1, dtype=np.bool_)
    longest = 0
    for g in range(len(starts) - 1):
        longest = max(longest, starts[g + 1] - starts[g])
    hashes = np.empty(longest, dtype=np.int64)
    for g in range(len(starts) - 1):
        n = 0
        for i in range(starts[g], starts[g + 1]):
            if given[rows[i]]:
                hashes[n] = _hash(data, offsets[rows[i]], offsets[rows[i] + 1])
                n += 1
        if n > FEW:
            hashes[:n].sort()
            for i in range(1, n):
                out[g] |= hashes[i] == hashes[i - 1]
        else:
            for i in range(1, n):
                for j in range(i):
                    out[g] |= hashes[i] == hashes[j]
    return out
