"""Leads with a known future, for the leakage audit: columns can be honest or written by the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.base.warnings import Warning
from history.config.config import FunnelConfig
from history.history import (
    LOST,
    WON,
    Factor,
    History,
    Outcomes,
    empty_factor,
    no_changes,
    no_interactions,
    no_stages,
)
from history.text.times import DAY_US
from training.audit.audit import audit

START_US = 1_600_000_000_000_000
SPAN_DAYS = 500
HORIZON_DAYS = 30
Texts = Sequence[str | None]


@dataclass(frozen=True)
class World:
    """n leads, what will become of each, and their history as known at T, without attributes."""

    history: History
    will_win: Mask
    will_close_us: Ints
    closed: Mask
    rng: np.random.Generator

    def __len__(self) -> int:
        return len(self.will_win)

    @property
    def created_us(self) -> Ints:
        return self.history.created_us

    @property
    def won(self) -> Mask:
        return self.closed & self.will_win

    @property
    def lost(self) -> Mask:
        return self.closed & ~self.will_win

    def chance(self, p: float | Floats = 0.5) -> Mask:
        """A random mask that is True with probability p."""
        return np.asarray(self.rng.random(len(self)) < p)

    def audit(self, **columns: Texts) -> dict[str, str]:
        """Codes of the findings by column."""
        attributes = {name: factor(texts) for name, texts in columns.items()}
        return codes(audit(replace(self.history, attributes=attributes)))

    def closing_at(self, closing_us: Ints) -> "World":
        """The same leads with other closing times (n,)."""
        closed = closing_us <= self.history.as_of_us
        history = replace(self.history, outcomes=outcomes_of(closing_us, closed, self.will_win))
        return replace(self, history=history, will_close_us=closing_us, closed=closed)


def world(n: int, seed: int, *, flat: bool = False) -> World:
    """Leads of 500 days, 30 % of which will win.

    flat: no closing times; every lead older than the horizon is decided, except a tenth that stays open.
    """
    rng = np.random.default_rng(seed)
    created_us = START_US + np.sort(rng.integers(0, SPAN_DAYS * 24, n)) * (DAY_US // 24)
    as_of_us = START_US + SPAN_DAYS * DAY_US
    closing_us = created_us + (1 + rng.exponential(40.0, n) * DAY_US).astype(np.int64)
    if flat:
        stays_open = rng.random(n) < 0.1
        closing_us = np.where(stays_open, as_of_us + 1, created_us + HORIZON_DAYS * DAY_US)
    will_win = rng.random(n) < 0.3
    closed = closing_us <= as_of_us
    history = History(
        FunnelConfig(horizon_days=HORIZON_DAYS),
        as_of_us,
        [f"L{i}" for i in range(n)],
        created_us,
        {},
        no_interactions(n),
        no_stages(n),
        outcomes_of(closing_us, closed, will_win, implied=flat),
        no_changes(n),
    )
    return World(history, will_win, closing_us, closed, rng)


def outcomes_of(closing_us: Ints, closed: Mask, will_win: Mask, *, implied: bool = False) -> Outcomes:
    """One outcome of each closed lead, without amount."""
    rows = np.flatnonzero(closed)
    return Outcomes(
        np.concatenate(([0], np.cumsum(closed))).astype(np.int64),
        closing_us[rows],
        closing_us[rows],
        np.where(will_win[rows], WON, LOST).astype(np.int8),
        np.full(len(rows), np.nan),
        empty_factor(len(rows)),
        np.full(len(rows), implied),
    )


def codes(findings: Sequence[Warning]) -> dict[str, str]:
    return {finding.subject: finding.code for finding in findings}


def factor(texts: Texts) -> Factor:
    values = sorted({text for text in texts if text is not None})
    place = {text: i for i, text in enumerate(values)}
    return Factor(np.array([-1 if text is None else place[text] for text in texts], dtype=np.int32), values)


def either(mask: Mask, yes: str | None, no: str | None) -> list[str | None]:
    """`yes` if the mask is True, else `no`."""
    return [yes if is_true else no for is_true in mask.tolist()]


def only(mask: Mask, texts: Texts) -> list[str | None]:
    """The texts of leads in the mask, None for others."""
    return [text if is_in else None for text, is_in in zip(texts, mask.tolist(), strict=True)]


def days(times_us: Ints) -> list[str]:
    """ISO dates of times (n,)."""
    return [str(day) for day in times_us.astype("M8[us]").astype("M8[D]")]
