"""Data folders of commands: at --as-of in the folder's zone, refused if too many rows are set aside."""

from pathlib import Path

import pytest

from cli.folder.reading import read_and_report, read_for, read_own
from history.base.errors import InvalidInput
from history.text.times import format_time
from models.bundle import Bundle
from models.home.pointer import champion


def folder(path: Path, rows: str, toml: str = "") -> Path:
    path.mkdir()
    (path / "leads.csv").write_text(f"lead_id,created_at\n{rows}")
    (path / "funnel.toml").write_text(toml)
    return path


def test_date_is_the_start_of_its_day_in_the_folders_zone(tmp_path: Path) -> None:
    data = folder(tmp_path / "crm", "a,2026-01-01\n", '[funnel]\ntimezone = "Europe/Berlin"\n')
    history = read_own(data, "2026-02-01", accept_rejected=False)
    assert format_time(history.as_of_us) == "2026-01-31T23:00:00Z"


def test_rows_set_aside_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = "".join(f"L{i},2026-01-01\n" for i in range(400))
    read_and_report(folder(tmp_path / "crm", f"{good}b,never\n"), None, accept_rejected=False)
    assert "leads: set aside 1 of 401 rows" in capsys.readouterr().err


def test_table_of_bad_rows_is_refused_unless_accepted(tmp_path: Path) -> None:
    data = folder(tmp_path / "crm", "a,2026-01-01\n" + "".join(f"L{i},never\n" for i in range(400)))
    with pytest.raises(InvalidInput):
        read_own(data, None, accept_rejected=False)
    assert len(read_own(data, None, accept_rejected=True)) == 1


@pytest.fixture
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def test_folder_of_a_model_is_read_by_its_configuration(tmp_path: Path, bundle: Bundle) -> None:
    data = folder(tmp_path / "crm", "a,2026-01-01\n", "[funnel]\nhorizon_days = 7\n")
    history, warnings = read_for(bundle, data, None, accept_rejected=False)
    assert history.config.horizon_days == bundle.config.horizon_days != 7
    assert ("config_differs", "horizon_days") in {(w.code, w.subject) for w in warnings}
