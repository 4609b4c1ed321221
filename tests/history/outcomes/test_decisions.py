"""The first decision within a horizon equals that of a plain loop over all rows."""

import numpy as np
import pytest

from history.base.arrays import Ints
from history.history import OPEN, WON, Outcomes, empty_factor, offsets_of
from history.outcomes.decisions import UNDECIDED, WITHOUT_ROW, first_decisions

LEADS, ROWS, CALLS = 12, 40, 200


def random_outcomes(rng: np.random.Generator) -> Outcomes:
    """Wins, losses and reopenings at few distinct times, so that ties and edges of the horizon occur."""
    lead = np.sort(rng.integers(0, LEADS, ROWS))
    time_us = rng.integers(0, 20, ROWS)
    time_us = time_us[np.lexsort((time_us, lead))]
    return Outcomes(
        offsets=offsets_of(lead, LEADS),
        time_us=time_us,
        known_us=time_us + rng.integers(0, 6, ROWS),
        state=rng.integers(0, 3, ROWS).astype(np.int8),
        amount=np.full(ROWS, np.nan),
        reason=empty_factor(ROWS),
        implied=np.zeros(ROWS, dtype=np.bool_),
    )


def expected(
    outcomes: Outcomes, lead: int, after_us: int, horizon_us: int, known_by_us: int
) -> tuple[int, int]:
    """State and row of the earliest decision that fits."""
    for row in range(outcomes.offsets[lead], outcomes.offsets[lead + 1]):
        in_time = after_us < outcomes.time_us[row] <= after_us + horizon_us
        if in_time and outcomes.known_us[row] <= known_by_us and outcomes.state[row] != OPEN:
            return int(outcomes.state[row]), row
    return UNDECIDED, WITHOUT_ROW


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_first_decisions_equal_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outcomes = random_outcomes(rng)
    lead, after_us = rng.integers(0, LEADS, CALLS), rng.integers(-1, 20, CALLS)
    decisions = first_decisions(outcomes, lead, after_us, 6, 17)
    for i in range(CALLS):
        one = expected(outcomes, int(lead[i]), int(after_us[i]), 6, 17)
        assert (decisions.state[i], decisions.row[i]) == one


def test_a_reopening_is_skipped_for_the_win_after_it() -> None:
    none: Ints = np.zeros(2, dtype=np.int64)
    outcomes = Outcomes(
        offsets=np.array([0, 2]),
        time_us=np.array([5, 8]),
        known_us=np.array([5, 8]),
        state=np.array([OPEN, WON], dtype=np.int8),
        amount=np.array([np.nan, 10.0]),
        reason=empty_factor(2),
        implied=np.zeros(2, dtype=np.bool_),
    )
    decisions = first_decisions(outcomes, none, np.array([0, 8]), 100, 100)
    assert decisions.row.tolist() == [1, WITHOUT_ROW]
    assert decisions.won.tolist() == [True, False]
    assert decisions.decided.tolist() == [0]
