"""When a decision counts, and which words decide."""

from pathlib import Path

import numpy as np
import pytest

from history.config.config import FunnelConfig
from history.history import LOST, OPEN, WON
from history.read import format_time, read_folder
from history.row_warnings import row_warnings
from history.snapshot import open_leads, state_at
from tests.builders.csv_folder import counts, problems, read, us
from tests.builders.leads.lead_records import DAY_US


def test_when_an_outcome_is_decided(tmp_path: Path) -> None:
    outcomes = (
        "lead_id,outcome,closed_at,recorded_at\na,lost,2024-01-05T00:00,\na,open,2024-01-06T00:00,\n"
        "a,won,2024-01-07,2024-01-20\n"
        "b,won,,2024-02-01\n"
    )
    history = read(tmp_path, {"outcomes.csv": outcomes})
    lead = np.zeros(4, dtype=np.int64)
    instants = np.array([us(f"2024-01-{day}") for day in ("05", "06", "19", "20")], dtype=np.int64)
    assert state_at(history, lead, instants).tolist() == [LOST, OPEN, OPEN, WON]
    assert format_time(history.outcomes.time_us[-1]) == "2024-02-01T00:00:00Z"
    assert not history.outcomes.implied.any()


@pytest.mark.parametrize("amount", ["NULL", "-", "n/a", "-50", '"$1,200"', "NaN", "inf", "1e308", "1_000"])
def test_a_bad_amount_leaves_the_decision(amount: str, tmp_path: Path) -> None:
    rows = f"a,won,2024-01-05,{amount}\nb,lost,2024-01-05,{amount}\n"
    history = read(tmp_path, {"outcomes.csv": f"lead_id,outcome,closed_at,amount\n{rows}"})
    report = history.reports["outcomes"]
    assert history.outcomes.state.tolist() == [WON, LOST]
    assert np.isnan(history.outcomes.amount).all()
    assert (counts(report), counts(report, flagged=True)) == ({}, {"bad_amount": 1})
    assert [warning.code for warning in row_warnings(history.reports)] == ["bad_amount"]


@pytest.mark.parametrize(
    ("word", "state"),
    [("Won", WON), (" WON\u00a0", WON), ("Closed  Won", WON), ("gewonnen", WON), ("受注", WON), ("LOST", LOST),
     ("Perdido", LOST), ("Open", OPEN), ("Signed ", WON), ("dead", LOST), ("lost cause", OPEN)],
)  # fmt: skip
def test_words_of_outcomes_are_read(word: str, state: int, tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[values.outcomes]\nwon = ["signed"]\nlost = ["Dead"]\nopen = ["Lost Cause"]\n',
        "outcomes.csv": f"lead_id,outcome,closed_at\na,{word},2024-01-05\n",
    }
    history = read(tmp_path, files)
    assert (history.outcomes.state.tolist(), history.reports["outcomes"].rejected) == ([state], ())


def test_the_words_of_a_folder_stay_its_own_under_a_model(tmp_path: Path) -> None:
    files = {
        "funnel.toml": '[values.outcomes]\nwon = ["signed"]\n',
        "outcomes.csv": "lead_id,outcome,closed_at\na,signed,2024-01-05\n",
    }
    read(tmp_path, files)
    assert read_folder(tmp_path, config=FunnelConfig()).outcomes.state.tolist() == [WON]


@pytest.mark.parametrize(
    "row", ["maybe,2024-01-05", "won,yesterday", ",2024-01-05", "won,1989-12-31", "maybe,"]
)
def test_a_lead_with_a_bad_outcome_only_is_left_out(row: str, tmp_path: Path) -> None:
    files = {
        "outcomes.csv": f"lead_id,outcome,closed_at\na,{row}\nb,won,2024-01-06\nb,maybe,2024-01-07\n",
        "interactions.csv": "lead_id,occurred_at,kind\na,2024-01-03,call\nb,2024-01-04,mail\n",
    }
    history = read(tmp_path, files)
    assert list(history.lead_ids) == ["b"]
    assert history.interactions.kind.values == ["mail"]
    assert counts(history.reports["leads"], flagged=True) == {"undecided_outcome": 1}
    assert [warning.code for warning in row_warnings(history.reports)] == ["undecided_outcome"]


