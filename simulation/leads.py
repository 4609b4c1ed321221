"""The leads of a simulated business at creation: columns, start of their path through the funnel, expected amount."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from simulation.lead_columns import Columns, lead_columns
from simulation.process import Starts
from simulation.traits import draw_traits, log_median_amount, path_score
from simulation.world import SOURCES, World, keys, uniform

AMOUNT_SIGMA, BIG_SHARE, BIG_FACTOR, ZERO_SHARE = 0.45, 0.04, 3.5, 0.01


@dataclass(frozen=True)
class Batch:
    """Leads `index` (n,) of a world: columns of leads.csv, what the process needs, log of the median amount."""

    index: Ints
    created_us: Ints
    columns: Columns
    starts: Starts
    log_amount: Floats
    source: Ints
    owner: Ints
    came_by_itself: Mask


def lead_batch(world: World, index: Ints) -> Batch:
    """The leads of these positions, in order of creation; each independent of which others are drawn."""
    created = _created(world, index)
    day = created // DAY_US
    traits = draw_traits(world, index, day)
    score = path_score(world, traits, day)
    planned = np.where(np.isnan(traits.planned_days), -1, day + np.nan_to_num(traits.planned_days)).astype(
        np.int64
    )
    inbound_share = np.array([source.inbound_share for source in SOURCES])[traits.source]
    came_by_itself = uniform(world.seed, "first-touch", index) < inbound_share
    engagement = 0.25 + 0.15 * np.tanh(score[:, 0])
    starts = Starts(
        key=keys(world.seed, "path", index),
        day=day,
        recency=np.where(came_by_itself, 0, 3).astype(np.int64),
        planned=planned,
        score=score,
        engagement=engagement,
    )
    return Batch(
        index=index,
        created_us=created,
        columns=lead_columns(world, index, created, traits),
        starts=starts,
        log_amount=log_median_amount(traits),
        source=traits.source,
        owner=traits.owner,
        came_by_itself=came_by_itself,
    )


def expected_amount(log_amount: Floats) -> Floats:
    """E[amount | won]: of a lognormal with a few deals BIG_FACTOR times as big and a few free ones."""
    mean = np.exp(log_amount + AMOUNT_SIGMA**2 / 2)
    return np.asarray(mean * (1.0 - BIG_SHARE + BIG_SHARE * BIG_FACTOR) * (1.0 - ZERO_SHARE))


def _created(world: World, index: Ints) -> Ints:
    """Times in order, one in each of `leads` equal shares of arrivals, which grow and follow season and weekday."""
    days = np.arange(world.first_day, world.last_day + 1)
    at = days - world.calendar.first_day
    weight = world.calendar.touches[at] * (1.0 + 0.5 * (days - world.first_day) / len(days))
    weight = weight * (1.0 + 0.15 * np.cos(2 * np.pi * (days - 75) / 365.25))
    edges = np.concatenate(([0.0], np.cumsum(weight)))
    place = (index + uniform(world.seed, "created", index)) / world.leads * edges[-1]
    day = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, len(days) - 1)
    within = (place - edges[day]) / weight[day]
    seconds = (6.5 + 15.5 * np.clip(within, 0.0, 1.0)) * 3600
    start = days[day] * DAY_US
    span = np.minimum(DAY_US, world.cut_us - start)  # less than a day on a last day that is not over
    return np.asarray(
        start + (seconds / 86400 * span).astype(np.int64) // 1_000_000 * 1_000_000, dtype=np.int64
    )
