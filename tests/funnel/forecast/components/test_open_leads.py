"""Win times of open leads: their own probability up to the horizon, hazards of their age after it."""

import numpy as np

from funnel.forecast.components.open_leads import OpenLeads, scored_leads, win_probabilities
from funnel.hazards import hazards
from funnel.recording import known_leads
from history.history import History
from models.bundle import Bundle


def test_win_probabilities_rise_and_meet_at_the_horizon(bundle: Bundle, history: History) -> None:
    open_ = scored_leads(bundle, history, history.as_of_us)
    rates = hazards(known_leads(history, history.as_of_us), 180.0)
    horizon = float(bundle.config.horizon_days)
    days = np.array([1.0, 20.0, horizon - 1e-6, horizon, horizon + 1e-6, horizon + 30, 3 * horizon])
    chances = win_probabilities(open_, bundle.close_time, rates, days)
    assert (np.diff(chances, axis=1) >= -1e-12).all()
    np.testing.assert_allclose(chances[:, 3], open_.probability, atol=1e-12)
    np.testing.assert_allclose(chances[:, 4], chances[:, 3], atol=1e-6)
    assert (chances <= 1).all()
    assert chances[:, -1].sum() > chances[:, 3].sum(), "a lead may win after its horizon"


def test_no_open_lead_gives_no_row(bundle: Bundle, history: History) -> None:
    before = int(history.created_us.min()) - 1
    empty = scored_leads(bundle, history, before)
    assert len(empty) == 0
    rates = hazards(known_leads(history, history.as_of_us), 180.0)
    assert win_probabilities(empty, bundle.close_time, rates, np.array([1.0, 400.0])).shape == (0, 2)


def test_lead_more_likely_to_win_stays_so_after_the_horizon(bundle: Bundle, history: History) -> None:
    """Two leads of one age and place: the factor on the hazards is the one thing that differs."""
    open_ = scored_leads(bundle, history, history.as_of_us)
    rows = np.zeros(2, dtype=np.int64)
    pair = OpenLeads(
        rows, open_.age_days[rows], np.array([0.1, 0.6]), open_.place[rows], open_.amount[rows],
        open_.baseline[rows], [None, None],
    )  # fmt: skip
    rates = hazards(known_leads(history, history.as_of_us), 180.0)
    days = np.array([float(bundle.config.horizon_days), 3.0 * bundle.config.horizon_days])
    won = win_probabilities(pair, bundle.close_time, rates, days)
    assert (won[1] > won[0]).all()
    still_open = 1 - won[:, 0]
    gained = (won[:, 1] - won[:, 0]) / still_open
    assert gained[1] >= gained[0]
