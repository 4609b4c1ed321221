"""Hashes of lead ids that are equal for all forms in which tables may write one id, so that its rows stay together."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from history.base.arrays import Bytes, Codes, Ints, Mask
from history.base.arrow_texts import text_bytes
from history.base.compiled import BYTES, I32, OUT_I64, compiled
from history.folder.values.columns import texts
from history.folder.values.id_forms import LONG_LENGTH, SHORT_LENGTH
from history.folder.values.row_ids import OFFSET_BASIS, PRIME

ZERO, NINE, POINT = ord("0"), ord("9"), ord(".")
UPPER_A, UPPER_Z, TO_LOWER = ord("A"), ord("Z"), ord("a") - ord("A")
LOWER_A, LOWER_Z = ord("a"), ord("z")
NO_KEY: Final = 0  # of a missing id
MIXING: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))  # shifts and factors of splitmix64


def lead_keys(ids: pa.Array) -> Ints:
    """A hash (n,) of each id, NO_KEY for none.

    Equal for ids that differ by case, outer blanks, leading zeros, a final .0 or the three characters behind a short id
    of Salesforce: those that history.folder.values.id_forms.IdForms may match or compare.
    """
    if not pa.types.is_string(ids.type):
        factor = texts(ids)
        keys = lead_keys(pa.array([*factor.values, None], pa.string()))
        return np.asarray(keys[factor.codes])
    plain = pc.fill_null(ids, "")
    is_ascii = pc.string_is_ascii(plain).to_numpy(zero_copy_only=False)
    if not is_ascii.all():
        folded = [text if text.isascii() else text.strip().casefold() for text in plain.to_pylist()]
        plain = pa.array(folded, pa.string())
    return _hashes(*text_bytes(plain))


class Joins:
    """Leads that belong together, because one is merged into another: each takes the key of one of them."""

    def __init__(self, pairs: list[tuple[Ints, Ints]]) -> None:
        """pairs: keys of leads (k,) and of those into which they are merged (k,)."""
        one, other = (np.concatenate([pair[i] for pair in pairs]) if pairs else _NONE for i in (0, 1))
        self._keys, place = np.unique(np.concatenate([one, other]), return_inverse=True)
        n = len(self._keys)
        ones = np.ones(len(one), dtype=np.int8)
        joined = coo_array((ones, (place[: len(one)], place[len(one) :])), shape=(n, n))
        _, label = connected_components(joined, directed=False) if n else (0, _NONE)
        first = np.full(n, n, dtype=np.int64)
        np.minimum.at(first, label, np.arange(n))
        self._roots = self._keys[first[label]] if n else self._keys

    def of(self, keys: Ints) -> Ints:
        """The keys (n,) by which rows are put into parts."""
        if not len(self._keys):
            return keys
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[place] == keys, self._roots[place], keys)


_NONE: Final = np.zeros(0, dtype=np.int64)


def part_numbers(keys: Ints, n_parts: int) -> Ints:
    """The part (n,) of each key, from 0."""
    mixed = keys.view(np.uint64)
    return ((mixed ^ (mixed >> np.uint64(32))) % np.uint64(n_parts)).astype(np.int64)


def in_sample(keys: Ints, one_in: int) -> Mask:
    """Which keys (n,) belong to the sample of one in `one_in`; that of 2 k is a part of that of k.

    The bits are mixed anew (splitmix64), so that a sample has the same share of every part.
    """
    mixed = keys.view(np.uint64)
    for shift, factor in MIXING:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) <= np.uint64((2**64 - 1) // one_in))


@compiled()
def _is_blank(byte: Any) -> Any:
    return byte == ord(" ") or 9 <= byte <= 13 or 28 <= byte <= 31


@compiled()
def _are_digits(data: Bytes, begin: Any, end: Any) -> Any:
    for i in range(begin, end):  # noqa: SIM110 - numba compiles no generator
        if data[i] < ZERO or data[i] > NINE:
            return False
    return True


@compiled()
def _without_point_zero(data: Bytes, begin: Any, end: Any) -> Any:
    """The end of 123 in 123.00, else `end`."""
    last = end
    while last > begin and data[last - 1] == ZERO:
        last -= 1
    if begin < last - 1 and last < end and data[last - 1] == POINT and _are_digits(data, begin, last - 1):
        return last - 1
    return end


@compiled()
def _is_long(data: Bytes, begin: Any, end: Any) -> Any:
    """True for 18 letters and digits, not of digits alone: behind a short id of digits there are letters."""
    if end - begin != LONG_LENGTH or _are_digits(data, begin, end):
        return False
    for i in range(begin, end):
        byte = data[i]
        is_letter = UPPER_A <= byte <= UPPER_Z or LOWER_A <= byte <= LOWER_Z
        if not is_letter and not ZERO <= byte <= NINE:
            return False
    return True


@compiled(OUT_I64(I32, BYTES))
def _hashes(offsets: Codes, data: Bytes) -> Ints:
    out = np.empty(len(offsets) - 1, dtype=np.int64)
    for i in range(len(out)):
        begin, end = np.int64(offsets[i]), np.int64(offsets[i + 1])
        while begin < end and _is_blank(data[begin]):
            begin += 1
        while end > begin and _is_blank(data[end - 1]):
            end -= 1
        if begin == end:
            out[i] = NO_KEY
            continue
        end = _without_point_zero(data, begin, end)
        if _is_long(data, begin, end):
            end = begin + SHORT_LENGTH
        if _are_digits(data, begin, end):
            while begin < end and data[begin] == ZERO:
                begin += 1
        value = np.int64(OFFSET_BASIS)
        for j in range(begin, end):
            byte = np.int64(data[j])
            if UPPER_A <= byte <= UPPER_Z:
                byte += TO_LOWER
            value = (value ^ byte) * np.int64(PRIME)
        out[i] = value
    return out
