"""A decision without a time, or dated after the data: decided from the end of the data on, as before until then."""

from pathlib import Path

import numpy as np
import pytest

from funnel.recording import known_leads
from funnel.state.leads.paths import EXIT_WON, HERE, stage_paths
from history.config.config import FunnelConfig
from history.history import LOST, OPEN, WON, History
from history.read import parse_time, read_folder
from history.snapshot import cut, open_leads, state_at, take_leads
from history.text.times import DAY_US
from serving.store.store import Store
from tests.builders.service.store_folder import load
from training.audit.leads import lead_states

LEADS = "lead_id,created_at\nold,2026-01-01\nnew,2026-03-01\nplan,2026-03-01\nopen,2026-03-01\n"
OUTCOMES = "old,won,,70\nnew,lost,,\nplan,won,2027-01-31,100\n"
CALLS = "lead_id,occurred_at,kind\nopen,2026-04-10T12:00:00Z,call\n"
STAGES = "lead_id,entered_at,stage\nnew,2026-03-01,first\nplan,2026-03-01,first\nopen,2026-03-02,first\n"
END, NOW = "2026-04-10T12:00:00Z", "2026-05-01"


def us(text: str) -> int:
    return parse_time(text, FunnelConfig().zone)


def folder(path: Path, outcomes: str = OUTCOMES) -> Path:
    (path / "leads.csv").write_text(LEADS)
    (path / "interactions.csv").write_text(CALLS)
    (path / "stages.csv").write_text(STAGES)
    (path / "outcomes.csv").write_text("lead_id,outcome,closed_at,amount\n" + outcomes)
    return path


def read(path: Path, as_of: str | None = None, outcomes: str = OUTCOMES) -> History:
    at_us = None if as_of is None else us(as_of)
    return read_folder(folder(path, outcomes), as_of_us=at_us, now_us=us(NOW))


def states(history: History, as_of_us: int | None = None) -> dict[str, int]:
    n = len(history)
    instants = np.full(n, history.as_of_us if as_of_us is None else as_of_us)
    return dict(zip(history.lead_ids, state_at(history, np.arange(n), instants).tolist(), strict=True))


def codes(history: History) -> list[str]:
    return [warning.code for warning in history.warnings]


def test_they_decide_from_the_end_of_the_data_on(tmp_path: Path) -> None:
    decided = {"old": WON, "new": LOST, "plan": WON, "open": OPEN}
    for as_of in (None, END, "2026-04-20"):
        history = read(tmp_path, as_of)
        assert states(history) == decided
        assert open_leads(history, history.as_of_us).lead.tolist() == [3]
    assert history.as_of_us == us("2026-04-20")


def test_before_that_end_the_implied_time_counts(tmp_path: Path) -> None:
    history = read(tmp_path, "2026-04-10T11:59:59Z")
    assert states(history) == {"old": WON, "new": OPEN, "plan": OPEN, "open": OPEN}
    assert history.settled is None
    at_end = read(tmp_path)
    assert states(at_end, at_end.as_of_us - 1) == states(history)
    assert at_end.outcomes.time_us.tolist() == [us("2026-01-01") + 90 * DAY_US]


def test_a_cut_to_an_earlier_instant_drops_them(tmp_path: Path) -> None:
    history = read(tmp_path)
    earlier = cut(history, history.as_of_us - 1)
    assert states(earlier) == states(read(tmp_path, "2026-04-10T11:59:59.999999Z"))
    assert states(cut(history, history.as_of_us)) == states(history)
    assert states(take_leads(history, np.arange(len(history))[::-1])) == states(history)


def test_every_reader_of_the_state_at_the_end_agrees(tmp_path: Path) -> None:
    history = read(tmp_path)
    expected = [WON, LOST, WON, OPEN]
    paths, known, audited = stage_paths(history), known_leads(history, history.as_of_us), lead_states(history)
    for state in (paths.state, known.state, audited.state):
        assert state.tolist() == expected
    assert paths.closed_us[2] == known.end_us[2] == audited.closed_us[2] == history.as_of_us
    assert paths.is_implied.tolist() == [True, True, True, False]
    assert known.amount[2] == 100
    # A lead that is not open stands in no stage: its last visit ends with the decision.
    last = dict(zip(paths.visits.lead.tolist(), paths.visits.exit.tolist(), strict=True))
    assert (last[2], last[3]) == (EXIT_WON, HERE)


def test_closing_dates_ahead_are_named(tmp_path: Path) -> None:
    history = read(tmp_path, outcomes="plan,won,2027-01-31,100\nold,lost,2026-02-01,\n")
    assert codes(history) == ["closing_ahead"]
    assert history.warnings[0].detail.startswith("1 wins and losses are dated after the end of the data")
    assert codes(read(tmp_path, "2026-04-01")) == ["undated_outcomes"]


@pytest.mark.parametrize(
    ("outcomes", "warned"),
    [("old,won,,\nnew,lost,,\nplan,won,2026-03-09,\n", True), ("old,won,,\nnew,lost,2026-03-09,\n", False)],
)
def test_mostly_undated_outcomes_are_named(tmp_path: Path, outcomes: str, warned: bool) -> None:
    assert ("undated_outcomes" in codes(read(tmp_path, outcomes=outcomes))) == warned


def test_a_dated_decision_takes_the_undated_ones_amount(tmp_path: Path) -> None:
    history = read(tmp_path, outcomes="new,won,2026-03-20,\nnew,won,,55\n")
    assert history.settled is None
    assert history.outcomes.time_us.tolist() == [us("2026-03-21") - 1]
    assert history.outcomes.amount.tolist() == [55]


def test_the_store_decides_as_the_folder_does(tmp_path: Path) -> None:
    source = folder(tmp_path)
    store = Store(tmp_path / "home", now_us=lambda: us(NOW))
    load(store, source)
    for as_of in (END, "2026-04-10T11:59:59Z", "2026-02-01"):
        assert states(store.read_all(us(as_of))) == states(read(tmp_path, as_of))
    store.close()


def test_no_order_of_rows_leaves_a_decided_lead_open(tmp_path: Path) -> None:
    """Each combination of rows of one lead against the rule, stated plainly."""
    random = np.random.default_rng(5)
    words, times = ["won", "lost", "open"], ["", "2026-03-05", "2026-03-15", "2026-04-01", "2027-02-01"]
    state_of = {"won": WON, "lost": LOST, "open": OPEN}
    for _ in range(60):
        rows = [(str(random.choice(words)), str(random.choice(times))) for _ in range(random.integers(1, 4))]
        history = read(tmp_path, outcomes="".join(f"new,{word},{time},\n" for word, time in rows))

        past = [(time, i, word) for i, (word, time) in enumerate(rows) if time and time < "2027"]
        latest = state_of[max(past)[2]] if past else OPEN
        ahead = [word for word, time in rows if time == "2027-02-01" and word != "open"]
        undated = [word for word, time in rows if not time and word != "open"]
        if latest == OPEN and (ahead or undated):
            latest = state_of[(undated + ahead)[-1]]
        assert states(history)["new"] == latest, rows
