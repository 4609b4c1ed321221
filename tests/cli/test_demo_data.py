"""The demo's data: a folder as of an earlier day holds what was known then, and the target follows the revenue."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.demo_data import complete_settings, write_folder_as_of
from history.config.file import load_config
from history.history import WON
from history.read import read_folder

DAY = datetime(2026, 4, 1, 12, tzinfo=UTC)
DAY_US = int(DAY.timestamp() * 1e6)


def test_folder_of_a_day_is_the_whole_one_seen_at_that_day(crm: Path, tmp_path: Path) -> None:
    write_folder_as_of(crm, tmp_path / "then", DAY)
    whole, then = read_folder(crm, as_of_us=DAY_US), read_folder(tmp_path / "then", as_of_us=DAY_US)
    visible = int((whole.created_us <= DAY_US).sum())
    assert 0 < len(then) == visible
    for log in ("interactions", "stages", "outcomes", "changes"):
        known = getattr(whole, log).known_us <= DAY_US
        assert len(getattr(then, log).time_us) == int(known.sum())


def test_target_is_a_tenth_above_the_latest_months(crm: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(crm, tmp_path / "crm"))
    history = read_folder(folder)
    outcomes = history.outcomes
    end = datetime.fromtimestamp(outcomes.time_us.max() / 1e6, UTC)
    complete_settings(folder, end)
    recent = (outcomes.state == WON) & (outcomes.time_us >= outcomes.time_us.max() - 90 * 86_400_000_000)
    monthly = sum(amount for amount in outcomes.amount[recent].tolist() if amount == amount) / 3
    config = load_config(folder)
    assert config.display == {"compare_owners": True}
    assert config.targets["revenue_per_month"] == pytest.approx(1.1 * monthly, abs=600)
