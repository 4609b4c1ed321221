"""Archived reports: unchanged, found by date, without lead ids, bounded in number."""

import json
from pathlib import Path
from typing import Any

import pytest

from funnel import archive as snapshots
from funnel.archive import (
    FOLDER,
    archived_forecast,
    archived_funnel,
    find_report,
    list_reports,
    read_report,
    save_report,
)
from funnel.state.state import FunnelOptions, funnel_state
from history.base.errors import DamagedArtifact, InvalidInput
from history.config.config import FunnelConfig
from history.text.times import DAY_US
from tests.builders.leads.funnel_leads import Lead, day, history_of
from tests.builders.leads.twenty_leads import twenty

CONFIG = FunnelConfig(name="crm", timezone="Pacific/Auckland")


def report_of(as_of: str, wins: float = 1.0, **options: Any) -> dict[str, Any]:
    answer = {
        "as_of": as_of,
        "model_version": "3",
        "periods": [{"wins_expected": wins}],
        "explain": {"top_leads": [{"lead_id": "SECRET"}], "by_stage": []},
    }
    archived = archived_forecast(answer, CONFIG, {"period": "month"} | options)
    assert archived is not None
    return archived


def test_report_is_read_back_with_date_and_model(tmp_path: Path) -> None:
    record = report_of("2026-03-01T08:00:00Z", 4.25, periods=None)
    name = save_report(tmp_path, record, day(9))
    saved = read_report(tmp_path, name)
    assert saved["answer"]["periods"] == [{"wins_expected": 4.25}]
    assert (saved["kind"], saved["funnel"], saved["as_of"], saved["model_version"], saved["options"]) == (
        "forecast",
        "crm",
        "2026-03-01T08:00:00Z",
        "3",
        {"period": "month"},
    )
    assert [p.name for p in (tmp_path / FOLDER).iterdir()] == [f"{name}.json"]
    assert (tmp_path / FOLDER / f"{name}.json").stat().st_mode & 0o077 == 0


def test_equal_report_is_saved_once_with_its_first_time(tmp_path: Path) -> None:
    first = save_report(tmp_path, report_of("2026-03-01T08:00:00Z"), day(9))
    made_at = read_report(tmp_path, first)["made_at"]
    assert save_report(tmp_path, report_of("2026-03-01T08:00:00Z"), day(50)) == first
    assert read_report(tmp_path, first)["made_at"] == made_at
    assert save_report(tmp_path, report_of("2026-03-01T08:00:00Z", 2.0), day(50)) != first
    assert len(list_reports(tmp_path)[0]) == 2


def test_date_finds_the_last_report_of_the_local_day(tmp_path: Path) -> None:
    early = save_report(tmp_path, report_of("2026-02-20T00:00:00Z"), day(0))
    # 2026-03-01T10:59Z is 23:59 of the first in Auckland, 11:00Z is the second already
    late = save_report(tmp_path, report_of("2026-03-01T10:59:00Z"), day(1))
    save_report(tmp_path, report_of("2026-03-01T11:00:00Z"), day(2))
    assert find_report(tmp_path, "2026-03-01", "forecast")["id"] == late
    assert find_report(tmp_path, "2026-02-28", "forecast")["id"] == early
    assert find_report(tmp_path, early, "funnel")["id"] == early
    assert find_report(tmp_path, "9999-12-31", "forecast")["as_of"] == "2026-03-01T11:00:00Z"
    with pytest.raises(InvalidInput, match="the oldest is of 2026-02-20"):
        find_report(tmp_path, "2026-02-01", "forecast")
    for which in ("yesterday", "../champion", ""):
        with pytest.raises(InvalidInput, match="give an id"):
            find_report(tmp_path, which, "forecast")
    with pytest.raises(InvalidInput, match="no funnel snapshot exists"):
        find_report(tmp_path, "2026-03-01", "funnel")


def test_later_report_of_a_date_does_not_replace_the_first(tmp_path: Path) -> None:
    save_report(tmp_path, report_of("2026-03-01T08:00:00Z", 9.0, by="owner"), day(0))
    save_report(tmp_path, report_of("2026-03-01T08:00:00Z", 2.0, period="week"), day(0))
    then = save_report(tmp_path, report_of("2026-03-01T08:00:00Z", 1.0), day(1))
    save_report(tmp_path, report_of("2026-03-01T08:00:00Z", 5.0), day(100))
    assert find_report(tmp_path, "2026-03-01", "forecast")["id"] == then


def test_several_funnels_in_one_home_need_a_choice(tmp_path: Path) -> None:
    save_report(tmp_path, report_of("2026-03-01T08:00:00Z"), day(0))
    save_report(tmp_path, {**report_of("2026-03-01T09:00:00Z"), "funnel": "other"}, day(0))
    with pytest.raises(InvalidInput, match="crm, other"):
        find_report(tmp_path, "2026-03-02", "forecast")
    assert find_report(tmp_path, "2026-03-02", "forecast", "crm")["funnel"] == "crm"
    assert [head["funnel"] for head in list_reports(tmp_path, funnel="other")[0]] == ["other"]


def test_archive_holds_no_lead_id(tmp_path: Path) -> None:
    asking = [(5, "out"), (6, "in")]
    history = history_of([Lead(0, touches=asking, source="web", owner="Ann") for _ in range(3)], 30)
    for by in (None, "owner", "email"):
        state = funnel_state(history, FunnelOptions(by="owner"))
        assert state["attention"]["list"]
        saved = json.dumps(archived_funnel(state, history.config, {"by": by}))
        assert not any(f'"{name}"' in saved for name in history.lead_ids)
        assert ('"group": "Ann"' in saved) == (by != "email")
    assert "SECRET" not in json.dumps(report_of("2026-03-01T08:00:00Z"))
    assert archived_forecast({"as_of": "2026-03-01"}, CONFIG, {"by": "email"}) is None


def test_oldest_reports_are_removed_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MAX_REPORTS", 3)
    state = archived_funnel(funnel_state(twenty()), CONFIG, {})
    other = save_report(tmp_path, state, day(0))
    names = [
        save_report(tmp_path, report_of(f"2026-03-0{i}T00:00:00Z"), day(0) + i * DAY_US) for i in range(1, 7)
    ]
    assert {head["id"] for head in list_reports(tmp_path)[0]} == {other, *names[3:]}


def test_foreign_file_is_listed_as_damaged(tmp_path: Path) -> None:
    name = save_report(tmp_path, report_of("2026-03-01T08:00:00Z"), day(0))
    (tmp_path / FOLDER / "notes.json").write_text("[1]")
    heads, broken = list_reports(tmp_path)
    assert ([head["id"] for head in heads], broken) == ([name], ["notes.json"])
    assert find_report(tmp_path, "2026-03-01", "forecast")["id"] == name
    with pytest.raises(DamagedArtifact, match="delete it"):
        read_report(tmp_path, "notes")


def test_missing_folder_gives_an_empty_list(tmp_path: Path) -> None:
    assert list_reports(tmp_path) == ([], [])
