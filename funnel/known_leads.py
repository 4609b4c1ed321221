"""The leads known at an instant: their ages, states and amounts."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from history.base.arrays import Flags, Floats, Ints, Mask
from history.history import OPEN, WON
from history.outcomes.settled import MOSTLY


class Recording(NamedTuple):
    """The instant of the first win that counts as recorded, the wins before it, and those that were to be expected."""

    from_us: int
    wins_before: int
    expected_before: float


@dataclass(frozen=True)
class KnownLeads:
    """The n leads known at as_of_us, columns (n,).

    lead: position in the history. end_us: closing time of a decided lead, as_of_us of an open one. amount: of
    the win, NaN if unknown or not won. undated: decided leads whose closing time is only implied, None without any.
    recording: since when wins are recorded, None for the whole history.
    """

    as_of_us: int
    lead: Ints
    created_us: Ints
    end_us: Ints
    state: Flags
    amount: Floats
    undated: Mask | None = None
    recording: Recording | None = None

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: Ints | Mask) -> "KnownLeads":
        """The leads at `index`."""
        return KnownLeads(
            self.as_of_us,
            self.lead[index],
            self.created_us[index],
            self.end_us[index],
            self.state[index],
            self.amount[index],
            None if self.undated is None else self.undated[index],
            self.recording,
        )

    def as_at(self, at_us: int) -> "KnownLeads":
        """The leads by their dates up to an earlier instant: a decision counts at its own time, the last one alone."""
        then = self.take(self.created_us <= at_us)
        decided = then.end_us <= at_us
        return replace(
            then,
            as_of_us=at_us,
            end_us=np.minimum(then.end_us, at_us),
            state=np.where(decided, then.state, OPEN).astype(np.int8),
            amount=np.where(decided, then.amount, np.nan),
        )

    @property
    def recorded_from_us(self) -> int | None:
        """The instant from which wins are recorded, None for the whole history."""
        return None if self.recording is None else self.recording.from_us

    @property
    def won(self) -> Mask:
        """Whether each lead is won (n,)."""
        return np.asarray(self.state == WON)

    @property
    def has_timing(self) -> bool:
        """False if most decided leads have no closing time of their own: when leads are won is unknown."""
        return self.undated is None or bool(self.undated.sum() <= MOSTLY * (self.state != OPEN).sum())

    @property
    def undated_share(self) -> str:
        """How many decided leads have no closing time, in words."""
        undated = 0 if self.undated is None else int(self.undated.sum())
        return f"{undated:,} of {int((self.state != OPEN).sum()):,} decided leads have no closing time"

    @property
    def first_win_us(self) -> int | None:
        """Closing time of the first win; None without any."""
        closed_us = self.end_us[self.won]
        return int(closed_us.min()) if len(closed_us) else None

    def is_won_between(self, start_us: int, end_us: int) -> Mask:
        """Whether each lead was won in [start_us, end_us), (n,)."""
        return np.asarray(self.won & (self.end_us >= start_us) & (self.end_us < end_us))

    def won_between(self, start_us: int, end_us: int) -> "WinTotals":
        """Wins closed in [start_us, end_us), and the sum of their known amounts."""
        inside = self.is_won_between(start_us, end_us)
        return WinTotals(int(inside.sum()), float(np.nansum(self.amount[inside])))


class WinTotals(NamedTuple):
    """Wins, and the sum of their known amounts."""

    wins: int
    revenue: float
