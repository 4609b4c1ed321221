"""A data folder read once gives at every instant, under every configuration, what a reading from the files gives."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from history.config.config import FunnelConfig
from history.config.file import load_config
from history.folder.data_folder import config_differences
from history.read import open_folder, read_folder
from history.text.times import DAY_US
from tests.builders.leads.lead_records import plain

INSTANTS_US = [None, *range(1_765_000_000_000_000, 1_785_000_000_000_000, 90 * DAY_US)]
CONFIGS = {
    "own": None,
    "ignoring more": FunnelConfig(ignore=("country", "seats"), mutable=("product",)),
    "other zone": FunnelConfig(timezone="Asia/Tokyo", horizon_days=30),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_history_at_any_instant_is_that_of_the_files(crm: Path, config: FunnelConfig | None) -> None:
    folder = open_folder(crm)
    for as_of_us in INSTANTS_US:
        seen, read = folder.at(as_of_us, config), read_folder(crm, config=config, as_of_us=as_of_us)
        assert plain(seen) == plain(read)
        assert (seen.as_of_us, seen.config, seen.reports) == (read.as_of_us, read.config, read.reports)


def test_column_ignored_by_the_folder_alone_is_read(crm: Path, tmp_path: Path) -> None:
    shutil.copytree(crm, tmp_path / "crm")
    (tmp_path / "crm" / "funnel.toml").write_text('[attributes]\nignore = ["country"]\n')
    folder = open_folder(tmp_path / "crm")
    model = replace(load_config(crm), ignore=("seats",))
    assert "country" not in folder.at().attributes
    seen, read = folder.at(None, model), read_folder(tmp_path / "crm", config=model)
    assert plain(seen) == plain(read)
    assert "country" in seen.attributes


def test_later_change_of_the_files_changes_nothing(crm: Path, tmp_path: Path) -> None:
    shutil.copytree(crm, tmp_path / "crm")
    folder = open_folder(tmp_path / "crm")
    (tmp_path / "crm" / "interactions.csv").write_text("lead_id,occurred_at,kind\n")
    assert plain(folder.at()) == plain(read_folder(crm))


def test_history_is_kept_for_the_next_question(crm: Path) -> None:
    folder = open_folder(crm)
    assert folder.at() is folder.at()


def test_rows_set_aside_are_counted_in_sentences(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\na,2026-01-01\nb,never\n")
    folder = open_folder(tmp_path)
    assert len(folder) == 1
    assert len(folder.set_aside) == 1
    assert folder.set_aside[0].startswith("leads: set aside 1 of 2 rows, ")


def test_settings_the_model_overrules_are_named(crm: Path) -> None:
    folder = open_folder(crm)
    assert folder.differences(folder.config) == []
    (warning,) = folder.differences(replace(folder.config, horizon_days=30))
    assert (warning.code, warning.subject) == ("config_differs", "horizon_days")


@pytest.mark.parametrize(
    ("own", "model", "differs"),
    [
        (("note",), ("note", "leak"), False),  # the training left a column out
        (("note", "memo"), ("memo", "note"), False),
        (("note", "memo"), ("note",), True),
    ],
)
@pytest.mark.parametrize("key", ["ignore", "mutable"])
def test_columns_that_a_training_leaves_out_are_no_difference(
    key: str, own: tuple[str, ...], model: tuple[str, ...], differs: bool
) -> None:
    configs = [
        FunnelConfig(ignore=names) if key == "ignore" else FunnelConfig(mutable=names)
        for names in (own, model)
    ]
    warnings = config_differences(*configs)
    assert [warning.subject for warning in warnings] == [key] * differs


def test_every_fault_of_configuration_and_tables_is_raised(tmp_path: Path) -> None:
    (tmp_path / "funnel.toml").write_text("[funnel]\nhorizon_days = 0\n")
    (tmp_path / "leads.csv").write_text("id\n")
    with pytest.raises(InvalidInput) as error:
        open_folder(tmp_path)
    assert len(error.value.problems) == 3
