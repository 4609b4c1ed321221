"""The simulated CRM: the format, the sizes and dates asked for, and the habits of real histories that it must show."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from history.base.errors import InvalidInput
from history.history import LOST, WON
from history.read import read_folder
from simulation.simulate import simulate
from tests.builders.worlds.simulated_tables import TABLES, read

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "crm"
    simulate(out, leads=3000, seed=5)
    return out


def test_the_door_takes_every_row(crm: Path) -> None:
    history = read_folder(crm)
    assert len(history) == 3000
    assert [t for t, report in history.reports.items() if any(r.count for r in report.rejected)] == []
    assert "stages" not in history.config.inferred
    assert {int(s) for s in np.unique(history.outcomes.state)} >= {WON, LOST}


def test_equal_seeds_give_equal_bytes_whatever_the_piece(tmp_path: Path) -> None:
    simulate(tmp_path / "a", leads=300, seed=3)
    simulate(tmp_path / "b", leads=300, seed=3, piece_leads=71)
    simulate(tmp_path / "c", leads=300, seed=4)
    for table in TABLES:
        name = f"{table}.csv"
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / "leads.csv").read_bytes() != (tmp_path / "c" / "leads.csv").read_bytes()


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (date(2026, 2, 14), "2026-02-14T24"),
        (datetime(2026, 2, 16, 11, 30, tzinfo=UTC), "2026-02-16T11:30:01"),
    ],
)
def test_no_row_is_later_than_the_end(tmp_path: Path, end: date, last: str) -> None:
    """Text order is time order here, for every time has one form."""
    simulate(tmp_path / "crm", leads=800, months=6, end=end, seed=1)
    times = {"leads": "created_at", "interactions": "recorded_at", "stages": "recorded_at"}
    times |= {"outcomes": "closed_at", "attribute_changes": "recorded_at", "truth/leads": "as_of"}
    for table, column in times.items():
        values = read(tmp_path / "crm", table)[column]
        assert values.max() < last, table
        assert values.min() >= "2025-08-1", table
    assert len(read(tmp_path / "crm", "leads")) == 800
    assert read(tmp_path / "crm", "leads")["created_at"].max() >= "2026-02-1"


def test_an_instant_only_hides_what_comes_after_it(tmp_path: Path) -> None:
    simulate(tmp_path / "day", leads=400, months=6, end=date(2026, 2, 17), seed=2)
    simulate(tmp_path / "noon", leads=400, months=6, end=datetime(2026, 2, 17, 12, tzinfo=UTC), seed=2)
    day, noon = (read(tmp_path / name, "outcomes") for name in ("day", "noon"))
    assert noon["closed_at"].tolist() == [t for t in day["closed_at"] if t <= "2026-02-17T12:00:00Z"]


def test_all_problems_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(InvalidInput) as caught:
        simulate(tmp_path / "full", leads=0, months=0, seed=-1, end=date(1980, 1, 1))
    assert len(caught.value.problems) == 5
    assert [p.name for p in tmp_path.rglob("*")] == ["full", "mine.txt"]


def test_a_failure_leaves_no_folder(tmp_path: Path) -> None:
    def fail(message: str, share: float) -> None:
        raise RuntimeError(message)

    with pytest.raises(RuntimeError):
        simulate(tmp_path / "crm", leads=100, progress=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("leads", [1, 2, 17])
def test_tiny_worlds_are_whole(tmp_path: Path, leads: int) -> None:
    simulate(tmp_path / "crm", leads=leads, months=2, seed=9, leak=True)
    assert len(read(tmp_path / "crm", "leads")) == leads


READ_ONLY = """
import numba
plain = numba.njit
def njit(*given, cache=False, **options):
    if cache:
        raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
    return plain(*given, **options)
numba.njit = njit
import simulation.simulate
"""


def test_it_needs_no_folder_to_keep_machine_code_in() -> None:
    """As installed read-only for a user without a home."""
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_it_has_the_habits_of_real_histories(crm: Path) -> None:
    """Skips, repeats, reopenings, hand-overs, shared accounts, silent leads, the rhythm of weeks, gaps in columns."""
    stages = read(crm, "stages")
    order = {"new": 0, "qualified": 1, "proposal": 2, "negotiation": 3}
    step = stages["stage"].map(order).groupby(stages["lead_id"]).diff().dropna()
    assert {-1, 1, 2} <= set(step.astype(int)) <= {-2, -1, 0, 1, 2}  # -2 and 0 are reopenings at qualified
    assert stages.duplicated(["lead_id", "stage"]).any()
    outcomes, leads, touches = read(crm, "outcomes"), read(crm, "leads"), read(crm, "interactions")
    assert (outcomes["outcome"] == "open").any()
    assert (read(crm, "attribute_changes")["attribute"] == "owner").any()
    assert leads["account_id"].replace("", None).dropna().duplicated().mean() > 0.2
    assert 8 <= touches["kind"].nunique() <= 12
    weekday = pd.to_datetime(outcomes["closed_at"]).dt.day_of_week
    assert (weekday < 5).all()
    for column in ("employees", "annual_budget", "planned_close_on", "age_group", "contact_role", "city"):
        assert 0.02 < (leads[column] == "").mean() < 0.75, column
    last = touches[touches["direction"] == "inbound"].groupby("lead_id")["recorded_at"].max()
    silent = set(last.index[last < "2026-05-15"]) - set(outcomes["lead_id"])
    assert len(silent) > 0.01 * len(leads)


def test_amounts_have_a_heavy_tail_and_follow_the_attributes(crm: Path) -> None:
    won = read(crm, "outcomes").query("outcome == 'won'").merge(read(crm, "leads"), on="lead_id")
    assert 0 < (won["amount"] == "").sum() < 0.05 * len(won)
    amount = pd.to_numeric(won["amount"])
    assert amount.mean() > 1.7 * amount.median()
    assert amount.corr(pd.to_numeric(won["seats"]), method="spearman") > 0.5


def test_the_mix_drifts_half_way(crm: Path) -> None:
    leads = read(crm, "leads")
    early = leads["created_at"] < "2025-10-01"
    share = (leads["source"] == "partner").groupby(early).mean()
    assert share[False] > 1.8 * share[True]
