"""The record of a run: its fingerprint changes with the data that training reads, and with nothing else."""

from dataclasses import replace

import numpy as np

from history.history import History
from history.snapshot import all_leads, cut
from history.text.times import DAY_US
from training.run_record import fingerprint


def test_fingerprint_covers_the_rows_visible_at_t(world: History) -> None:
    at_us = world.as_of_us - 60 * DAY_US
    assert fingerprint(cut(world, at_us)) == fingerprint(cut(cut(world, at_us + DAY_US), at_us))
    assert fingerprint(cut(world, at_us)) != fingerprint(world)


def test_fingerprint_covers_when_leads_were_recorded(world: History) -> None:
    """They are there from their recording on, so past training rows lack them."""
    late = replace(world, lead_known_us=np.minimum(world.created_us + 30 * DAY_US, world.as_of_us))
    half_way = int(np.median(world.created_us))
    assert len(all_leads(late, half_way)) < len(all_leads(world, half_way))
    assert fingerprint(late) != fingerprint(world)


def test_fingerprint_covers_no_ids_of_interactions(world: History) -> None:
    ids = [f"i{i}" for i in range(len(world.interactions.time_us))]
    named = replace(world, interactions=replace(world.interactions, ids=ids))
    assert fingerprint(named) == fingerprint(
        replace(world, interactions=replace(world.interactions, ids=None))
    )
