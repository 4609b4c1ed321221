"""Whose win it was: wins by channel of the first touch, of the last touch,
and by what a channel's absence would cost.
"""

import numpy as np

from funnel.state.paths import Paths
from funnel.state.period import Record
from history.arrays import Floats, Ints, Mask
from history.history import WON

MOST_CHANNELS = 100


def attribution(paths: Paths, decided: Ints) -> list[Record]:
    """Wins and revenue of the decided leads by channel, three ways, each of which adds up to the wins that
    were touched.

    Touches are interactions with a channel up to the closing. Empty without channels or wins, or with too
    many channels.
    """
    channels = paths.history.interactions.channel.values
    lead, code = _touches(paths, decided)
    won = paths.state[lead] == WON
    if not won.any() or len(channels) > MOST_CHANNELS:
        return []
    k = len(channels)
    first = np.flatnonzero(np.append(True, lead[1:] != lead[:-1]))
    last = np.append(first[1:], len(lead)) - 1
    amount = np.nan_to_num(paths.amount)
    heads, tails = first[won[first]], last[won[last]]
    removal = removal_effects(_moves(lead, code, won, k))
    wins = len(heads)
    share = removal / removal.sum() if removal.sum() > 0 else np.full(k, 1.0 / k)
    by_first, by_last = (np.bincount(code[rows], minlength=k) for rows in (heads, tails))
    money_first, money_last = (
        np.bincount(code[rows], weights=amount[lead[rows]], minlength=k) for rows in (heads, tails)
    )
    return [
        {
            "channel": channels[c],
            "wins_first": int(by_first[c]),
            "wins_last": int(by_last[c]),
            "wins_markov": float(share[c] * wins),
            "revenue_first": float(money_first[c]),
            "revenue_last": float(money_last[c]),
            "removal_effect": float(removal[c]),
        }
        for c in np.argsort(-share, kind="stable").tolist()
    ]


def _touches(paths: Paths, decided: Ints) -> tuple[Ints, Ints]:
    log = paths.history.interactions
    mine = np.zeros(len(paths), dtype=np.bool_)
    mine[decided] = True
    lead = np.repeat(np.arange(len(paths), dtype=np.int64), np.diff(log.offsets))
    rows = np.flatnonzero(mine[lead] & (log.channel.codes >= 0) & (log.time_us <= paths.closed_us[lead]))
    return lead[rows], log.channel.codes[rows].astype(np.int64)


def _moves(lead: Ints, code: Ints, won: Mask, k: int) -> Floats:
    """Counts (k + 1, k + 2): from the start (row 0) or a channel, to each channel, the win (k) or the loss (k + 1)."""
    starts = np.append(True, lead[1:] != lead[:-1])
    ends = np.append(starts[1:], True)
    come = np.where(starts, 0, np.append(0, code[:-1]) + 1)
    inner = np.bincount(come * (k + 2) + code, minlength=(k + 1) * (k + 2))
    out = np.bincount((code[ends] + 1) * (k + 2) + np.where(won[ends], k, k + 1), minlength=(k + 1) * (k + 2))
    return (inner + out).reshape(k + 1, k + 2).astype(np.float64)


def removal_effects(moves: Floats) -> Floats:
    """How much of the chance of a win is lost when a channel leads nowhere (Anderl et al. 2016): (k,), 0 to 1.

    The journey is a Markov chain of order one from the start through channels to the win or the loss.
    """
    k = moves.shape[1] - 2
    share = moves / np.maximum(moves.sum(axis=1, keepdims=True), 1.0)
    whole = _chance(share[1:, :k], share[1:, k], share[0, :k])
    effects = np.zeros(k)
    for c in range(k):
        keep = np.arange(k) != c
        without = _chance(share[1:, :k][np.ix_(keep, keep)], share[1:, k][keep], share[0, :k][keep])
        effects[c] = 1.0 - without / whole if whole > 0 else 0.0
    return np.maximum(effects, 0.0)


def _chance(inner: Floats, win: Floats, start: Floats) -> float:
    """The chance to end in the win: start (I - inner)^-1 win."""
    return float(start @ np.linalg.solve(np.eye(len(win)) - inner, win))
