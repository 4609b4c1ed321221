"""The demo's data: a folder as of an earlier day holds what was known then, and the target follows the revenue."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.folder.demo_data import (
    FADING,
    LEAK_DAYS,
    UNDERCUT,
    complete_settings,
    month_start,
    plant_leaks,
    write_folder_as_of,
)
from history.config.file import load_config
from history.history import WON, History
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


def test_target_is_the_last_year_s_average(crm: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(crm, tmp_path / "crm"))
    history = read_folder(folder)
    outcomes = history.outcomes
    end = datetime.fromtimestamp(outcomes.time_us.max() / 1e6, UTC)
    complete_settings(folder, end)
    recent = (outcomes.state == WON) & (outcomes.time_us >= outcomes.time_us.max() - 365 * 86_400_000_000)
    monthly = sum(amount for amount in outcomes.amount[recent].tolist() if amount == amount) * 30 / 365
    config = load_config(folder)
    assert config.display == {"compare_owners": True}
    assert config.targets["revenue_per_month"] == pytest.approx(monthly, abs=600)


def test_leaks_change_the_latest_leads_of_two_sources_alone(crm: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(crm, tmp_path / "crm"))
    before = read_folder(folder)
    end = datetime.fromtimestamp(before.created_us.max() / 1e6, UTC)
    plant_leaks(folder, end)
    after = read_folder(folder)

    def leads(history: History, source: str, recent: bool) -> int:
        factor = history.attributes["source"]
        is_recent = history.created_us >= (end.timestamp() - LEAK_DAYS * 86_400) * 1e6
        return sum(
            factor.text(row) == source and bool(is_recent[row]) is recent for row in range(len(history))
        )

    kept = leads(before, FADING, True) // 2
    assert leads(after, FADING, True) == kept < len(before)
    for source, recent in ((FADING, False), (UNDERCUT, True), (UNDERCUT, False)):
        assert leads(after, source, recent) == leads(before, source, recent)
    lost_to_price = int((before.outcomes.state == WON).sum() - (after.outcomes.state == WON).sum())
    assert lost_to_price > 0


@pytest.mark.parametrize(("months", "start"), [(0, "2026-02-01"), (1, "2026-01-01"), (2, "2025-12-01")])
def test_months_start_on_their_first_day(months: int, start: str) -> None:
    assert (
        month_start(datetime(2026, 2, 17, 8, 10, tzinfo=UTC), months).isoformat() == f"{start}T00:00:00+00:00"
    )
