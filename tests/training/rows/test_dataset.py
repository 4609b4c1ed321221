"""Training rows look like scoring: open leads at instants whose horizon is over, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.recording import known_leads
from history.history import OPEN, History
from history.snapshot import open_leads, state_at
from history.text.times import DAY_US
from tests.builders.leads.late_leads import late_history
from tests.builders.leads.lead_histories import CALM, Lead, history_of, instants, leads
from training.rows import dataset
from training.rows.dataset import (
    CREATION,
    ENTRY,
    GRID,
    MOMENT_SHARE,
    Rows,
    grid,
    grid_step_us,
    recent_rows,
    row_limit,
    training_rows,
)


def pairs(rows: Rows, origin: int) -> set[tuple[int, int]]:
    of = rows.origin == origin
    lead, at = rows.snapshot.lead[of], rows.snapshot.as_of_us[of]
    assert len(set(zip(lead.tolist(), at.tolist(), strict=True))) == len(lead)
    return set(zip(lead.tolist(), at.tolist(), strict=True))


def check(rows: Rows, history: History) -> None:
    """Invariants of every row, for any history."""
    at, lead = rows.snapshot.as_of_us, rows.snapshot.lead
    assert (at + history.config.horizon_us <= history.as_of_us).all()
    assert (at >= history.created_us[lead]).all()
    assert (state_at(history, lead, at) == OPEN).all()
    assert rows.labels.matured.all()


@given(st.lists(leads(), min_size=1, max_size=4), instants, st.integers(0, 3))
@CALM
def test_rows_are_open_leads_with_a_matured_horizon(leads_: list[Lead], t: int, seed: int) -> None:
    history = history_of(leads_, t)
    rows = training_rows(history, seed)
    check(rows, history)
    horizon = history.config.horizon_us
    expected = {
        (int(i), at)
        for at in grid(history, t - horizon, grid_step_us(horizon))
        for i in open_leads(history, at).lead
    }
    assert pairs(rows, GRID) == expected
    created = {(i, lead.created) for i, lead in enumerate(leads_)}
    assert pairs(rows, CREATION) <= created
    entered = {(i, row.known) for i, lead in enumerate(leads_) for row in lead.entries}
    assert pairs(rows, ENTRY) <= entered


def test_rows_of_a_simulated_world_have_every_origin(world: History, world_rows: Rows) -> None:
    check(world_rows, world)
    counts = np.bincount(world_rows.origin, minlength=3)
    assert (counts > 0).all()
    assert counts[CREATION] + counts[ENTRY] <= MOMENT_SHARE * counts[GRID]


@given(instants, st.integers(1, 400), st.integers(1, 20))
@CALM
def test_the_grid_goes_back_from_its_end_in_even_steps(first: int, days: int, step: int) -> None:
    history = history_of([Lead(first)], first + days * DAY_US)
    dates = grid(history, first + days * DAY_US, step * DAY_US)
    assert dates[-1] == first + days * DAY_US
    assert len(dates) <= dataset.MAX_DATES
    wide = -(-(days // step + 1) // dataset.MAX_DATES) * step
    assert set(np.diff(dates).tolist()) <= {wide * DAY_US}
    assert len(dates) == days // wide + 1
    assert dates[0] - wide * DAY_US < first <= dates[0]
    assert dates[0] >= first


def test_no_lead_by_the_end_gives_no_grid() -> None:
    assert grid(history_of([], 0), 0, DAY_US) == []
    assert grid(history_of([Lead(10 * DAY_US)], 0), 0, DAY_US) == []


@pytest.mark.parametrize(("horizon", "step"), [(1, 1), (7, 1), (30, 5), (90, 14), (365, 14)])
def test_the_step_is_a_sixth_of_the_horizon(horizon: int, step: int) -> None:
    assert grid_step_us(horizon * DAY_US) == min(max(horizon // 6, 1), 14) * DAY_US == step * DAY_US


def test_a_seed_changes_the_sample_but_not_the_grid(world: History, world_rows: Rows) -> None:
    again, other = training_rows(world, 0), training_rows(world, 1)
    assert (again.snapshot.lead == world_rows.snapshot.lead).all()
    assert (again.snapshot.as_of_us == world_rows.snapshot.as_of_us).all()
    assert pairs(other, GRID) == pairs(world_rows, GRID)
    assert pairs(other, CREATION) != pairs(world_rows, CREATION)


@pytest.mark.parametrize(
    ("leads", "most"), [(0, 40_000), (20_000, 40_000), (50_000, 100_000), (10**6, 300_000)]
)
def test_row_limit_grows_with_the_leads(leads: int, most: int) -> None:
    assert row_limit(leads) == most


def test_too_many_rows_are_thinned_evenly(world: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row as likely as any other, and snapshots of a lead go before a lead does."""
    whole = training_rows(world, 0)
    monkeypatch.setattr(dataset, "row_limit", lambda leads: len(whole) // 3)
    thin = training_rows(world, 0)
    check(thin, world)
    assert len(thin) == len(whole) // 3
    assert pairs(thin, GRID) < pairs(whole, GRID)
    assert thin.labels.won.mean() == pytest.approx(whole.labels.won.mean(), abs=0.03)
    assert thin.share == len(thin) / len(whole)
    before, after = (np.bincount(rows.snapshot.lead, minlength=len(world)) for rows in (whole, thin))
    assert (np.abs(after - before * thin.share) < 1).all()


def test_taking_rows_takes_their_labels(world_rows: Rows) -> None:
    index = np.random.default_rng(1).permutation(len(world_rows))[:50]
    taken = world_rows.take(index)
    np.testing.assert_array_equal(taken.labels.days, world_rows.labels.days[index])
    np.testing.assert_array_equal(taken.labels.outcome, world_rows.labels.outcome[index])
    np.testing.assert_array_equal(taken.origin, world_rows.origin[index])


def test_rows_recorded_after_t_are_left_out(world: History) -> None:
    """A history whose T is moved back without being cut gives the rows of that T."""
    earlier = replace(world, as_of_us=world.as_of_us - 60 * DAY_US)
    check(training_rows(earlier, 0), earlier)


def test_lead_of_a_placeholder_date_changes_no_row() -> None:
    day = DAY_US
    usual = [Lead(created=(20_000 + i) * day) for i in range(300)]
    placeholder = Lead(created=10_000 * day)
    last_us = 20_400 * day
    without, with_it = (
        training_rows(history_of(leads_, last_us), seed=0) for leads_ in (usual, [*usual, placeholder])
    )
    assert (with_it.snapshot.lead == without.snapshot.lead).all()
    assert (with_it.snapshot.as_of_us == without.snapshot.as_of_us).all()


def test_rows_begin_a_horizon_before_the_first_recorded_win() -> None:
    history = late_history(140)
    recorded_us = known_leads(history, history.as_of_us).recorded_from_us
    assert recorded_us is not None
    from_us = recorded_us - history.config.horizon_us
    rows = training_rows(history, 0)
    check(rows, history)
    assert rows.from_us == from_us
    assert (rows.snapshot.as_of_us >= from_us).all()
    np.testing.assert_array_equal(rows.is_timed, rows.snapshot.as_of_us >= recorded_us)
    assert 0 < rows.is_timed.sum() < len(rows)
    assert rows.take(rows.is_timed).is_timed.all()
    assert set(np.unique(rows.origin).tolist()) == {GRID, CREATION}, "the history has no stages"
    later = recent_rows(history, rows, 0).snapshot.as_of_us
    assert (later > history.as_of_us - history.config.horizon_us).all()


def test_rows_of_all_dates_stay_if_too_few_leads_were_won_later() -> None:
    """Ten days after the first recorded win, no later date has a whole horizon."""
    history = late_history(72)
    rows = training_rows(history, 0)
    assert rows.from_us == history.created_us.min()
    assert rows.is_timed.all()
