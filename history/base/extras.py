"""Packages that are installed by role: which extra of Leadcast brings a package that is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

_EXTRAS: Final = {
    "train": ("lightgbm", "matplotlib", "mlflow", "shap", "skops", "sklearn", "threadpoolctl"),
    "serve": (
        "alembic",
        "babel",
        "bentoml",
        "httptools",
        "jinja2",
        "msgspec",
        "prometheus_client",
        "sqlalchemy",
        "starlette",
        "uvicorn",
        "uvloop",
    ),
    "postgres": ("psycopg",),
    "dask": ("dask", "distributed"),
    "spark": ("py4j", "pyspark"),
}


def installation_hint(error: ModuleNotFoundError) -> str | None:
    """What to install if a package of an extra is missing, None for any other module.

    >>> installation_hint(ModuleNotFoundError(name="sklearn.metrics"))
    "sklearn is not installed: pip install 'leadcast[train]'"
    """
    package = (error.name or "").split(".")[0]
    for extra, packages in _EXTRAS.items():
        if package in packages:
            return f"{package} is not installed: pip install 'leadcast[{extra}]'"
    return None


def missing_packages(extra: str) -> list[str]:
    """The packages of an extra that are not installed; nothing is imported."""
    return [package for package in _EXTRAS[extra] if find_spec(package) is None]


@contextmanager
def explained_imports() -> Iterator[None]:
    """Adds the installation hint to the error of an import inside the block."""
    try:
        yield
    except ModuleNotFoundError as error:
        hint = installation_hint(error)
        if hint is None:
            raise
        raise ModuleNotFoundError(hint, name=error.name) from error
