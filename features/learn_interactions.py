"""Learns kinds, channels and usual days in stages: each training lead is read at its own latest training instant."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.interactions import InteractionVocabulary
from features.stages import NEVER
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, NO_DIRECTION, Factor, History
from history.snapshot import Snapshot

KEPT_KINDS = 30
KEPT_CHANNELS = 10
LEAST_ROWS = 20  # interactions of a kind or channel with columns of its own
LEAST_STAYS = 5  # stays in a stage, for a median


def latest_instants(snapshot: Snapshot) -> Ints:
    """Each lead's latest instant (leads,) among the rows, NEVER for leads that are not among them."""
    latest = np.full(len(snapshot.history), NEVER, dtype=np.int64)
    np.maximum.at(latest, snapshot.lead, snapshot.as_of_us)
    return latest


class _VisibleRows(NamedTuple):
    """Of the rows of a log (rows,): whether training may read each, and the lead that owns it."""

    mask: Mask
    lead: Ints


def _visible_rows(offsets: Ints, known_us: Ints, latest: Ints) -> _VisibleRows:
    lead = np.repeat(np.arange(len(latest)), np.diff(offsets))
    return _VisibleRows(known_us <= latest[lead], lead)


def learn_interactions(history: History, latest: Ints) -> InteractionVocabulary:
    """The kinds and channels frequent enough for columns of their own, and the fields that interactions carry."""
    log = history.interactions
    rows = _visible_rows(log.offsets, log.known_us, latest).mask
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
    with_rows = [(-n, text) for n, text in zip(counts.tolist(), factor.values, strict=True) if n]
    ranked = sorted(with_rows)
    texts = tuple(text for n, text in ranked[:most] if -n >= LEAST_ROWS)
    return _Frequent(texts, len(texts) < len(ranked))


def learn_stage_medians(history: History, latest: Ints) -> tuple[float | None, ...]:
    """Median days of the stays in each stage that ended with a move to a later one; () without any stage entry."""
    log = history.stages
    rows, lead = _visible_rows(log.offsets, log.known_us, latest)
    rows &= log.stage.codes >= 0
    stages = history.config.stages
    if not rows.any() or not stages:
        return ()
    lead, codes, time_us = lead[rows], log.stage.codes[rows], log.time_us[rows]

    # An entry into the current stage does not begin a stay.
    begins = np.ones(len(codes), dtype=np.bool_)
    begins[1:] = (codes[1:] != codes[:-1]) | (lead[1:] != lead[:-1])
    lead, codes, time_us = lead[begins], codes[begins], time_us[begins]

    order = {name: i for i, name in enumerate(stages)}
    place_of_code = [order.get(name, len(stages)) for name in log.stage.values]
    place = np.array(place_of_code, dtype=np.int64)[codes]
    went_on = (lead[1:] == lead[:-1]) & (place[1:] > place[:-1])
    days = (time_us[1:] - time_us[:-1])[went_on] / DAY_US
    return _medians(days, place[:-1][went_on], len(stages))


def _medians(days: Floats, stage: Ints, n_stages: int) -> tuple[float | None, ...]:
    """The median of the days (stays,) of each stage, None with fewer than LEAST_STAYS."""
    medians: list[float | None] = []
    for s in range(n_stages):
        stays = days[stage == s]
        medians.append(float(np.median(stays)) if len(stays) >= LEAST_STAYS else None)
    return tuple(medians)
