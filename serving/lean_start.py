"""Imported first by processes that only serve: LightGBM without the libraries it would load in case they are wanted.

LightGBM imports scikit-learn, pandas and pyarrow where they are installed, to take their types; the service hands it
plain arrays. Without them a process starts in 2 seconds of CPU time instead of 5 and is 120 MB smaller.
"""

import sys
from importlib import import_module

_UNWANTED = ("sklearn", "pandas", "pyarrow", "dask", "matplotlib", "graphviz")


def _import_alone() -> None:
    if "lightgbm" in sys.modules:
        return
    hidden = [name for name in _UNWANTED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]


_import_alone()
