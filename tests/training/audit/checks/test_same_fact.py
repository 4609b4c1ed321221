"""A column that repeats a field of the outcome is suspected; plans, prices and strong predictors are not."""

from dataclasses import replace

import numpy as np
import pytest

from history.base.arrays import Floats, Ints
from history.history import Factor, Outcomes
from history.text.times import DAY_US
from tests.builders.worlds.audit_world import Texts, World, codes, days, factor, only, world
from training.audit.audit import audit

SEEDS = range(3)


def planned_us(w: World) -> Ints:
    """Planned closing days of open leads, all after T."""
    return w.history.as_of_us + (1 + w.rng.integers(0, 60, len(w))) * DAY_US


@pytest.mark.parametrize("n", [150, 2000])
@pytest.mark.parametrize("seed", SEEDS)
def test_closing_date_under_any_name_is_suspected(n: int, seed: int) -> None:
    """For losses too, with plans on open leads, off by a time zone, as a duration, and with a few other values."""
    w = world(n, seed)
    known_us = np.where(w.closed, w.will_close_us, planned_us(w))
    lengths = (w.will_close_us - w.created_us) // DAY_US
    columns: dict[str, Texts] = {
        "field_7": days(known_us),
        "with a time": [f"{time}Z" for time in known_us.astype("M8[us]")],
        "west": days(known_us - np.where(w.closed, DAY_US // 3, 0)),
        "east": days(known_us + np.where(w.closed, DAY_US // 3, 0)),
        "tidied": days(np.where(w.chance(0.05), planned_us(w), known_us)),
        "length": only(w.closed, lengths.astype(str).tolist()),
        "length in hours": only(w.closed, (24 * lengths).astype(str).tolist()),
    }
    assert w.audit(**columns) == dict.fromkeys(columns, "leakage_suspected")


@pytest.mark.parametrize("n", [60, 150, 2000])
@pytest.mark.parametrize("error_days", [1, 2, 5, 15, 40])
def test_planned_dates_are_kept(error_days: int, n: int) -> None:
    """Wins keep to a plan more or less; losses too, or close when it has passed."""
    for seed in SEEDS:
        w = world(n, seed)
        error_us = (w.rng.normal(0, error_days, n) * DAY_US).astype(np.int64)
        later_us = w.created_us + (w.rng.exponential(60, n) * DAY_US).astype(np.int64)
        verdicts = w.audit(
            plan=days(w.will_close_us + error_us),
            only_wins_keep_to_it=days(np.where(w.will_win, w.will_close_us + error_us, later_us)),
            half_of_the_wins_exactly=days(np.where(w.will_win & w.chance(), w.will_close_us, later_us)),
            trial_end=days(w.created_us + 30 * DAY_US),
        )
        assert "leakage_suspected" not in verdicts.values()


def quarters(us: Ints, shift: int = 0) -> list[str]:
    months = us.astype("M8[us]").astype("M8[M]").astype(np.int64) + 12 * 1970 + shift
    return [f"Q{month // 3 % 4 + 1}-{month // 12}" for month in months.tolist()]


@pytest.mark.parametrize("n", [300, 2000])
@pytest.mark.parametrize("seed", SEEDS)
def test_period_of_the_closing_is_suspected(n: int, seed: int) -> None:
    """Fiscal quarters of closed deals, and the planned ones of open deals, tell when a deal closed."""
    w = world(n, seed)
    known_us = np.where(w.closed, w.will_close_us, planned_us(w))
    weeks = [day.isocalendar() for day in known_us.astype("M8[us]").astype("M8[D]").tolist()]
    columns: dict[str, Texts] = {
        "fiscal_period": quarters(known_us),
        "from_february": quarters(known_us, 11),
        "month": [text[:7] for text in days(known_us) if text],
        "week": [f"{week.year}-W{week.week:02d}" for week in weeks],
    }  # fmt: skip
    assert w.audit(**columns) == dict.fromkeys(columns, "leakage_suspected")


@pytest.mark.parametrize("error_days", [2, 15])
def test_planned_quarters_and_those_of_the_creation_are_kept(error_days: int) -> None:
    for seed in SEEDS:
        w = world(2000, seed)
        plan_us = w.will_close_us + (w.rng.normal(0, error_days, 2000) * DAY_US).astype(np.int64)
        later_us = w.created_us + (w.rng.exponential(60, 2000) * DAY_US).astype(np.int64)
        verdicts = w.audit(
            plan=quarters(np.where(w.will_win, plan_us, later_us)),
            cohort=quarters(w.created_us),
            campaign=[f"{text[:7]}" for text in days(w.created_us) if text],
        )
        assert "leakage_suspected" not in verdicts.values()


def test_date_of_creation_is_kept_though_leads_close_that_day() -> None:
    w = world(400, 1)
    w = w.closing_at(np.where(w.chance(0.8), w.created_us, w.will_close_us))
    assert w.audit(registered_on=days(w.created_us)) == {}


def with_amounts(w: World) -> tuple[World, Floats]:
    """The world with an amount of 1,000 to 100,000 on each won lead, and the amounts (n,)."""
    amount: Floats = np.geomspace(1_000, 99_999, len(w)).round(2)
    w.rng.shuffle(amount)
    row_amount = np.where(w.will_win[w.closed], amount[w.closed], np.nan)
    history = replace(w.history, outcomes=replace(w.history.outcomes, amount=row_amount))
    return replace(w, history=history), amount


@pytest.mark.parametrize("seed", SEEDS)
def test_final_amount_is_suspected_and_possible_if_all_leads_have_it(seed: int) -> None:
    """The amount that is asked for may be paid in the end; open leads have it too, as exact as won ones."""
    w, amount = with_amounts(world(1500, seed))
    estimate = np.round(amount * np.exp(w.rng.normal(0, 0.3, len(w))), -3)
    columns: dict[str, Texts] = {
        "invoiced": [f"{x:.0f}" for x in np.where(w.won, amount, 0)],
        "deal_size": [f"{x:.2f}" for x in np.where(w.won, amount, estimate)],
        "with_tax": [f"{1.19 * x:.2f}" for x in np.where(w.won, amount, estimate)],
        "in_thousands": [f"{x / 1000:.5f}" for x in np.where(w.won, amount, 0)],
        "asked": [f"{x:.2f}" for x in amount],
        "estimate": [f"{x:.0f}" for x in estimate],
        "list_price": [f"{x:.0f}" for x in np.ceil(amount / 5_000) * 5_000],
    }
    suspected = ("invoiced", "deal_size", "with_tax", "in_thousands")
    assert w.audit(**columns) == {
        **dict.fromkeys(suspected, "leakage_suspected"),
        "asked": "leakage_possible",
    }


@pytest.mark.parametrize("n", [60, 2000])
def test_words_of_the_outcome_are_suspected(n: int) -> None:
    """The usual ones, and those of funnel.toml; lost leads may have words of their own."""
    w = world(n, 4)
    config = replace(w.history.config, outcome_words={"won": ("Deal Done",)}, lost_stages=("Dropped",))

    def states(won: str, lost: str, still_open: str) -> Factor:
        return factor(np.where(w.won, won, np.where(w.lost, lost, still_open)).tolist())

    columns = {
        "phase": states("CLOSED WON ", "closed lost", "Talking"),
        "own": states("deal  done", "dropped", "Talking"),
        "is_won": states("true", "false", "false"),
        "league": factor(np.where(w.chance(), "won", "lost").tolist()),
    }
    verdicts = codes(audit(replace(w.history, config=config, attributes=columns)))
    assert verdicts == dict.fromkeys(("phase", "own", "is_won"), "leakage_suspected")


def test_reason_of_the_outcome_is_suspected() -> None:
    w = world(200, 2)
    reasons = factor(w.rng.choice(["price", "timing", "feature"], len(w)).tolist())
    outcomes: Outcomes = replace(w.history.outcomes, reason=reasons.take(w.closed))
    copied = factor([text.upper() for text in (reasons.values[code] for code in reasons.codes)])
    others = factor(w.rng.choice(["price", "timing", "feature"], len(w)).tolist())
    history = replace(w.history, outcomes=outcomes, attributes={"why": copied, "topic": others})
    assert codes(audit(history)) == {"why": "leakage_suspected"}
