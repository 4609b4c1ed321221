"""Comparisons of each stage with its own past: fewer leads go on, or leads stay longer."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from funnel.formatting import format_percent
from funnel.state.leads.paths import HERE, Visits
from funnel.state.leaks.comparisons import FEWEST, Comparison, RateGap
from funnel.state.leaks.windows import Windows
from funnel.state.money.deals import win_incidence_of
from funnel.state.period import View
from funnel.state.stages import (
    has_unknown_length,
    next_higher_us,
    onward_incidence,
    stay_incidence,
    win_incidence,
)
from funnel.survival import CumulativeIncidence, Durations, logrank_p_later
from history.base.arrays import Ints, Mask
from history.text.times import DAY_US


@dataclass(frozen=True)
class _StageWindow:
    """One stage in one window: conversion onward and to the win from the first entry, and stays of known length."""

    onward: CumulativeIncidence
    win: CumulativeIncidence
    stays: Visits


def stage_comparisons(windows: Windows) -> Iterator[Comparison]:
    """For each stage: fewer leads go on by a common age; leads stay longer."""
    visits = windows.now.visits
    higher_us = next_higher_us(visits)
    for place, name in enumerate(windows.now.paths.names, start=1):
        first = (visits.place == place) & ~visits.is_return
        now = _stage_window(windows.now, first, higher_us)
        before = _stage_window(windows.before, first, higher_us)
        if min(now.onward.entered, before.onward.entered) < FEWEST:
            continue
        yield _conversion(name, now, before, windows.days)
        yield _speed(name, now, before, windows.now)


def _stage_window(view: View, first: Mask, higher_us: Ints) -> _StageWindow:
    """first (m,) marks the stage's first visits."""
    rows = np.flatnonzero(first & view.period.holds(view.visits.begin_us))
    visits = view.visits.take(rows)
    return _StageWindow(
        onward=onward_incidence(view, visits, higher_us[rows]),
        win=win_incidence(view, visits),
        stays=visits.take(~has_unknown_length(view, visits)),
    )


def _conversion(name: str, now: _StageWindow, before: _StageWindow, days: float) -> Comparison:
    """A lead that goes on is worth the win rate of those that went on before."""
    worth = before.win.final / before.onward.final if before.onward.final else 0.0
    gap = RateGap(now.onward, before.onward, days, worth)
    sentence = (
        f"{format_percent(gap.rate_now)} of the leads that entered {name} went on within {days:.0f} days; "
        f"before, it was {format_percent(gap.rate_before)}"
    )
    return gap.comparison("conversion", name, sentence)


def _speed(name: str, now: _StageWindow, before: _StageWindow, view: View) -> Comparison:
    """Slower by the log-rank test; the cost is velocity's: the share that the delay adds to the cycle time."""
    stay_now = stay_incidence(now.stays)
    stay_before = stay_incidence(before.stays)
    median_now, median_before = stay_now.quantile(0.5), stay_before.quantile(0.5)
    delay = median_now - median_before
    cycle = win_incidence_of(view, view.lead).quantile_of_events(0.5)
    p, lost_wins = 1.0, 0.0
    # The delay sizes the leak, so a stage whose median did not rise is not tested.
    if math.isfinite(delay) and delay > 0 and math.isfinite(cycle):
        p = logrank_p_later(_durations(now.stays), _durations(before.stays))
        lost_wins = stay_now.entered * before.win.final * delay / (cycle + delay)
    return Comparison(
        kind="speed",
        subject=name,
        now=median_now,
        before=median_before,
        n_now=stay_now.entered,
        n_before=stay_before.entered,
        p=p,
        lost_wins=lost_wins,
        sentence=(
            f"leads stay {median_now:.1f} days in {name} (median); before, it was {median_before:.1f} days"
        ),
    )


def _durations(stays: Visits) -> Durations:
    days = (stays.end_us - stays.begin_us) / DAY_US
    return Durations(days, np.asarray(stays.exit != HERE))
