"""Interaction features: how much, how recently, in which rhythm, through which channel, and open replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from features.feature import Block, Feature, quoted, shortened, slugs
from features.interactions.kernel import (
    DISTINCT_CHANNELS,
    DISTINCT_KINDS,
    LAST_CHANNEL,
    LAST_KIND,
    LEAD_RESPONSE_MEAN,
    N_SINGLES,
    OUTBOUND_SINCE,
    RESPONSE_LAST,
    RESPONSE_MEAN,
    SHARE_INBOUND,
    UNANSWERED,
    VALUE_LAST,
    VALUE_MEAN,
    VALUE_SUM,
    VALUE_SUM_30D,
)
from history.base.arrays import Ints
from history.history import INBOUND, OUTBOUND
from history.text.folding import fold

BLOCK = Block("engagement")
WINDOWS_DAYS = (7, 30, 90)
HALF_LIVES_DAYS = (7, 30)

_GROUP_WIDTH = len(WINDOWS_DAYS) + 2  # a count a window, the count so far, days since the last

# Groups of every vocabulary: all interactions, and by direction if training saw directions.
_INBOUND_GROUP, _OUTBOUND_GROUP = 1, 2
_N_DIRECTIONS = 3  # codes of NO_DIRECTION, INBOUND, OUTBOUND

_NONE = "no interaction yet"

_DIRECTION_SINGLES = frozenset(
    (SHARE_INBOUND, RESPONSE_MEAN, RESPONSE_LAST, UNANSWERED, LEAD_RESPONSE_MEAN, OUTBOUND_SINCE)
)
_VALUE_SINGLES = frozenset((VALUE_SUM, VALUE_SUM_30D, VALUE_MEAN, VALUE_LAST))


@dataclass(frozen=True)
class InteractionVocabulary:
    """Kinds and channels with columns of their own (most frequent first), and the fields that interactions carry.

    pools_*: some kinds or channels are too rare and are counted together.
    echoes: channels in one-to-one correspondence with a kind; their counts would duplicate the kind's.
    """

    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    pools_kinds: bool = False
    pools_channels: bool = False
    directions: bool = False
    values: bool = False
    any: bool = False
    echoes: tuple[str, ...] = ()

    @property
    def counted_channels(self) -> tuple[str, ...]:
        """The channels that have counts of their own."""
        return tuple(channel for channel in self.channels if channel not in self.echoes)


def interaction_features(vocabulary: InteractionVocabulary) -> tuple[Feature, ...]:
    """The columns of the block in matrix order; () if training saw no interaction."""
    if not vocabulary.any:
        return ()
    columns: list[Feature] = []
    for group in _groups(vocabulary):
        columns += _group_features(group)
    singles = _single_features()
    columns += [singles[single] for single in _kept_singles(vocabulary)]
    return tuple(columns)


class _Group(NamedTuple):
    """Interactions counted together; qualifier follows the noun, as in "3 interactions through phone".

    sort: names the qualifier, for pages in other languages.
    """

    prefix: str
    qualifier: str = ""
    subject: str = ""
    sort: str = "any"


def _groups(vocabulary: InteractionVocabulary) -> list[_Group]:
    """The groups in the order of their numbers in `interaction_layout`."""
    groups = [_Group("interactions")]
    if vocabulary.directions:
        groups += [
            _Group("inbound", " from the lead", sort="inbound"),
            _Group("outbound", " from us", sort="outbound"),
        ]
    kinds, channels = vocabulary.kinds, vocabulary.counted_channels
    for name, kind in zip(slugs(kinds), kinds, strict=True):
        groups.append(_Group(f"kind_{name}", f" of kind {quoted(kind)}", kind, "kind"))
    if vocabulary.pools_kinds:
        groups.append(_Group("other_kinds", " of a rare kind", sort="other_kinds"))
    for name, channel in zip(slugs(channels), channels, strict=True):
        groups.append(_Group(f"channel_{name}", f" through {quoted(channel)}", channel, "channel"))
    if vocabulary.pools_channels:
        groups.append(_Group("other_channels", " through a rare channel", sort="other_channels"))
    return groups


def _group_features(group: _Group) -> list[Feature]:
    """The group's counts over each window and so far, and the days since its last interaction."""
    prefix, qualifier, subject, sort = group
    terms = {"of": sort, "name": shortened(subject)}
    columns = []
    for days in WINDOWS_DAYS:
        phrase = f"{{value}}{qualifier} in the last {days} days"
        window = BLOCK.number(f"{prefix}_{days}d", "interactions", phrase, subject=subject)
        columns.append(window.worded("in_window", **terms, days=days))
    so_far = f"{{value}}{qualifier} so far"
    count = BLOCK.number(f"{prefix}_count", "interactions", so_far, subject=subject)
    columns.append(count.worded("count_so_far", **terms))
    since = f"the last interaction{qualifier} {{value}} ago"
    none = f"no interaction{qualifier} so far"
    last = BLOCK.number(f"days_since_{prefix}", "days", since, missing=none, subject=subject)
    columns.append(last.worded("days_since", **terms))
    return columns


def _single_features() -> list[Feature]:
    """The single figures, in the order of the constants of features.interactions.kernel."""
    return [*_activity_features(), *_dialogue_features(), *_value_features(), *_context_features()]


def _activity_features() -> list[Feature]:
    number = BLOCK.number
    decay_7d = "recent activity worth {value} (halved every 7 days)"
    decay_30d = "activity worth {value} (halved every 30 days)"
    trend = "{value} in the last 7 days than in a usual week before"
    return [
        number("days_since_first_interaction", "days", "the first interaction {value} ago", missing=_NONE),
        number("activity_decay_7d", "touches", decay_7d, missing=_NONE),
        number("activity_decay_30d", "touches", decay_30d, missing=_NONE),
        number("activity_trend", "trend", trend, missing=_NONE),
        number("distinct_kinds", "kinds", "{value} of interaction so far", missing=_NONE),
        number("distinct_channels", "channels", "{value} used so far", missing=_NONE),
        number("active_days_30d", "active days", "{value} in the last 30", missing=_NONE),
    ]


