"""`[features.NAME]` of funnel.toml: every fault at once, and settings that read back."""

import tomllib
from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from history.config.config import from_dict, to_dict
from history.config.declared_features import DeclaredFeature, declared_features, read_declared
from history.config.file import load_config

EXAMPLE = """
[features.demo_hours_90d]
of = "interactions"
kind = ["demo", "demo_call"]
direction = "outbound"
window_days = 90
measure = "sum"
scope = "account"
[features.proposals]
of = "stages"
stage = "proposal"
"""


def test_settings_are_read_and_read_back(tmp_path: Path) -> None:
    (tmp_path / "funnel.toml").write_text(EXAMPLE)
    config = load_config(tmp_path)
    assert declared_features(config.features) == (
        DeclaredFeature(
            "demo_hours_90d",
            kind=("demo", "demo_call"),
            direction=("outbound",),
            window_days=90.0,
            measure="sum",
            scope="account",
        ),
        DeclaredFeature("proposals", of="stages", stage=("proposal",)),
    )
    assert from_dict(to_dict(config)) == config


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ("x = 3", "features.x"),
        ('[x]\nkinds = ["a"]', "features.x.kinds"),
        ('[x]\nof = "outcomes"', "features.x.of"),
        ('[x]\nmeasure = "median"', "features.x.measure"),
        ("[x]\nwindow_days = 0", "features.x.window_days"),
        ("[x]\nwindow_days = true", "features.x.window_days"),
        ("[x]\nkind = [3]", "features.x.kind"),
        ('[x]\ndirection = "up"', "features.x.direction"),
        ('[x]\nof = "stages"\nmeasure = "sum"', "features.x.measure"),
        ('[x]\nof = "stages"\nkind = "a"', "features.x.kind"),
        ('[x]\nstage = "a"', "features.x.stage"),
        ('[x]\nscope = "owner"', "features.x.scope"),
    ],
)
def test_each_fault_names_its_key(toml: str, key: str) -> None:
    keys: list[str] = []
    read_declared(tomllib.loads(toml), lambda name, _fault: keys.append(name))
    assert keys == [key]


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "funnel.toml").write_text('[features.x]\nof = "y"\nmeasure = "z"\n')
    with pytest.raises(InvalidInput) as error:
        load_config(tmp_path)
    assert len(error.value.problems) == 2
