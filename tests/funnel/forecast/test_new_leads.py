"""Amounts of new leads."""

from dataclasses import replace

import numpy as np

from funnel.forecast.new_leads import mean_amount
from history.history import WON
from tests.builders.known_leads import known_leads_of


def test_one_large_deal_hardly_moves_the_mean_amount() -> None:
    known = known_leads_of(np.linspace(1, 390, 100), [WON] * 100)
    amounts = known.amount.copy()
    amounts[-1] = 10_000.0  # the latest win
    weighted = mean_amount(replace(known, amount=amounts), 30)
    assert 100 < weighted < 1.5 * amounts.mean()
    assert np.isnan(mean_amount(replace(known, amount=np.full(100, np.nan)), 30))