def _dialogue_features() -> list[Feature]:
    number = BLOCK.number
    no_direction, no_gap = "no direction recorded", "no second interaction yet"
    no_reply, no_lead_reply = "no reply from us recorded", "no reply from the lead"
    unanswered, no_wait = "a message unanswered for {value}", "no message waiting for our reply"
    lead_reply = "the lead's average reply time of {value}"
    since_inbound = "{value} from us since the lead's last one"
    return [
        number("share_inbound", "share", "an inbound share of {value}", missing=no_direction),
        number("median_gap_days", "days", "a usual gap of {value} between interactions", missing=no_gap),
        number("longest_silence_days", "days", "a longest silence of {value}", missing=_NONE),
        number("response_hours_mean", "hours", "our average reply time of {value}", missing=no_reply),
        number("response_hours_last", "hours", "our latest reply time of {value}", missing=no_reply),
        number("unanswered_hours", "hours", unanswered, missing=no_wait),
        number("lead_response_hours_mean", "hours", lead_reply, missing=no_lead_reply),
        number("outbound_since_inbound", "interactions", since_inbound, missing=_NONE),
    ]


def _value_features() -> list[Feature]:
    number = BLOCK.number
    no_value = "no interaction with a value"
    recent_sum = "an interaction value of {value} in the last 30 days"
    return [
        number("value_sum", "amount", "a total interaction value of {value}", missing=_NONE),
        number("value_sum_30d", "amount", recent_sum, missing=_NONE),
        number("value_mean", "amount", "an average interaction value of {value}", missing=no_value),
        number("value_last", "amount", "the last recorded value of {value}", missing=no_value),
    ]


def _context_features() -> list[Feature]:
    number, category = BLOCK.number, BLOCK.category
    in_stage, no_stage = "{value} in the current stage", "no stage entered yet"
    before = "{value} before the lead was created"
    return [
        category("last_kind", "kind", "the last interaction of kind {value}", missing=_NONE),
        category("last_channel", "channel", "the last interaction through {value}", missing=_NONE),
        number("interactions_in_stage", "interactions", in_stage, missing=no_stage),
        number("interactions_before_creation", "interactions", before, missing=_NONE),
    ]


def _kept_singles(vocabulary: InteractionVocabulary) -> list[int]:
    """The single figures that training interactions have data for."""
    left_out: set[int] = set()
    if not vocabulary.directions:
        left_out |= _DIRECTION_SINGLES
    if not vocabulary.values:
        left_out |= _VALUE_SINGLES
    if not vocabulary.channels and not vocabulary.pools_channels:
        left_out |= {DISTINCT_CHANNELS, LAST_CHANNEL}
    if len(vocabulary.kinds) + vocabulary.pools_kinds <= 1:
        left_out |= {DISTINCT_KINDS, LAST_KIND}
    return [single for single in range(N_SINGLES) if single not in left_out]


@dataclass(frozen=True, eq=False)
class FactorNames:
    """Kinds or channels of a vocabulary: position and group of each name, and the group of all others (-1: none).

    spellings: name by folded name, for texts that are spelled otherwise.
    """

    positions: dict[str, int]
    groups: dict[str, int]
    pool: int
    spellings: dict[str, str]


def _names(names: Sequence[str], groups: dict[str, int], pool: int) -> FactorNames:
    spellings = {fold(name): name for name in reversed(names)}
    return FactorNames({name: i for i, name in enumerate(names)}, groups, pool, spellings)


@dataclass(frozen=True, eq=False)
class InteractionLayout:
    """The group of each kind, channel and direction, and the column of each single figure.

    direction_group (3,) is -1 for no group; single_columns (N_SINGLES,) count from the block's first column, -1 if left
    out.
    """

    n_groups: int
    kinds: FactorNames
    channels: FactorNames
    direction_group: Ints
    single_columns: Ints


def interaction_layout(vocabulary: InteractionVocabulary) -> InteractionLayout:
    """Numbers the groups in the order of `_groups` and places the single figures behind them."""
    kinds, channels, counted = vocabulary.kinds, vocabulary.channels, vocabulary.counted_channels
    first_kind = _OUTBOUND_GROUP + 1 if vocabulary.directions else 1
    first_channel = first_kind + len(kinds) + vocabulary.pools_kinds
    n_groups = first_channel + len(counted) + vocabulary.pools_channels

    direction_group = np.full(_N_DIRECTIONS, -1, dtype=np.int64)
    if vocabulary.directions:
        direction_group[INBOUND] = _INBOUND_GROUP
        direction_group[OUTBOUND] = _OUTBOUND_GROUP

    kept = _kept_singles(vocabulary)
    single_columns = np.full(N_SINGLES, -1, dtype=np.int64)
    single_columns[kept] = n_groups * _GROUP_WIDTH + np.arange(len(kept))

    kind_groups = {name: first_kind + i for i, name in enumerate(kinds)}
    channel_groups = dict.fromkeys(channels, -1)
    for i, name in enumerate(counted):
        channel_groups[name] = first_channel + i
    kind_pool = first_channel - 1 if vocabulary.pools_kinds else -1
    channel_pool = n_groups - 1 if vocabulary.pools_channels else -1
    return InteractionLayout(
        n_groups,
        _names(kinds, kind_groups, kind_pool),
        _names(channels, channel_groups, channel_pool),
        direction_group,
        single_columns,
    )
