"""Amounts of new leads."""

from dataclasses import replace

import numpy as np

from funnel.forecast.components.new_leads import forecast_new_leads, mean_amount
from funnel.known_leads import KnownLeads
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US
from tests.builders.leads.known_leads import NOW_US, known_leads_of


def test_one_large_deal_hardly_moves_the_mean_amount() -> None:
    known = known_leads_of(np.linspace(1, 390, 100), [WON] * 100)
    amounts = known.amount.copy()
    amounts[-1] = 10_000.0  # the latest win
    weighted = mean_amount(replace(known, amount=amounts), 30)
    assert 100 < weighted < 1.5 * amounts.mean()
    assert np.isnan(mean_amount(replace(known, amount=np.full(100, np.nan)), 30))


def test_leads_of_an_import_change_no_arrivals_and_no_rates() -> None:
    random = np.random.default_rng(4)
    n, imported = 400, 500
    created = NOW_US - random.integers(1, 300 * DAY_US, n + imported)
    imported_us = NOW_US - 150 * DAY_US
    created[created // DAY_US == imported_us // DAY_US] -= DAY_US  # the import's day is its own
    created[n:] = imported_us
    closed = np.minimum(created + random.integers(1, 60 * DAY_US, n + imported), NOW_US)
    state = np.where(closed < NOW_US, random.choice([WON, LOST], n + imported), OPEN).astype(np.int8)
    known = KnownLeads(NOW_US, np.arange(n + imported), created, closed, state, np.full(n + imported, np.nan))
    with_import, without = (forecast_new_leads(leads, 30, 60) for leads in (known, known.take(np.arange(n))))
    assert with_import.wins.tolist() == without.wins.tolist()
