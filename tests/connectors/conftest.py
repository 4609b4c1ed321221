"""An export of a simulated CRM and the folder that it becomes, for the modules that name a SYSTEM and a shape."""

from pathlib import Path

import pytest

from connectors.run import Imported
from tests.builders.exports.import_cases import Case


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, shape: str) -> Case:
    return Case(request.module.SYSTEM, shape)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, shape: str) -> Path:
    """The folder that the module's fixture `made` writes an export into."""
    return tmp_path_factory.mktemp("export") / shape


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, shape: str) -> Path:
    return tmp_path_factory.mktemp("imported") / shape


@pytest.fixture(scope="module")
def imported(made: object, case: Case, source: Path, output: Path) -> Imported:
    return case.bring_in(source, output)
