"""The code of the service, imported once by the supervisor and shared by the workers that it forks."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from serving.process.forking import can_fork

# Besides the service, what its server imports only as it starts.
MODULES = ("serving.process.worker", "serving.service", "serving.model.first_trial")
# Its templates take half a second to compile, during which a worker would share the interpreter lock with its requests.
PAGES = "serving.pages.rendering"
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def preload() -> bool:
    """Imports the service and compiles its templates.

    False if workers cannot be forked from this process, which then imports nothing or in vain.

    Collections of garbage would write to every object, and so copy the memory that processes share.
    """
    if not can_fork():
        return False
    gc.disable()  # imports leave nothing to collect
    with _blas_without_threads():
        for name in MODULES:
            import_module(name)
        for prepare in import_module(PAGES).preparations():
            prepare()
    gc.freeze()
    gc.enable()
    return can_fork()


@contextmanager
def _blas_without_threads() -> Iterator[None]:
    """NumPy's and SciPy's OpenBLAS start their threads at import; a service's processes share the cores anyway.

    Only the import reads the variable: commands that the service starts have their threads.
    """
    before = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BLAS_THREADS]
        else:
            os.environ[_BLAS_THREADS] = before
