"""64-bit hashes of texts: millions of ids fit into memory, two of 10 million collide once in 300,000 exports."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints
from history.base.arrow_texts import text_bytes

Hashes = npt.NDArray[np.uint64]
WORD: Final = 8  # bytes
SEED: Final = np.uint64(0x9E3779B97F4A7C15)
# The multipliers of splitmix64.
FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
SECOND: Final = np.uint64(0x94D049BB133111EB)


def hashes(array: pa.Array) -> Hashes:
    """A hash of each text (n,); null is 0, and no text is."""
    length = np.asarray(
        pc.fill_null(pc.binary_length(array), -1).to_numpy(zero_copy_only=False), dtype=np.int64
    )
    width = -(-max(int(length.max(initial=0)), 1) // WORD) * WORD
    result = np.full(len(array), SEED, dtype=np.uint64) + length.astype(np.uint64)
    # Texts of similar length together: one long text must not widen all.
    for low, high in _bands(width):
        rows = np.flatnonzero((length > low) & (length <= high))
        if len(rows):
            words = _words(array.take(pa.array(rows)), high)
            for column in range(words.shape[1]):
                result[rows] = _mixed(result[rows] ^ words[:, column])
    result = np.where(result == 0, np.uint64(1), result)
    return np.asarray(np.where(length < 0, np.uint64(0), result))


class Places:
    """The places of keys (n,), looked up again and again: a new table of a million keys takes 0.1 s a batch."""

    def __init__(self, keys: pa.Array) -> None:
        found = hashes(keys)
        self._keys, self._order = keys, np.argsort(found, kind="stable")
        self._sorted = found[self._order]

    def of(self, array: pa.Array) -> Ints:
        """The first place of each text (m,), -1 of one that is no key and of null."""
        if not len(self._keys):
            return np.full(len(array), -1, dtype=np.int64)
        near = np.minimum(np.searchsorted(self._sorted, hashes(array)), len(self._sorted) - 1)
        place = self._order[near]
        same = pc.fill_null(pc.equal(self._keys.take(pa.array(place)), array), False)
        return np.where(same.to_numpy(zero_copy_only=False), place, -1).astype(np.int64)


def _bands(width: int) -> list[tuple[int, int]]:
    edges = [0]
    while edges[-1] < width:
        edges.append(max(2 * edges[-1], 8 * WORD))
    return list(pairwise(edges))


def _words(texts: pa.Array, width: int) -> Hashes:
    """The bytes of texts as words of 64 bits (n, width / 8), filled up with zeros."""
    data = texts.cast(pa.binary())
    offsets, raw = text_bytes(data)
    lengths = np.diff(offsets)
    matrix = np.zeros((len(data), width), dtype=np.uint8)
    row = np.repeat(np.arange(len(data)), lengths)
    place = np.arange(offsets[-1] - offsets[0]) - np.repeat(offsets[:-1] - offsets[0], lengths)
    matrix[row, place] = raw[offsets[0] : offsets[-1]]
    return matrix.view(np.uint64)


def _mixed(state: Hashes) -> Hashes:
    """The finalizer of splitmix64 (Steele, Lea and Flood, 2014)."""
    state = (state ^ (state >> np.uint64(30))) * FIRST
    state = (state ^ (state >> np.uint64(27))) * SECOND
    return state ^ (state >> np.uint64(31))
