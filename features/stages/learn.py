"""Learns the usual days in each stage: of stays that ended with a move to a later one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.instants import visible_rows
from history.base.arrays import Floats, Ints
from history.history import History
from history.text.times import DAY_US

LEAST_STAYS = 5  # stays in a stage, for a median


class _Entries(NamedTuple):
    """Entries into another stage than the one before, (entries,) each: lead, position of the stage, and time."""

    lead: Ints
    position: Ints
    time_us: Ints


def learn_stage_medians(history: History, latest: Ints) -> tuple[float | None, ...]:
    """Median days of the stays in each stage that ended with a move to a later one; () without any stage entry.

    latest (leads,): each lead's latest training instant.
    """
    stages = history.config.stages
    entries = _entries(history, latest)
    if not len(entries.lead) or not stages:
        return ()
    lead, position, time_us = entries
    went_on = (lead[1:] == lead[:-1]) & (position[1:] > position[:-1])
    days = (time_us[1:] - time_us[:-1])[went_on] / DAY_US
    return _medians(days, position[:-1][went_on], len(stages))


def _entries(history: History, latest: Ints) -> _Entries:
    """The visible stage entries; a stage that the configuration does not name comes after the last."""
    log = history.stages
    is_visible, lead = visible_rows(log.offsets, log.known_us, latest)
    rows = is_visible & (log.stage.codes >= 0)
    lead, codes, time_us = lead[rows], log.stage.codes[rows], log.time_us[rows]

    # An entry into the current stage does not begin a stay.
    begins = np.ones(len(codes), dtype=np.bool_)
    begins[1:] = (codes[1:] != codes[:-1]) | (lead[1:] != lead[:-1])

    position_of_code = _positions(log.stage.values, history.config.stages)
    return _Entries(lead[begins], position_of_code[codes[begins]], time_us[begins])


def _positions(names: Sequence[str], stages: Sequence[str]) -> Ints:
    """The position of each name (n,) among the stages, counted from 0."""
    order = {stage: i for i, stage in enumerate(stages)}
    positions = [order.get(name, len(stages)) for name in names]
    return np.array(positions, dtype=np.int64)


def _medians(days: Floats, stage: Ints, n_stages: int) -> tuple[float | None, ...]:
    """The median of the days (stays,) of each stage, None with fewer than LEAST_STAYS."""
    medians: list[float | None] = []
    for s in range(n_stages):
        stays = days[stage == s]
        medians.append(float(np.median(stays)) if len(stays) >= LEAST_STAYS else None)
    return tuple(medians)
