"""Learns the kinds and channels with columns of their own, and the fields that interactions carry."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.instants import visible_rows
from features.interactions.interactions import InteractionVocabulary
from history.base.arrays import Ints
from history.history import NO_DIRECTION, Factor, History

KEPT_KINDS = 30
KEPT_CHANNELS = 10
LEAST_ROWS = 20  # interactions of a kind or channel with columns of its own


def learn_interactions(history: History, latest: Ints) -> InteractionVocabulary:
    """The kinds and channels frequent enough for columns of their own, and the fields that interactions carry."""
    log = history.interactions
    rows = visible_rows(log.offsets, log.known_us, latest).mask
    if not rows.any():
        return InteractionVocabulary()
    kind, channel = log.kind.take(rows), log.channel.take(rows)
    kinds = _frequent(kind, KEPT_KINDS)
    channels = _frequent(channel, KEPT_CHANNELS)
    return InteractionVocabulary(
        kinds=kinds.texts,
        channels=channels.texts,
        pools_kinds=kinds.has_others,
        pools_channels=channels.has_others,
        directions=bool((log.direction[rows] != NO_DIRECTION).any()),
        values=bool((~np.isnan(log.value[rows])).any()),
        any=True,
        echoes=_echoes(kind, channel, kinds.texts, channels.texts),
    )


def _echoes(kind: Factor, channel: Factor, kinds: Sequence[str], channels: Sequence[str]) -> tuple[str, ...]:
    """The channels kept that hold all rows of one kept kind and no other row."""
    # One number a pair of channel and kind, both shifted by one so that a missing text is 0.
    width = len(kind.values) + 1
    pairs = np.unique((channel.codes + 1).astype(np.int64) * width + kind.codes + 1)
    of_channel, of_kind = pairs // width, pairs % width
    has_one_kind = np.bincount(of_channel)[of_channel] == 1
    has_one_channel = np.bincount(of_kind)[of_kind] == 1
    is_one_to_one = has_one_kind & has_one_channel & (of_channel > 0) & (of_kind > 0)
    echoes = set()
    for c, k in zip(of_channel[is_one_to_one].tolist(), of_kind[is_one_to_one].tolist(), strict=True):
        if kind.values[k - 1] in kinds:
            echoes.add(channel.values[c - 1])
    return tuple(name for name in channels if name in echoes)


class _Frequent(NamedTuple):
    """The frequent texts of a factor, most frequent first, and whether it has others."""

    texts: tuple[str, ...]
    has_others: bool


def _frequent(factor: Factor, most: int) -> _Frequent:
    """At most `most` texts with at least LEAST_ROWS rows each."""
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.values))
    with_rows = [
        (-n, text.casefold(), text) for n, text in zip(counts.tolist(), factor.values, strict=True) if n
    ]
    ranked = sorted(with_rows)
    texts = tuple(text for n, _, text in ranked[:most] if -n >= LEAST_ROWS)
    return _Frequent(texts, len(texts) < len(ranked))
