"""Compiled functions without a writable cache, and work in chunks."""

import numba
import numpy as np
import pytest
from numba import types

from history.base.compiled import CHUNK, compiled, in_chunks


def test_chunks_cover_every_row_once() -> None:
    seen = np.zeros(3 * CHUNK + 5, dtype=np.int64)

    def mark(begin: int, end: int) -> None:
        seen[begin:end] += 1

    in_chunks(len(seen), mark)
    assert (seen == 1).all()


def test_functions_are_compiled_without_a_writable_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = numba.njit

    def njit(*given: object, cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return plain(*given, **options)

    monkeypatch.setattr(numba, "njit", njit)

    @compiled(types.float64(types.float64))
    def double(x: float) -> float:
        return 2 * x

    assert double(3.0) == 6.0
