"""Simulated leads for the audit: what is known at their creation, the true chance, and what became of each by T."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US

START_US: Final = 1_600_000_000_000_000 // DAY_US * DAY_US
LAYOUTS: Final = ("flat", "flat with open leads", "dated", "history")
SIZES: Final = (600, 1500, 4000, 12_000)
MIN_WINS: Final = 45  # of a folder, expected
Texts = list[str | None]
Columns = dict[str, Texts]


@dataclass(frozen=True)
class Shape:
    """What a folder is like: its layout, leads, share of wins and days.

    flat: no closing times, every lead decided; flat with open leads: those of the last weeks and a few more are not;
    dated: closing times; history: stages and interactions too.
    """

    layout: str
    leads: int
    base_rate: float
    span_days: int
    cycle_days: float

    @property
    def has_times(self) -> bool:
        return self.layout in ("dated", "history")


@dataclass(frozen=True)
class LeadWorld:
    """n leads at T; arrays (n,).

    logit: the true log-odds of a win, given all that is known at creation. team: 0 to 3, who works on the lead.
    close_us: when it closes, for open leads after T. closed, won: as known at T. exported: in the folder; a flat
    export holds the decided leads whose planned day has come.
    """

    shape: Shape
    rng: np.random.Generator
    created_us: Ints
    as_of_us: int
    logit: Floats
    team: Ints
    plan_days: Floats
    will_win: Mask
    close_us: Ints
    closed: Mask
    exported: Mask

    def __len__(self) -> int:
        return len(self.logit)

    @property
    def won(self) -> Mask:
        return self.closed & self.will_win

    @property
    def lost(self) -> Mask:
        return self.closed & ~self.will_win

    def chance(self, p: float | Floats) -> Mask:
        """A random mask (n,) that is True with probability p."""
        return np.asarray(self.rng.random(len(self)) < p)


def shape_of(seed: int) -> Shape:
    """The shape of the folder of a seed: layouts and sizes take turns, the rest is drawn."""
    rng = np.random.default_rng([seed, 1])
    leads = SIZES[seed // len(LAYOUTS) % len(SIZES)]
    lowest = max(0.03, MIN_WINS / leads)
    return Shape(
        layout=LAYOUTS[seed % len(LAYOUTS)],
        leads=leads,
        base_rate=float(np.exp(rng.uniform(np.log(lowest), np.log(0.6)))),
        span_days=int(rng.choice([250, 500, 900])),
        cycle_days=float(rng.choice([15, 30, 60])),
    )


@dataclass(frozen=True)
class Traits:
    """What is known of n leads at creation: columns, the log-odds that they make (n,), the team and the plan.

    effects lack the intercept that gives the base rate. plan_days: from the creation to the planned closing.
    """

    columns: Columns
    effects: Floats
    team: Ints
    plan_days: Floats


def world_of(shape: Shape, traits: Traits, rng: np.random.Generator) -> LeadWorld:
    """Decides the leads. Wins keep to the plan within days, losses close when they do."""
    n = shape.leads
    created_us = START_US + np.sort(rng.integers(0, shape.span_days * 24, n)) * (DAY_US // 24)
    as_of_us = START_US + shape.span_days * DAY_US
    logit = traits.effects + _intercept(traits.effects, shape.base_rate)
    will_win = rng.random(n) < 1 / (1 + np.exp(-logit))
    won_days = traits.plan_days + rng.normal(0, rng.choice([1, 4, 10]), n)
    lost_days = rng.gamma(1.5, shape.cycle_days / 1.5, n) * rng.choice([0.6, 1.0, 1.6])
    days = np.maximum(np.where(will_win, won_days, lost_days), 0.2)
    close_us = created_us + (days * DAY_US).astype(np.int64)
    closed = close_us < as_of_us
    planned = created_us + (traits.plan_days * DAY_US).astype(np.int64) < as_of_us
    exported = closed & planned if shape.layout == "flat" else np.ones(n, dtype=np.bool_)
    return LeadWorld(
        shape,
        rng,
        created_us,
        as_of_us,
        logit,
        traits.team,
        traits.plan_days,
        will_win,
        close_us,
        closed,
        exported,
    )


def _intercept(effects: Floats, rate: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(-effects - middle))) < rate else (low, middle)
    return (low + high) / 2


def day_texts(us: Ints, known: Mask) -> Texts:
    """ISO days of times (n,), None where unknown."""
    texts = us.astype("M8[us]").astype("M8[D]").astype(str).tolist()
    return [text if is_known else None for text, is_known in zip(texts, known.tolist(), strict=True)]


def texts_of(values: object, known: Mask) -> Texts:
    """Texts of an array (n,), None where unknown."""
    texts = np.asarray(values).astype(str).tolist()
    return [text if is_known else None for text, is_known in zip(texts, known.tolist(), strict=True)]
