"""The running column of a combination against a count of everything known, row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes.combination_kernel import past_combination
from tests.builders.leads.lead_histories import CALM

SHRINKAGE = 3.0
codes = st.integers(-1, 2)
# A row: its categories, its instant, when it is over, and when it is known as won, if it is.
rows = st.tuples(codes, codes, st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(0, 9))


def _log_odds(rate: float) -> float:
    rate = min(max(rate, 1e-4), 1 - 1e-4)
    return float(np.log(rate / (1 - rate)))


@settings(CALM, max_examples=200)
@given(st.lists(rows, min_size=1, max_size=12))
def test_each_row_reads_what_was_known_then(drawn: list[tuple[int, int, int, int, int | None]]) -> None:
    first, second, as_of, over = (np.array([row[k] for row in drawn]) for k in range(4))
    won = [None if row[4] is None else max(row[4], row[3]) for row in drawn]
    happenings = sorted(
        [(int(at), False, i) for i, at in enumerate(over)]
        + [(at, True, i) for i, at in enumerate(won) if at is not None]
    )
    known = np.array([at for at, _, _ in happenings], dtype=np.int64)
    is_win = np.array([win for _, win, _ in happenings], dtype=np.bool_)
    row = np.array([i for _, _, i in happenings], dtype=np.int64)
    out = np.empty(len(drawn))
    order = np.argsort(as_of, kind="stable")
    past_combination(out, order, as_of, first, second, 3, 3, known, row, is_win, SHRINKAGE)

    for i in range(len(drawn)):
        past = [k for k in range(len(drawn)) if over[k] <= as_of[i]]

        def figures(members: list[int], now: int = int(as_of[i])) -> tuple[int, int]:
            return len(members), sum(1 for k in members if (w := won[k]) is not None and w <= now)

        n, wins = figures(past)
        if first[i] < 0 or second[i] < 0 or n == 0:
            assert np.isnan(out[i])
            continue
        base = wins / n
        n_1, wins_1 = figures([k for k in past if first[k] == first[i]])
        n_2, wins_2 = figures([k for k in past if second[k] == second[i]])
        both, wins_both = figures([k for k in past if (first[k], second[k]) == (first[i], second[i])])
        expected = (
            _log_odds((wins_1 + SHRINKAGE * base) / (n_1 + SHRINKAGE))
            + _log_odds((wins_2 + SHRINKAGE * base) / (n_2 + SHRINKAGE))
            - _log_odds(base)
        )
        prior = min(max(1 / (1 + np.exp(-expected)), 1e-4), 1 - 1e-4)
        rate = (wins_both + SHRINKAGE * prior) / (both + SHRINKAGE)
        assert out[i] == pytest.approx(np.exp(_log_odds(rate) - _log_odds(prior)), rel=1e-9)