def test_a_bad_outcome_after_T_or_an_empty_one_leaves_open(tmp_path: Path) -> None:
    files = {
        "outcomes.csv": "lead_id,outcome,closed_at\na,maybe,2024-02-05\nb,,\n",
        "stages.csv": "lead_id,entered_at,stage\nb,2024-02-02,new\n",
    }
    history = read(tmp_path, files, as_of_us=us("2024-02-01"))
    assert len(open_leads(history, history.as_of_us)) == 2
    assert list(read_folder(tmp_path).lead_ids) == ["b"]


def test_a_folder_of_undecided_leads_alone_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"outcomes.csv": "lead_id,outcome\na,maybe\nb,maybe\n"})
    assert "no lead is left" in problem


def closings(folder: Path, rows: str, zone: str = "UTC", now: str | None = None) -> list[tuple[str, bool]]:
    """Closing time and whether it is implied of each decision; every lead is created at 09:30Z of 2 January."""
    files = {
        "funnel.toml": f'[funnel]\ntimezone = "{zone}"\n',
        "leads.csv": "lead_id,created_at\na,2024-01-02T09:30:00Z\nb,2024-01-02T09:30:00Z\n",
        "outcomes.csv": f"lead_id,outcome,closed_at,recorded_at\n{rows}",
    }
    outcomes = read(
        folder, files, as_of_us=us("2024-06-01"), now_us=None if now is None else us(now)
    ).outcomes
    return [
        (format_time(at), implied)
        for at, implied in zip(outcomes.time_us, outcomes.implied.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("row", "zone", "now", "expected"),
    [
        ("2024-01-02,", "UTC", None, "2024-01-02T23:59:59.999999Z"),
        ("2024-01-05,", "America/New_York", None, "2024-01-06T04:59:59.999999Z"),
        ("2024-03-31,", "Europe/Berlin", None, "2024-03-31T21:59:59.999999Z"),
        ("2024-01-05,", "UTC", "2024-01-05T12:00:00Z", "2024-01-05T12:00:00Z"),
        ("2024-01-05,", "UTC", "2024-01-04T12:00:00Z", "2024-01-05T23:59:59.999999Z"),
        ("2024-01-05,2024-01-05T08:00:00Z", "UTC", None, "2024-01-05T08:00:00Z"),
        ("2024-01-05,2024-01-07", "UTC", None, "2024-01-05T23:59:59.999999Z"),
        ("2024-01-02,2024-01-02", "UTC", None, "2024-01-02T09:30:00Z"),
        ("2024-01-05T00:00,", "UTC", None, "2024-01-05T00:00:00Z"),
    ],
)
def test_a_closing_date_is_the_end_of_its_day(
    row: str, zone: str, now: str | None, expected: str, tmp_path: Path
) -> None:
    assert closings(tmp_path, f"a,won,{row}\n", zone, now) == [(expected, False)]


@pytest.mark.parametrize(
    "closed", ["2024-01-01,", "2024-01-02T09:29:59Z,", ",2023-12-31", "2024-01-01,2024-02-01"]
)
def test_a_decision_before_creation_counts_at_creation(closed: str, tmp_path: Path) -> None:
    assert closings(tmp_path, f"a,lost,{closed}\nb,won,{closed}\n") == [("2024-01-02T09:30:00Z", True)] * 2
    report = read_folder(tmp_path, as_of_us=us("2024-06-01")).reports["outcomes"]
    assert (counts(report), counts(report, flagged=True)) == ({}, {"closed_before_created": 2})


def test_a_flat_table_is_decided_a_horizon_after_creation(tmp_path: Path) -> None:
    files = {"outcomes.csv": "lead_id,outcome\na,won\nb,lost\n"}
    history = read(tmp_path, files)
    assert len(history.outcomes.time_us) == 0
    history = read(tmp_path, files, as_of_us=us("2024-04-02"))
    assert history.outcomes.implied.tolist() == [True, True]
    assert (history.outcomes.time_us - history.created_us).tolist() == [90 * DAY_US] * 2
