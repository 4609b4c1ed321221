"""A missing package of an extra is named with the command that installs it."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from history.base.extras import explained_imports, installation_hint

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("module", "extra"), [("mlflow.entities", "train"), ("starlette", "serve"), ("psycopg", "postgres")]
)
def test_hint_names_the_extra(module: str, extra: str) -> None:
    hint = installation_hint(ModuleNotFoundError(name=module))
    assert hint == f"{module.split('.')[0]} is not installed: pip install 'leadcast[{extra}]'"


@pytest.mark.parametrize("module", ["models.nothing", "numpy", None])
def test_other_modules_have_no_hint(module: str | None) -> None:
    assert installation_hint(ModuleNotFoundError(name=module)) is None


def test_every_package_of_an_extra_has_a_hint() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"scikit-learn": "sklearn", "prometheus-client": "prometheus_client"}
    not_imported = {"python-multipart"}
    for extra in ("train", "serve", "postgres"):
        for requirement in map(Requirement, project["optional-dependencies"][extra]):
            module = names.get(requirement.name, requirement.name)
            hint = installation_hint(ModuleNotFoundError(name=module))
            assert requirement.name in not_imported or (hint and f"[{extra}]" in hint)


def test_block_explains_an_import_that_fails() -> None:
    with pytest.raises(ModuleNotFoundError, match="pip install 'leadcast"), explained_imports():
        raise ModuleNotFoundError("No module named 'shap'", name="shap")
