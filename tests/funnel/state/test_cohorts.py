"""The triangle against a count lead by lead, over random leads."""

import math
from itertools import pairwise

import numpy as np
import pytest

from funnel.state.state import funnel_state
from tests.builders.leads.funnel_leads import Lead, history_of

AS_OF = 200


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cells_count_wins_by_age(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leads = []
    for created in np.sort(rng.integers(0, AS_OF * 8, 150) / 8).tolist():
        closed = created + float(rng.choice([30.0, 60.0, 1.0, 44.5, 100.0]))
        leads.append(
            Lead(created, [], [(closed, "won", 10.0)] if rng.random() < 0.6 and closed <= AS_OF else [])
        )
    state = funnel_state(history_of(leads, AS_OF))["total"]
    starts = [0, *(16 + d for d in (0, 31, 62, 91, 122, 152, 183))]  # 15 November, then the firsts of months
    months = [[lead for lead in leads if a <= lead.created < b] for a, b in pairwise([*starts, math.inf])]
    for row, mine in zip(state["cohorts"], [m for m in months if m], strict=True):
        assert row["leads"] == len(mine)
        for k, cell in enumerate(row["won"]):
            age = 30 * (k + 1)
            complete = all(AS_OF - lead.created >= age for lead in mine)
            won = sum(
                bool(lead.decisions) and lead.decisions[0][0] - lead.created <= age + 1e-9 for lead in mine
            )
            assert cell == (won if complete else None)
            assert row["revenue"][k] == (10.0 * won if complete else None)


def test_win_at_the_very_age_counts_there() -> None:
    row = funnel_state(history_of([Lead(0, [], [(30, "won", 1.0)])], 90))["total"]["cohorts"][0]
    assert row["won"] == [1, 1, 1]
