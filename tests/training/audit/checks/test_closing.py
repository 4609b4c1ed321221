"""A column written at the closing is found; strong predictors and purges are not."""

import numpy as np
import pytest

from history.base.arrays import Ints
from history.history import empty_factor
from history.text.times import DAY_US
from tests.builders.worlds.audit_world import Texts, days, either, only, world
from training.audit.checks.closing import date_of_closing, never_ahead
from training.audit.columns import NO_MOMENT, Column
from training.audit.leads import lead_states


@pytest.mark.parametrize("seed", range(3))
def test_values_written_at_the_closing_are_suspected(seed: int) -> None:
    n = 2000
    w = world(n, seed)
    phase = np.where(w.won, "Customer", np.where(w.lost, "Gone", np.where(w.chance(), "Working", "New")))
    length_days = ((w.will_close_us - w.created_us) / DAY_US).astype(int)
    competitor = w.rng.integers(0, 3, n).astype(str).tolist()
    lost_to_competitor = w.lost & w.chance()
    amounts = [f"{amount:.2f}" for amount in w.rng.lognormal(8, 1, n)]
    recent_us = np.maximum(w.created_us, w.history.as_of_us - w.rng.integers(0, 20, n) * DAY_US)
    columns: dict[str, Texts] = {
        "phase": phase.tolist(),
        "open_flag": either(w.closed, "false", "true"),
        "length": only(w.closed, length_days.astype(str).tolist()),
        "ConvertedDate": only(w.won, days(w.will_close_us)),
        "competitor": only(lost_to_competitor, competitor),
        "deal": only(w.won, amounts),
        "touched": days(np.where(w.closed, w.will_close_us, recent_us)),
    }
    assert w.audit(**columns) == dict.fromkeys(columns, "leakage_suspected")


@pytest.mark.parametrize("seed", range(3))
def test_strong_predictors_known_all_along_are_kept(seed: int) -> None:
    """They predict the outcome of open leads too, so closing is not what wrote them, however strong they are."""
    w = world(2000, seed)
    soon = w.will_close_us - w.created_us < 15 * DAY_US
    planned_us = np.where(w.will_win, w.will_close_us, w.created_us + 60 * DAY_US)
    intent = either(w.will_win ^ w.chance(0.03), "hot", "cold")
    budget = either(w.will_win & w.chance(0.8) | w.chance(0.05), "known", None)
    fit = [f"{x:.3f}" for x in 2.5 * w.will_win + w.rng.normal(size=2000)]
    verdicts = w.audit(
        intent=intent,
        budget=budget,
        fit=fit,
        speed=either(soon ^ w.chance(0.02), "fast", "slow"),
        planned_close=days(planned_us + w.rng.integers(-2, 3, 2000) * DAY_US),
        eligible=either(w.will_win | w.chance(0.5), "yes", "no"),
    )
    assert "leakage_suspected" not in verdicts.values()


def dated(moment_us: Ints) -> Column:
    filled = moment_us != NO_MOMENT
    return Column(
        "closed", "date", filled.astype(np.int64), ["", "any value"], moment_us, empty_factor(len(moment_us))
    )


@pytest.mark.parametrize("seed", range(3))
def test_date_at_the_closing_is_found_unless_open_leads_have_it(seed: int) -> None:
    w = world(2000, seed)
    leads = lead_states(w.history)
    closing = np.where(w.closed, w.will_close_us, NO_MOMENT)
    evidence = date_of_closing(dated(closing), leads)
    assert evidence is not None
    assert evidence.numbers["dates_agree"] == 1.0
    assert date_of_closing(dated(w.will_close_us), leads) is None, "a plan that is kept"
    assert (
        date_of_closing(
            Column("x", "number", np.zeros(2000, np.int64), [""], None, empty_factor(2000)), leads
        )
        is None
    )


@pytest.mark.parametrize("seed", range(3))
def test_dates_that_never_lie_ahead_record_events(seed: int) -> None:
    w = world(2000, seed)
    leads = lead_states(w.history)
    touched = w.created_us + (w.rng.random(2000) * (leads.as_of_us - w.created_us)).astype(np.int64)
    assert never_ahead(dated(touched), leads) is not None
    planned = w.created_us + (w.rng.random(2000) * 120 * DAY_US).astype(np.int64)
    assert never_ahead(dated(planned), leads) is None
