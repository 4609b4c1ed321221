"""Learns stage medians, kinds and channels; each lead is read at its own latest training instant."""

from collections.abc import Sequence

import numpy as np

from features.interactions import InteractionVocabulary
from features.stages import NEVER
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, NO_DIRECTION, Factor, History
from history.snapshot import Snapshot

KEPT_KINDS = 30
KEPT_CHANNELS = 10
LEAST_ROWS = 20  # of a kind or channel with columns of its own
LEAST_STAYS = 5  # of a stage with a median


def latest_instants(snapshot: Snapshot) -> Ints:
    """Latest instant of each lead among the rows (leads,), NEVER for leads without a row."""
    latest = np.full(len(snapshot.history), NEVER, dtype=np.int64)
    np.maximum.at(latest, snapshot.lead, snapshot.as_of_us)
    return latest


def _visible(offsets: Ints, known: Ints, latest: Ints) -> tuple[Mask, Ints]:
    """Mask of the rows of a log that training may read, and the lead of each row."""
    owner = np.repeat(np.arange(len(latest)), np.diff(offsets))
    return known <= latest[owner], owner


def learn_interaction_vocabulary(history: History, latest: Ints) -> InteractionVocabulary:
    """The kinds and channels frequent enough for columns of their own, and the optional fields present."""
    log = history.interactions
    rows, _ = _visible(log.offsets, log.known_us, latest)
    if not rows.any():
        return InteractionVocabulary()
    kinds, pools_kinds = _frequent(log.kind.take(rows), KEPT_KINDS)
    channels, pools_channels = _frequent(log.channel.take(rows), KEPT_CHANNELS)
    return InteractionVocabulary(
        kinds,
        channels,
        pools_kinds,
        pools_channels,
        directions=bool((log.direction[rows] != NO_DIRECTION).any()),
        values=bool((~np.isnan(log.value[rows])).any()),
        any=True,
        echoes=_echoes(log.kind.take(rows), log.channel.take(rows), kinds, channels),
    )


def _echoes(kind: Factor, channel: Factor, kinds: Sequence[str], channels: Sequence[str]) -> tuple[str, ...]:
    """The kept channels that hold all rows of one kept kind and no other row."""
    width = len(kind.values) + 1
    pairs = np.unique((channel.codes + 1).astype(np.int64) * width + kind.codes + 1)
    of_channel, of_kind = pairs // width - 1, pairs % width - 1
    alone = (np.bincount(of_channel + 1)[of_channel + 1] == 1) & (np.bincount(of_kind + 1)[of_kind + 1] == 1)
    both = zip(of_channel[alone].tolist(), of_kind[alone].tolist(), strict=True)
    echoes = {channel.values[c] for c, k in both if c >= 0 and k >= 0 and kind.values[k] in kinds}
    return tuple(name for name in channels if name in echoes)


def _frequent(factor: Factor, most: int) -> tuple[tuple[str, ...], bool]:
    """The texts with at least LEAST_ROWS rows, most frequent first; True if others were left out."""
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.values))
    ranked = sorted((-n, text) for n, text in zip(counts.tolist(), factor.values, strict=True) if n)
    kept = tuple(text for n, text in ranked[:most] if -n >= LEAST_ROWS)
    return kept, len(kept) < len(ranked)


def learn_stage_medians(history: History, latest: Ints) -> tuple[float | None, ...]:
    """Median days of the stays in each stage that ended with a move to a later one; () without any stage entry."""
    log = history.stages
    rows, owner = _visible(log.offsets, log.known_us, latest)
    rows &= log.stage.codes >= 0
    if not rows.any() or not history.config.stages:
        return ()
    owner, codes, time = owner[rows], log.stage.codes[rows], log.time_us[rows]
    entered = np.ones(len(codes), dtype=np.bool_)
    entered[1:] = (codes[1:] != codes[:-1]) | (owner[1:] != owner[:-1])
    owner, codes, time = owner[entered], codes[entered], time[entered]
    order = {name: i for i, name in enumerate(history.config.stages)}
    beyond = len(order)
    position = np.array([order.get(name, beyond) for name in log.stage.values], dtype=np.int64)[codes]
    onward = (owner[1:] == owner[:-1]) & (position[1:] > position[:-1])
    days = (time[1:] - time[:-1])[onward] / DAY_US
    return _medians(days, position[:-1][onward], beyond)


def _medians(days: Floats, stage: Ints, n: int) -> tuple[float | None, ...]:
    groups: Sequence[Floats] = [days[stage == s] for s in range(n)]
    return tuple(float(np.median(group)) if len(group) >= LEAST_STAYS else None for group in groups)
