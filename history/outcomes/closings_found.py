"""Closing stages by what the data show: a stage that leads enter at the very moment of one decision is that decision.

Words tell most of them; a house's own label for its wins or losses, in any language, tells itself so.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from history.base.arrays import Codes
from history.base.whole import WHOLE, Question, Whole
from history.config.config import FunnelConfig
from history.history import LOST, WON, Outcomes, Stages
from history.outcomes.closing_stages import is_closing
from history.text.outcome_words import match_key
from history.text.times import DAY_US, SECOND_US

FEWEST: Final = 5  # entries
SHARE: Final = 0.9  # of them at a decision of one kind
HOUR_US: Final = DAY_US // 24
# A bare closing date is the end of the day that begins with a bare date of entry; days of a clock change are shorter
# or longer.
DAYS_US: Final = (DAY_US - HOUR_US, DAY_US, DAY_US + HOUR_US)


class Entries(NamedTuple):
    """Entries of one stage, and how many of them are at a win and at a loss of their lead."""

    rows: int
    at_win: int
    at_loss: int


class FoundClosings(NamedTuple):
    """Stages that the entries show to be wins and losses."""

    won: tuple[str, ...]
    lost: tuple[str, ...]


def with_found_closings(
    stages: Stages, outcomes: Outcomes, config: FunnelConfig, whole: Whole = WHOLE
) -> FunnelConfig:
    """The configuration with the closing stages that the entries show, beside those that it names."""
    question = Question("closing stages", _joined, partial(_found, config=config))
    found = whole.decide(question, _entries(stages, outcomes))
    if not found.won and not found.lost:
        return config
    return replace(
        config,
        won_stages=(*config.won_stages, *found.won),
        lost_stages=(*config.lost_stages, *found.lost),
    )


def _entries(stages: Stages, outcomes: Outcomes) -> dict[str, Entries]:
    """The entries of each stage."""
    codes, names = stages.stage.codes, stages.stage.values

    def counts(of: Codes) -> list[int]:
        return list(np.bincount(of, minlength=len(names)).tolist())

    at_win, at_loss = (counts(codes[_entries_at(stages, outcomes, state)]) for state in (WON, LOST))
    of_stages = zip(counts(codes), at_win, at_loss, strict=True)
    return {name: Entries(*of_stage) for name, of_stage in zip(names, of_stages, strict=True)}


def _joined(one: Mapping[str, Entries], other: Mapping[str, Entries]) -> dict[str, Entries]:
    both = dict(one)
    for name, entries in other.items():
        both[name] = Entries(*map(sum, zip(entries, both.get(name, (0, 0, 0)), strict=True)))
    return both


def _found(entries: Mapping[str, Entries], config: FunnelConfig) -> FoundClosings:
    named = {match_key(name) for name in (*config.stages, *config.won_stages, *config.lost_stages)}
    usual = {
        name: of_stage
        for name, of_stage in sorted(entries.items())
        if of_stage.rows >= FEWEST and match_key(name) not in named and not is_closing(name, config)
    }
    return FoundClosings(
        tuple(name for name, of_stage in usual.items() if of_stage.at_win / of_stage.rows >= SHARE),
        tuple(name for name, of_stage in usual.items() if of_stage.at_loss / of_stage.rows >= SHARE),
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
