"""Attribution of wins to channels: by first touch, by last touch, and by a Markov chain's removal effect."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from funnel.records import Record
from funnel.state.leads.paths import StagePaths
from history.base.arrays import Floats, Ints, Mask

MAX_CHANNELS = 100  # each one costs a linear system of this size


@dataclass(frozen=True)
class _ChannelTouches:
    """Touches (t,) with a channel, by lead and then time: lead, channel code, and whether the lead is won."""

    lead: Ints
    channel: Ints
    won: Mask

    @property
    def is_first(self) -> Mask:
        """Whether each touch is its lead's first."""
        return np.append(True, self.lead[1:] != self.lead[:-1])

    @property
    def is_last(self) -> Mask:
        return np.append(self.is_first[1:], True)


def attribution(paths: StagePaths, decided: Ints) -> list[Record]:
    """Wins and revenue of the decided leads by channel, three ways; each adds up to the touched wins.

    Touches are interactions with a channel up to the closing. Empty without channels or wins, or with more than
    MAX_CHANNELS channels.
    """
    channels = paths.history.interactions.channel.values
    touches = _channel_touches(paths, decided)
    k = len(channels)
    if not touches.won.any() or k > MAX_CHANNELS:
        return []
    first = np.flatnonzero(touches.is_first & touches.won)
    last = np.flatnonzero(touches.is_last & touches.won)
    by_first = _credited(touches.channel[first], paths.amount[touches.lead[first]], k)
    by_last = _credited(touches.channel[last], paths.amount[touches.lead[last]], k)
    removal = removal_effects(_transitions(touches, k))
    share = np.full(k, 1.0 / k)
    if removal.sum() > 0:
        # Removal effects do not add up to one: scaled, they share out the same wins as the other two ways.
        share = removal / removal.sum()

    records = []
    for c in np.argsort(-share, kind="stable").tolist():
        record = {
            "channel": channels[c],
            "wins_first": int(by_first.wins[c]),
            "wins_last": int(by_last.wins[c]),
            "wins_markov": float(share[c] * len(first)),
            "revenue_first": float(by_first.revenue[c]),
            "revenue_last": float(by_last.revenue[c]),
            "removal_effect": float(removal[c]),
        }
        records.append(record)
    return records


class _Credit(NamedTuple):
    """Wins and revenue by channel (k,)."""

    wins: Ints
    revenue: Floats


def _credited(channel: Ints, amount: Floats, k: int) -> _Credit:
    """Credits each win to one channel: channel, amount (w,)."""
    wins = np.bincount(channel, minlength=k)
    revenue: Floats = np.bincount(channel, weights=np.nan_to_num(amount), minlength=k).astype(np.float64)
    return _Credit(wins, revenue)


def _channel_touches(paths: StagePaths, decided: Ints) -> _ChannelTouches:
    log = paths.history.interactions
    is_decided = np.zeros(len(paths), dtype=np.bool_)
    is_decided[decided] = True
    lead = log.lead
    has_channel = log.channel.codes >= 0
    is_before_closing = log.time_us <= paths.closed_us[lead]
    rows = np.flatnonzero(is_decided[lead] & has_channel & is_before_closing)
    lead = lead[rows]
    return _ChannelTouches(lead, log.channel.codes[rows].astype(np.int64), paths.won[lead])


def _transitions(touches: _ChannelTouches, k: int) -> Floats:
    """Counts (k + 1, k + 2): from the start (row 0) or a channel, to a channel, the win (k) or the loss (k + 1)."""
    channel, is_last = touches.channel, touches.is_last
    rows, columns = k + 1, k + 2
    previous = np.append(0, channel[:-1])
    origin = np.where(touches.is_first, 0, previous + 1)
    between = np.bincount(origin * columns + channel, minlength=rows * columns)

    last_origin = channel[is_last] + 1
    end = np.where(touches.won[is_last], k, k + 1)
    ending = np.bincount(last_origin * columns + end, minlength=rows * columns)
    return (between + ending).reshape(rows, columns).astype(np.float64)


def removal_effects(transitions: Floats) -> Floats:
    """Share (k,), 0 to 1, of the win probability lost if a channel leads nowhere (Anderl et al. 2016).

    The journey is a first-order Markov chain from the start through channels to the win or the loss.
    """
    k = transitions.shape[1] - 2
    from_each = transitions.sum(axis=1, keepdims=True)
    share = transitions / np.maximum(from_each, 1.0)
    start, inner, win = share[0, :k], share[1:, :k], share[1:, k]
    whole = _win_probability(inner, win, start)
    effects = np.zeros(k)
    for c in range(k):
        keep = np.arange(k) != c
        without = _win_probability(inner[np.ix_(keep, keep)], win[keep], start[keep])
        effects[c] = 1.0 - without / whole if whole > 0 else 0.0
    return np.maximum(effects, 0.0)


def _win_probability(inner: Floats, win: Floats, start: Floats) -> float:
    """Absorption in the win: start (I - inner)^-1 win."""
    return float(start @ np.linalg.solve(np.eye(len(win)) - inner, win))
