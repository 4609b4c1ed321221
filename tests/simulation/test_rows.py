"""Rows of events: each has an effect when it is recorded, and none is later than the end."""

from itertools import groupby

import numpy as np
import pytest

from history.text.times import DAY_US
from simulation.lead_columns import times
from simulation.process import LOSE, REOPEN, WIN
from simulation.rows import (
    GROUPS,
    KINDS,
    Events,
    attribute_changes,
    closings,
    interactions,
    outcomes,
    stages,
)
from simulation.simulate import _run
from tests.builders.worlds.small_world import simulated_batch, simulated_world

WORLD = simulated_world()
BATCH = simulated_batch(WORLD)
EVENTS = Events(WORLD, BATCH, _run(WORLD, BATCH)[0])
CREATED = dict(zip(BATCH.columns["lead_id"], BATCH.columns["created_at"], strict=True))


def test_shares_of_kinds_are_those_of_one_group_each() -> None:
    shares = np.array([kind.shares for kind in KINDS])
    assert shares.sum(axis=0) == pytest.approx([1.0] * len(GROUPS))
    assert ((shares > 0).sum(axis=1) == 1).all()


def test_late_rows_are_few_and_days_late() -> None:
    lag = EVENTS.lag_days()
    assert (lag > 0).mean() == pytest.approx(0.06, abs=0.01)
    assert lag.max() <= 20


@pytest.mark.parametrize("table", ["interactions", "stages"])
def test_row_happens_between_creation_and_its_recording(table: str) -> None:
    rows, own = (
        (interactions(EVENTS), "occurred_at") if table == "interactions" else (stages(EVENTS), "entered_at")
    )
    (end,) = times(np.array([WORLD.cut_us]))
    for lead_id, at, recorded in zip(rows["lead_id"], rows[own], rows["recorded_at"], strict=True):
        instants = [str(CREATED[lead_id]), str(at), str(recorded), end]
        assert instants == sorted(instants)


def test_ids_of_interactions_are_unique() -> None:
    ids = interactions(EVENTS)["interaction_id"]
    assert len(set(ids)) == len(ids)


def test_first_stage_of_every_lead_is_new_at_its_creation() -> None:
    rows = stages(EVENTS)
    columns = zip(rows["lead_id"], rows["entered_at"], rows["stage"], strict=True)
    firsts = [next(group) for _, group in groupby(columns, key=lambda row: row[0])]
    assert len(firsts) == len(CREATED)
    assert all(stage == "new" and at == CREATED[lead_id] for lead_id, at, stage in firsts)


def test_only_wins_have_amounts_and_only_losses_reasons() -> None:
    rows = outcomes(EVENTS)
    for outcome, amount, reason in zip(rows["outcome"], rows["amount"], rows["reason"], strict=True):
        assert (reason is not None) == (outcome == "lost")
        assert amount is None or (outcome == "won" and float(amount) >= 0)


def test_closing_of_a_lead_is_its_last_outcome() -> None:
    closed = closings(EVENTS)
    rows = outcomes(EVENTS)
    last = dict(zip(rows["lead_id"], zip(rows["outcome"], rows["closed_at"], strict=True), strict=True))
    for i, lead_id in enumerate(BATCH.columns["lead_id"]):
        outcome, at = last.get(lead_id, ("open", None))
        assert (closed.won[i], closed.lost[i]) == (outcome == "won", outcome == "lost")
        assert (closed.closed_us[i] == -1) == (outcome == "open")
        assert outcome == "open" or times(closed.closed_us[i : i + 1]) == [at]


def test_hand_overs_are_to_owner_or_partner_of_the_lead() -> None:
    rows = attribute_changes(EVENTS)
    owner = dict(zip(BATCH.columns["lead_id"], BATCH.owner.tolist(), strict=True))
    moved = [
        (lead_id, value)
        for lead_id, name, value in zip(rows["lead_id"], rows["attribute"], rows["value"], strict=True)
        if name == "owner"
    ]
    assert moved
    for lead_id, value in moved:
        mine = owner[lead_id]
        assert value in (WORLD.owners[mine], WORLD.owners[WORLD.partner[mine]])


def test_world_without_events_has_the_rows_of_creation_alone() -> None:
    nothing = Events(WORLD, BATCH, np.zeros((0, 4), dtype=np.int64))
    assert len(interactions(nothing)["lead_id"]) == BATCH.came_by_itself.sum()
    assert set(stages(nothing)["stage"]) == {"new"}
    assert outcomes(nothing)["lead_id"] == attribute_changes(nothing)["lead_id"] == []
    assert (closings(nothing).closed_us == -1).all()


def test_events_lie_on_the_day_of_the_process() -> None:
    assert (EVENTS.us // DAY_US == EVENTS.day).all()
    assert np.isin([WIN, LOSE, REOPEN], EVENTS.code).all()
