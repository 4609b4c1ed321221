"""Functions compiled ahead of use, and many rows worked on by several threads with the result of one."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import numba
from numba import types

Body = TypeVar("Body", bound=Callable[..., Any])

F64 = types.Array(types.float64, 1, "C", readonly=True)
I64 = types.Array(types.int64, 1, "C", readonly=True)
I32 = types.Array(types.int32, 1, "C", readonly=True)
I8 = types.Array(types.int8, 1, "C", readonly=True)
BYTES = types.Array(types.uint8, 1, "C", readonly=True)
FLAGS = types.Array(types.boolean, 1, "C", readonly=True)
F64_2D = types.Array(types.float64, 2, "C", readonly=True)
I64_2D = types.Array(types.int64, 2, "C", readonly=True)
I32_2D = types.Array(types.int32, 2, "C", readonly=True)
OUT = types.float64[:, ::1]
OUT_I64 = types.int64[::1]
OUT_I32_2D = types.int32[:, ::1]
OUT_I64_2D = types.int64[:, ::1]

CHUNK = 16_384  # rows a thread takes at a time
_IS_ALONE: ContextVar[bool] = ContextVar("_IS_ALONE", default=False)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps `in_chunks` to the calling thread: workers side by side share the cores already."""
    token = _IS_ALONE.set(True)
    try:
        yield
    finally:
        _IS_ALONE.reset(token)


def compiled(*signatures: Any) -> Callable[[Body], Body]:
    """A function compiled ahead for its signatures, so that a request never waits for the compiler.

    Without signatures it is a helper of the kernels in its file, inlined into them. The machine code is kept beside the
    source, or in the user's cache folder if that is read-only (NUMBA_CACHE_DIR names another); if neither can be
    written, it is compiled at import. Kernels call compiled functions of their own file only, since the cache notices a
    change of one file.
    """
    # A call that is not inlined counts references of every array it passes: features took 1.2 to 2 times as long.
    options = {"nogil": True, "error_model": "numpy", "forceinline": not signatures}
    compiled_for = list(signatures) or None

    def compile_body(body: Body) -> Body:
        try:
            return cast(Body, numba.njit(compiled_for, cache=True, **options)(body))
        except RuntimeError as problem:
            if "cannot cache" not in str(problem):
                raise
            return cast(Body, numba.njit(compiled_for, **options)(body))

    return compile_body


def in_chunks(n: int, work: Callable[[int, int], None]) -> None:
    """Calls work(begin, end) over 0..n; long ones on as many threads as there are cores, with the same result."""
    if n <= CHUNK or _IS_ALONE.get():
        work(0, n)
        return
    starts = range(0, n, CHUNK)
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        list(pool.map(lambda begin: work(begin, min(begin + CHUNK, n)), starts))
