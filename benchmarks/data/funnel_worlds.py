"""Funnels whose chances are known, for the forecast: leads, decisions and amounts under shocks shared by a month.

A lead's decision comes after exponential times, so the chance of an open lead has a closed form and no model is
trained. The chances know the lead and the mean level of past wins, as a trained model does, and none of the shocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np

from funnel.forecast.components.open_leads import OpenLeads
from funnel.recording import known_leads
from history.base.arrays import Floats, Ints, Mask
from history.config.config import FunnelConfig
from history.history import (
    LOST,
    WON,
    History,
    Outcomes,
    empty_factor,
    no_changes,
    no_interactions,
    no_stages,
    offsets_of,
)
from history.snapshot import open_leads
from history.text.times import DAY_US
from models.bundle import Bundle
from models.figures.calibration import log_odds
from models.figures.close_time import CloseTime
from models.figures.kernel import sigmoid
from models.forecast_basis import ForecastBasis

START_US = 1_672_531_200_000_000  # 2023-01-01
MONTH_DAYS = 30.4375
LEVELS = np.linspace(0.0, 1.0, 65)
LEVEL_PRIOR = 25.0  # wins by which the level of the chances is shrunk to the true mean
SIZE_SD = 0.5  # of the known part of a log amount


@dataclass(frozen=True)
class Funnel:
    """A kind of world. shock, arrival_shock, amount_shock: standard deviations of monthly log levels of wins, of
    creations and of amounts; memory: their correlation from month to month. season: of the log creations. trend: of
    the log creations a year. cycle_days: mean days to a win, twice as long to a loss. amount_sd: of the log amount
    that is not known before. step: of the log level of wins from step_month on.
    """

    name: str
    leads: int = 10_000
    months: int = 24
    win_rate: float = 0.25
    cycle_days: float = 40.0
    horizon_days: int = 60
    shock: float = 0.0
    arrival_shock: float = 0.0
    amount_shock: float = 0.0
    memory: float = 0.0
    season: float = 0.0
    trend: float = 0.0
    amount_sd: float = 0.8
    step: float = 0.0
    step_month: int = 0


@dataclass(frozen=True)
class FixedModel:
    """What a forecast reads of a bundle."""

    config: FunnelConfig
    close_time: CloseTime
    forecast: ForecastBasis | None = None
    amount: object = field(default_factory=object)
    card: Mapping[str, object] = field(default_factory=dict)  # of a model that was trained on all leads
    version: str = "known"

    def as_bundle(self) -> Bundle:
        return cast(Bundle, self)


@dataclass(frozen=True)
class World:
    """n leads: their chance of a win ever (n,), the known mean of their amount (n,), and the history up to its end."""

    funnel: Funnel
    chance: Floats
    amount: Floats
    history: History

    @cached_property
    def close_time(self) -> CloseTime:
        """Exponential times within the horizon: the same for a lead of any age."""
        horizon = self.funnel.horizon_days
        rate = self._rates[0]
        days = -np.log1p(-LEVELS * -np.expm1(-rate * horizon)) / rate
        share = np.clip(days / horizon, 1e-4, 1 - 1e-4)
        return CloseTime(None, 0.0, LEVELS, np.zeros(1), log_odds(share)[None], horizon)

    @property
    def _rates(self) -> tuple[float, float]:
        """Wins and losses a day of leads that will be won, and lost."""
        return 1 / self.funnel.cycle_days, 0.5 / self.funnel.cycle_days

    def chances(self, lead: Ints, at_us: int) -> Floats:
        """Chance (k,) of a win within the horizon of leads open at the instant, at the mean level."""
        win, lose = self._rates
        age = (at_us - self.history.created_us[lead]) / DAY_US
        to_win = self.chance[lead] * np.exp(-win * age)
        to_lose = (1 - self.chance[lead]) * np.exp(-lose * age)
        return np.asarray(to_win / (to_win + to_lose) * -np.expm1(-win * self.funnel.horizon_days))

    def open_leads(self, at_us: int) -> OpenLeads:
        """The leads open at the instant, with chances and amounts at the level of the wins known then."""
        lead = open_leads(self.history, at_us).lead
        logit = log_odds(np.clip(self.chances(lead, at_us) * self._win_level(at_us), 1e-6, 1 - 1e-6))
        n = len(lead)
        return OpenLeads(
            lead=lead,
            age_days=(at_us - self.history.created_us[lead]) / DAY_US,
            probability=sigmoid(logit),
            place=np.zeros(n),
            amount=self.amount[lead] * self._amount_level(at_us),
            baseline=np.full(n, self.funnel.win_rate),
            stage=[None] * n,
        )

    def _win_level(self, at_us: int) -> float:
        """Wins over expected wins of the last matured instants, shrunk to 1."""
        horizon = self.funnel.horizon_days
        won = expected = 0.0
        for back in range(horizon, horizon + 183, 14):
            then = at_us - back * DAY_US
            lead = open_leads(self.history, then).lead
            expected += float(self.chances(lead, then).sum())
            won += float(self._won_between(then, then + horizon * DAY_US)[lead].sum())
        return (won + LEVEL_PRIOR) / (expected + LEVEL_PRIOR)

    def _amount_level(self, at_us: int) -> float:
        won = self._won_between(0, at_us)
        known = known_leads(self.history, at_us)
        total = float(np.nansum(known.amount[known.won]))
        mean = self.amount[won]
        typical = float(self.amount.mean()) * LEVEL_PRIOR
        return (total + typical) / (float(mean.sum()) + typical)

    def _won_between(self, after_us: int, until_us: int) -> Mask:
        """Whether each lead (n,) was won in (after, until]."""
        outcomes = self.history.outcomes
        inside = (outcomes.state == WON) & (outcomes.time_us > after_us) & (outcomes.time_us <= until_us)
        won = np.zeros(len(self.chance), dtype=np.bool_)
        won[outcomes.lead[inside]] = True
        return won


def make_world(funnel: Funnel, seed: int) -> World:
    """One world; equal arguments, equal worlds."""
    random = np.random.default_rng((seed, *funnel.name.encode()))
    created = _creations(funnel, random)
    n = len(created)
    chance = sigmoid(float(log_odds(np.array([funnel.win_rate]))[0]) + 0.8 * random.standard_normal(n))
    is_winner = random.random(n) < chance
    days = np.where(is_winner, 1.0, 2.0) * funnel.cycle_days * random.standard_exponential(n)
    decided = created + days
    end = funnel.months * MONTH_DAYS
    shocks = np.exp(_monthly(funnel.shock, funnel, random))
    shocks[funnel.step_month :] *= np.exp(funnel.step)
    # A month with few wins turns winners into losers, one with many losers of that day into winners.
    level = shocks[np.minimum(decided / MONTH_DAYS, funnel.months).astype(np.int64)]
    turned = random.random(n)
    odds = chance * (1 / funnel.cycle_days) / ((1 - chance) * (0.5 / funnel.cycle_days))
    won = np.where(is_winner, turned < level, turned < (level - 1) * np.minimum(odds, 1.0))

    known_size = SIZE_SD * random.standard_normal(n)
    amount = 1000 * np.exp(known_size + funnel.amount_sd**2 / 2)
    noise = funnel.amount_sd * random.standard_normal(n) - funnel.amount_sd**2 / 2
    price = np.exp(_monthly(funnel.amount_shock, funnel, random))
    month = np.minimum(decided / MONTH_DAYS, funnel.months).astype(np.int64)
    paid = amount * np.exp(noise) * price[month]
    return World(funnel, chance, amount, _history(funnel, created, decided, np.where(won, paid, np.nan), end))


def _monthly(deviation: float, funnel: Funnel, random: np.random.Generator) -> Floats:
    """Log levels of the months (months + 1,), autoregressive, of mean 1 once exponentiated."""
    noise = random.standard_normal(funnel.months + 1)
    level = noise.copy()
    for month in range(1, len(level)):
        level[month] = funnel.memory * level[month - 1] + np.sqrt(1 - funnel.memory**2) * noise[month]
    return np.asarray(deviation * level - deviation**2 / 2)


def _creations(funnel: Funnel, random: np.random.Generator) -> Floats:
    """Days of creation since the start, sorted."""
    day = np.arange(int(funnel.months * MONTH_DAYS))
    month = (day / MONTH_DAYS).astype(np.int64)
    year = day / 365.25
    phase = random.random() * 2 * np.pi
    level = funnel.trend * year + funnel.season * np.cos(2 * np.pi * year + phase)
    level = level + _monthly(funnel.arrival_shock, funnel, random)[month]
    rate = np.exp(level) * np.array([1.0, 1.1, 1.1, 1.1, 1.0, 0.4, 0.3])[day % 7]
    count = random.poisson(funnel.leads * rate / rate.sum())
    return np.sort(np.repeat(day, count) + random.random(int(count.sum())))


def _history(funnel: Funnel, created: Floats, decided: Floats, paid: Floats, end: float) -> History:
    """The history up to `end` days: leads (n,) with their decision and the amount of the won, NaN for the lost."""
    n = len(created)
    lead = np.flatnonzero(decided <= end)
    closed_us = START_US + (decided[lead] * DAY_US).astype(np.int64)
    outcomes = Outcomes(
        offsets_of(lead, n),
        closed_us,
        closed_us,
        np.where(np.isnan(paid[lead]), LOST, WON).astype(np.int8),
        paid[lead],
        empty_factor(len(lead)),
        np.zeros(len(lead), dtype=np.bool_),
    )
    return History(
        config=FunnelConfig(horizon_days=funnel.horizon_days),
        as_of_us=START_US + int(end * DAY_US),
        lead_ids=range(n),  # type: ignore[arg-type]
        created_us=START_US + (created * DAY_US).astype(np.int64),
        attributes={},
        interactions=no_interactions(n),
        stages=no_stages(n),
        outcomes=outcomes,
        changes=no_changes(n),
    )
