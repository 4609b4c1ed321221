"""Labels by brute force: the first decision in (as_of, as_of + horizon] that was known at T."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.history import LOST, OPEN, WON, History
from history.snapshot import Snapshot
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import (
    CALM,
    CONFIG,
    START_US,
    Decision,
    Lead,
    history_of,
    instants,
    leads,
)
from training.rows.labels import NOTHING_YET, Labels, label

HORIZON_US = CONFIG.horizon_us
T = START_US + 60 * DAY_US


class Expected(NamedTuple):
    outcome: int
    days: float
    amount: float
    matured: bool


def brute(history: History, lead: int, at: int) -> Expected:
    """The sentence above, row by row."""
    log, end = history.outcomes, at + HORIZON_US
    matured = end <= history.as_of_us
    for r in range(log.offsets[lead], log.offsets[lead + 1]):
        inside = at < log.time_us[r] <= end
        if inside and log.known_us[r] <= history.as_of_us and log.state[r] != OPEN:
            won = log.state[r] == WON
            amount = float(log.amount[r]) if won else float("nan")
            return Expected(int(log.state[r]), (log.time_us[r] - at) / DAY_US, amount, matured)
    observed = min(max(history.as_of_us - at, 0), HORIZON_US)
    return Expected(NOTHING_YET, observed / DAY_US, float("nan"), matured)


def with_amounts(history: History) -> History:
    amount = np.arange(len(history.outcomes.state), dtype=np.float64)
    amount[::4] = np.nan
    return replace(history, outcomes=replace(history.outcomes, amount=amount))


def snapshot_of(history: History, *rows: tuple[int, int]) -> Snapshot:
    lead, at = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Snapshot(history, lead, at)


def check(labels: Labels, expected: list[Expected]) -> None:
    outcome, days, amount, matured = zip(*expected, strict=True)
    assert labels.outcome.tolist() == list(outcome)
    np.testing.assert_array_equal(labels.days, days)
    np.testing.assert_array_equal(labels.amount, amount)
    assert labels.matured.tolist() == list(matured)
    assert labels.won.tolist() == [o == WON for o in outcome]


@given(st.lists(leads(), min_size=1, max_size=3), instants, st.lists(instants, min_size=1, max_size=6))
@CALM
def test_labels_equal_the_brute_force(leads_: list[Lead], t: int, at: list[int]) -> None:
    """Ties, reopenings, late records and rows exactly at both ends come from the coarse grid of times."""
    history = with_amounts(history_of(leads_, t))
    rows = [(i, instant) for i in range(len(leads_)) for instant in at]
    labels = label(snapshot_of(history, *rows), HORIZON_US)
    check(labels, [brute(history, i, instant) for i, instant in rows])


def outcome_of(*decisions: Decision, at: int = START_US, t: int = T) -> int:
    history = history_of([Lead(START_US, decisions=decisions)], t)
    return int(label(snapshot_of(history, (0, at)), HORIZON_US).outcome[0])


def at_day(day: float, state: int, known: float | None = None) -> Decision:
    time = START_US + int(day * DAY_US)
    return Decision(time, time if known is None else START_US + int(known * DAY_US), state)


def test_the_horizon_excludes_its_start_and_includes_its_end() -> None:
    assert outcome_of(at_day(0, WON)) == NOTHING_YET
    assert outcome_of(at_day(10, WON)) == WON
    one_later = Decision(START_US + HORIZON_US + 1, START_US + HORIZON_US + 1, WON)
    assert outcome_of(one_later) == NOTHING_YET


def test_the_first_decision_counts() -> None:
    assert outcome_of(at_day(3, LOST), at_day(5, WON)) == LOST
    assert outcome_of(at_day(3, WON), at_day(5, LOST)) == WON


def test_a_reopening_is_not_a_decision() -> None:
    assert outcome_of(at_day(3, OPEN), at_day(5, WON)) == WON
    assert outcome_of(at_day(2, LOST), at_day(3, OPEN), at_day(5, WON)) == LOST


def test_outcomes_recorded_after_t_are_unknown() -> None:
    assert outcome_of(at_day(5, WON, known=60)) == WON
    assert outcome_of(at_day(5, WON, known=60.01)) == NOTHING_YET
    assert outcome_of(at_day(5, LOST, known=70), at_day(6, WON)) == WON


def test_a_win_before_as_of_recorded_late_does_not_count() -> None:
    """The lead looked open then, yet nothing that lay ahead was won."""
    assert outcome_of(at_day(5, WON, known=7), at=START_US + 6 * DAY_US) == NOTHING_YET


@pytest.mark.parametrize(("t", "matured"), [(10, True), (9.99, False), (60, True), (0, False)])
def test_matured_rows_have_a_fully_observed_horizon(t: float, matured: bool) -> None:
    history = history_of([Lead(START_US)], START_US + int(t * DAY_US))
    labels = label(snapshot_of(history, (0, START_US)), HORIZON_US)
    assert labels.matured.tolist() == [matured]
    assert labels.days.tolist() == [pytest.approx(min(t, 10.0))]


def test_without_outcomes_every_label_is_open() -> None:
    history = history_of([Lead(START_US), Lead(START_US)], T)
    labels = label(snapshot_of(history, (0, START_US), (1, START_US + DAY_US)), HORIZON_US)
    assert not labels.outcome.any()
    assert np.isnan(labels.amount).all()
    assert labels.days.tolist() == [10.0, 10.0]
