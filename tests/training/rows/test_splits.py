"""Splits: what a deployment at a past instant would have had, or leads held out with all their rows."""

import numpy as np
import pytest

from history.history import History
from history.snapshot import cut
from history.text.times import DAY_US
from training.evaluation.out_of_fold import splits_of
from training.rows.dataset import GRID, Rows, training_rows
from training.rows.splits import (
    FOLDS,
    MIN_EVALUATED_WINS,
    MIN_FIT_WINS,
    enough_splits,
    lead_splits,
    time_splits,
)
from training.rows.training_set import TrainingSet


def leads_won(rows: Rows, index: np.ndarray) -> int:
    return len(
        {
            int(lead)
            for lead, won in zip(rows.snapshot.lead[index], rows.labels.won[index], strict=True)
            if won
        }
    )


@pytest.fixture(scope="module", params=[0, 20, 45])
def rows(request: pytest.FixtureRequest, world: History) -> Rows:
    """The rows at several instants T."""
    return training_rows(cut(world, world.as_of_us - request.param * DAY_US), 0)


def test_no_fitted_label_lies_after_the_split_instant(rows: Rows) -> None:
    horizon_us = rows.snapshot.history.config.horizon_us
    splits = time_splits(rows, horizon_us)
    assert 1 <= len(splits) <= FOLDS
    for split in splits:
        assert split.as_of_us is not None
        assert (rows.snapshot.as_of_us[split.fit] + horizon_us <= split.as_of_us).all()
        decided_us = rows.snapshot.as_of_us[split.fit] + rows.labels.days[split.fit] * DAY_US
        assert (decided_us <= split.as_of_us + 1).all()


def test_each_row_is_evaluated_once_and_after_its_fit(rows: Rows) -> None:
    splits = time_splits(rows, rows.snapshot.history.config.horizon_us)
    starts = [s.as_of_us for s in splits]
    assert starts == sorted(starts, key=lambda us: us or 0)
    ends = [*starts[1:], int(rows.snapshot.as_of_us.max()) + 1]
    for split, end in zip(splits, ends, strict=True):
        at = rows.snapshot.as_of_us[split.evaluated]
        assert split.as_of_us is not None
        assert end is not None
        assert ((at >= split.as_of_us) & (at < end)).all()
        assert (rows.origin[split.evaluated] == GRID).all()
    evaluated = np.concatenate([s.evaluated for s in splits])
    assert len(np.unique(evaluated)) == len(evaluated)


def test_every_split_has_enough_wins_on_both_sides(rows: Rows) -> None:
    for split in time_splits(rows, rows.snapshot.history.config.horizon_us):
        assert leads_won(rows, split.fit) >= MIN_FIT_WINS
        assert leads_won(rows, split.evaluated) >= MIN_EVALUATED_WINS


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_held_out_leads_never_straddle_a_split(rows: Rows, seed: int) -> None:
    splits = lead_splits(rows, seed)
    assert len(splits) == FOLDS
    lead = rows.snapshot.lead
    for split in splits:
        assert not set(lead[split.fit].tolist()) & set(lead[split.evaluated].tolist())
        assert (rows.origin[split.evaluated] == GRID).all()
        assert set(lead[split.fit].tolist()) | set(lead[split.evaluated].tolist()) <= set(lead.tolist())
    evaluated = np.sort(np.concatenate([s.evaluated for s in splits]))
    np.testing.assert_array_equal(evaluated, np.flatnonzero(rows.origin == GRID))


def test_short_histories_fall_back_to_held_out_leads(world: History) -> None:
    first = int(world.created_us.min())
    rows = training_rows(cut(world, first + 150 * DAY_US), 0)
    training_set = TrainingSet(rows, np.zeros((len(rows), 1)), (), world.config.horizon_us)
    splits, how = splits_of(training_set, 0)
    assert time_splits(rows, world.config.horizon_us) == []
    assert how == "held-out leads"
    assert splits


def test_the_latest_splits_suffice_if_they_hold_the_wins(rows: Rows) -> None:
    splits = time_splits(rows, rows.snapshot.history.config.horizon_us)
    wins = [leads_won(rows, split.evaluated) for split in splits]
    assert enough_splits(rows, splits, 1) == splits[-1:]
    assert enough_splits(rows, splits, sum(wins[-2:])) == splits[-2:]
    assert enough_splits(rows, splits, 10 * sum(wins)) == splits


def test_no_rows_give_no_splits(world: History) -> None:
    none = training_rows(world, 0).take(np.zeros(0, dtype=np.int64))
    assert time_splits(none, world.config.horizon_us) == []
    assert lead_splits(none, 0) == []
