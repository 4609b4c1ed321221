"""Closing stages by what the data show: a stage that leads enter at the very moment of one decision is that decision.

Words tell most of them; a house's own label for its wins or losses, in any language, tells itself so.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from history.closing_stages import is_closing
from history.config.config import FunnelConfig
from history.history import LOST, WON, Outcomes, Stages
from history.text.outcome_words import match_key
from history.text.times import DAY_US, SECOND_US

FEWEST: Final = 5  # entries
SHARE: Final = 0.9  # of them at a decision of one kind
HOUR_US: Final = DAY_US // 24
# A bare closing date is the end of the day that begins with a bare date of entry; days of a clock change are shorter
# or longer.
DAYS_US: Final = (DAY_US - HOUR_US, DAY_US, DAY_US + HOUR_US)


def with_found_closings(stages: Stages, outcomes: Outcomes, config: FunnelConfig) -> FunnelConfig:
    """The configuration with the closing stages that the entries show, beside those that it names."""
    named = {match_key(name) for name in (*config.stages, *config.won_stages, *config.lost_stages)}
    matched = {state: _entries_at(stages, outcomes, state) for state in (WON, LOST)}
    counts = np.bincount(stages.stage.codes, minlength=len(stages.stage.values))
    found: dict[int, list[str]] = {WON: [], LOST: []}
    for code, name in enumerate(stages.stage.values):
        if counts[code] < FEWEST or match_key(name) in named or is_closing(name, config):
            continue
        for state, at_decision in matched.items():
            if at_decision[stages.stage.codes == code].mean() >= SHARE:
                found[state].append(name)
    if not found[WON] and not found[LOST]:
        return config
    return replace(
        config,
        won_stages=(*config.won_stages, *found[WON]),
        lost_stages=(*config.lost_stages, *found[LOST]),
    )


def _entries_at(
    stages: Stages, outcomes: Outcomes, state: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which entries (m,) are at a decision of this state of their lead: to the second, or on one bare date."""
    rows = np.flatnonzero((outcomes.state == state) & ~outcomes.implied)
    at = np.zeros(len(stages.time_us), dtype=np.bool_)
    if not len(rows) or not len(at):
        return at
    lead, time_us = outcomes.lead[rows], outcomes.time_us[rows]
    for place in (0, -1):  # the first and the last decision of each lead
        of_lead = np.full(len(stages.offsets) - 1, np.iinfo(np.int64).min // 2, dtype=np.int64)
        order = np.arange(len(lead)) if place == -1 else np.arange(len(lead))[::-1]
        of_lead[lead[order]] = time_us[order]
        gap = of_lead[stages.lead] - stages.time_us
        at |= (np.abs(gap) <= SECOND_US) | np.isin(gap + 1, DAYS_US)
    return at
