"""Histories that cannot be trained on are refused, with advice."""

import re
from dataclasses import replace

import pytest

from history.base.errors import InvalidInput
from history.history import LOST, WON, History
from history.text.times import DAY_US, format_time
from tests.builders.leads.lead_histories import START_US, Decision, Lead, history_of
from training.evaluation.regime import Change
from training.requirements import MIN_WINS, regime_warning, require_outcomes, require_rows
from training.rows.dataset import training_rows
from training.train import TrainOptions, train

T = START_US + 200 * DAY_US


def closed(state: int, after_days: float, created_day: int = 0) -> Lead:
    created = START_US + created_day * DAY_US
    time = created + int(after_days * DAY_US)
    return Lead(created, decisions=[Decision(time, time, state)])


def funnel(wins: int, losses: int, still_open: int = 0, t: int = T) -> History:
    leads = [closed(WON, 3.5, i % 60) for i in range(wins)] + [
        closed(LOST, 6.5, i % 60) for i in range(losses)
    ]
    return history_of([*leads, *[Lead(START_US)] * still_open], t)


def refusal(history: History) -> str:
    with pytest.raises(InvalidInput) as caught:
        train(history, TrainOptions(trials=0))
    return str(caught.value)


def test_no_outcomes_are_refused() -> None:
    message = refusal(history_of([Lead(START_US)] * 50, T))
    assert "no outcomes are visible" in message
    assert "won and lost" in message


def test_undated_outcomes_that_do_not_count_yet_are_explained() -> None:
    history = history_of([Lead(START_US)] * 50, T)
    days = history.config.horizon_days
    young = replace(history, as_of_us=START_US + days * DAY_US - 1)
    assert f"counts from {days} days after its lead's creation" in refusal(young)
    assert "closed_at" not in refusal(replace(history, as_of_us=START_US + days * DAY_US))


@pytest.mark.parametrize("wins", [0, 1, MIN_WINS - 1])
def test_too_few_wins_are_counted(wins: int) -> None:
    message = refusal(funnel(wins, 40))
    assert re.search(rf"\b{wins} leads were won\b", message)
    assert f"at least {MIN_WINS}" in message
    assert "add older leads, or wait" in message


def test_only_losses_are_too_few_wins() -> None:
    assert "0 leads were won" in refusal(funnel(0, 60))


def test_only_wins_are_refused() -> None:
    message = refusal(funnel(60, 0))
    assert "every lead was won" in message
    assert "add the leads that were lost" in message


def test_ten_wins_of_one_lead_count_once() -> None:
    decisions = [Decision(START_US + k * DAY_US, START_US + k * DAY_US, WON) for k in range(1, 20)]
    history = history_of([Lead(START_US, decisions=decisions), *[closed(LOST, 2)] * 20], T)
    with pytest.raises(InvalidInput, match="1 leads were won"):
        require_outcomes(history)


def test_no_fully_observed_horizon_is_refused() -> None:
    """All leads are younger than the horizon: wins there are, matured rows there are not."""
    history = funnel(30, 30)
    config = replace(history.config, horizon_days=365)
    message = refusal(replace(history, config=config))
    assert "365 days" in message
    assert "horizon_days" in message
    assert "older leads" in message


def test_wins_after_their_horizon_do_not_count() -> None:
    leads = [closed(WON, 150.0, i % 20) for i in range(30)] + [closed(LOST, 30.0, i % 60) for i in range(50)]
    history = history_of(leads, T)
    rows = training_rows(replace(history, as_of_us=START_US + 100 * DAY_US), 0)
    with pytest.raises(InvalidInput, match="within 10 days"):
        require_rows(history, rows)


def test_enough_of_both_outcomes_is_accepted() -> None:
    history = funnel(MIN_WINS, 1, still_open=3, t=START_US + 40 * DAY_US)
    require_outcomes(history)
    require_rows(history, training_rows(history, 0))


def test_a_change_of_regime_is_named_with_its_day_and_factor() -> None:
    assert regime_warning(None) == []
    (warning,) = regime_warning(Change(START_US, -0.6931, 0.05))
    assert (warning.code, warning.subject) == ("regime_change", "outcomes")
    assert format_time(START_US)[:10] in warning.detail
    assert "0.50 times" in warning.detail
