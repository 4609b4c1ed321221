"""The bytes of Arrow's texts as arrays, without a copy."""

import numpy as np
import pyarrow as pa

from history.base.arrays import Bytes, Codes


def text_bytes(array: pa.Array) -> tuple[Codes, Bytes]:
    """Offsets (n + 1,) of n texts or byte strings, and the bytes in which text i lies from offset i to i + 1."""
    if not len(array):
        return np.zeros(1, dtype=np.int32), np.zeros(0, dtype=np.uint8)
    _, offsets, data = array.buffers()
    own = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return own, np.frombuffer(data or b"", dtype=np.uint8)
