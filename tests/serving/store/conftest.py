"""A data folder to be loaded."""

from pathlib import Path

import pytest

from tests.builders.service.store_folder import TABLES, write_folder

CONFIG = """\
[funnel]
name = "Acme"
timezone = "Europe/Berlin"
horizon_days = 30

[attributes.types]
n = "category"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of TABLES with a configuration."""
    folder = write_folder(tmp_path / "crm", TABLES)
    (folder / "funnel.toml").write_text(CONFIG)
    return folder
