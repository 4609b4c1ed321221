"""A forecast as text: unknown revenue is a dash, groups without a name are (none)."""

from typing import Any

import pytest

from cli.shown.forecast_text import echo_explanation, echo_periods

PERIOD = {
    "period_start": "2026-01-01", "wins_expected": 2.34, "wins_p10": 1.0, "wins_p90": 4.0, "already_won": 1,
    "open_wins_expected": 1.0, "new_wins_expected": 0.34, "revenue_expected": 12345.6, "revenue_p10": 1.0,
    "revenue_p90": 20000.0, "interval_basis": "model",
}  # fmt: skip


def record(*periods: dict[str, Any], revenue: float | None = 12345.6) -> dict[str, Any]:
    whole = {"wins_expected": 2.34, "wins_p10": 1.0, "wins_p90": 4.0, "revenue_expected": revenue}
    whole |= {"revenue_p10": revenue and 1.0, "revenue_p90": revenue and 20000.0}
    return {
        "as_of": "2026-01-15T00:00:00Z", "model_version": "7", "periods": list(periods), "sum": whole,
        "currency": None,
    }  # fmt: skip


def test_periods_and_total_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    echo_periods(record(PERIOD))
    text = capsys.readouterr().err
    assert "by version 7, intervals model" in text
    assert "1-4" in text
    assert "in total 2.3 wins (1-4), revenue 12,346 (1-20,000)\n" in text, "no gap without a currency"


def test_unknown_revenue_is_a_dash_and_no_total(capsys: pytest.CaptureFixture[str]) -> None:
    echo_periods(record({**PERIOD, "revenue_expected": None}, revenue=None))
    text = capsys.readouterr().err
    assert "in total 2.3 wins (1-4)\n" in text
    row = next(line for line in text.splitlines() if line.lstrip().startswith("2026-01-01"))
    assert row.split()[-2:] == ["-", "-"]


def test_unknown_timing_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    empty = dict.fromkeys(PERIOD) | {"period_start": "2026-01-01"}
    within = {"days": 90, "open_leads": 252, "wins_expected": 45.04, "revenue_expected": 81_000.0}
    echo_periods({**record(empty), "within_horizon": within, "currency": "EUR"})
    assert "252 open leads have 45.0 expected wins and 81,000 EUR within 90 days\n" in capsys.readouterr().err


def test_group_without_a_value_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    echo_periods(record({**PERIOD, "group": None}, {**PERIOD, "group": "Ann"}))
    text = capsys.readouterr().err
    assert "(none)" in text
    assert "Ann" in text


def test_groups_are_followed_by_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    whole = {**PERIOD, "wins_p10": 2.0, "wins_p90": 7.0}
    echo_periods({**record({**PERIOD, "group": "Ann"}, {**PERIOD, "group": "Bo"}), "total": [whole]})
    lines = capsys.readouterr().err.splitlines()
    assert next(line for line in lines if "(all)" in line).split()[3] == "2-7"


def test_saved_forecast_of_an_earlier_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    saved = record(PERIOD)
    saved["total"] = {"wins_expected": saved.pop("sum")["wins_expected"], "revenue_expected": None}
    echo_periods(saved)
    assert "in total 2.3 wins\n" in capsys.readouterr().err


def test_explanation_without_open_leads_has_its_changes(capsys: pytest.CaptureFixture[str]) -> None:
    moved = {"then": 5.0, "won": 1.0, "now": 6.0}
    echo_explanation(
        {
            "top_leads": [], "by_stage": [], "by_source": [],
            "new_leads": [{"period_start": "2026-01-01", "arrivals": 3.0, "wins": 1.0, "amount": None}],
            "changes": {"since": "2025-12-15T00:00:00Z", "wins": moved, "revenue": None},
        }
    )  # fmt: skip
    text = capsys.readouterr().err
    assert "open leads" not in text
    assert "changes since 2025-12-15:" in text
    assert "then" in text


def test_chance_of_the_target_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    goal = {"period_start": "2026-03-01", "revenue": 50_000.0, "chance": 0.421}
    echo_periods({**record(PERIOD), "target": {"periods": [goal]}})
    assert "chance to reach the target of 50,000: 42 % from 2026-03-01" in capsys.readouterr().err
