"""A small simulated business and its leads, before any row is written."""

from datetime import date

import numpy as np

from history.text.times import DAY_US
from simulation.leads import Batch, lead_batch
from simulation.world import World, build_world, day_number

END = date(2026, 6, 30)
LEADS = 2000


def simulated_world(seed: int = 7) -> World:
    return build_world(seed, LEADS, 12, END, (day_number(END) + 1) * DAY_US - 1)


def simulated_batch(world: World) -> Batch:
    return lead_batch(world, np.arange(LEADS))
