"""Interaction features: counts, recency, rhythm, kinds, channels and response times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from features.feature import Feature, feature, quoted, slugs
from features.interaction_kernel import (
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
    interaction_rows,
)
from features.rows import Rows
from history.arrays import Ints
from history.history import DAY_US, INBOUND, OUTBOUND, History

BLOCK = "engagement"
WINDOWS_DAYS = (7, 30, 90)
HALF_LIVES_DAYS = (7, 30)
OTHER = "other"

_WINDOWS = np.array([d * DAY_US for d in WINDOWS_DAYS], dtype=np.int64)
_HALF_LIVES = np.array([d * DAY_US for d in HALF_LIVES_DAYS], dtype=np.int64)
_WIDTH = len(WINDOWS_DAYS) + 2


@dataclass(frozen=True)
class InteractionVocabulary:
    """Kinds and channels of the training interactions (most frequent first), and the optional fields they have.

    pools_kinds, pools_channels: others were too rare and are counted together as `other`. directions, values, any:
    training saw a direction, a value, an interaction at all. echoes: channels in one-to-one correspondence with a
    kind; their counts would duplicate the kind's.
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
        """The channels with counts of their own."""
        return tuple(channel for channel in self.channels if channel not in self.echoes)


class _Group(NamedTuple):
    """Interactions that are counted together: prefix of the column names, and what follows their number in words."""

    prefix: str
    which: str = ""  # " from the lead", " of kind call"
    subject: str = ""


def features(vocabulary: InteractionVocabulary) -> tuple[Feature, ...]:
    """The columns of the block, in the order written by `fill`; none if training saw no interaction."""
    if not vocabulary.any:
        return ()
    columns: list[Feature] = []
    for group in _groups(vocabulary):
        columns += _group_features(group)
    singles = _singles()
    return (*columns, *(singles[s] for s in _singles_kept(vocabulary)))


def _groups(vocabulary: InteractionVocabulary) -> list[_Group]:
    groups = [_Group("interactions")]
    if vocabulary.directions:
        groups += [_Group("inbound", " from the lead"), _Group("outbound", " from us")]
    kinds, channels = vocabulary.kinds, vocabulary.counted_channels
    for name, kind in zip(slugs(kinds), kinds, strict=True):
        groups.append(_Group(f"kind_{name}", f" of kind {quoted(kind)}", kind))
    if vocabulary.pools_kinds:
        groups.append(_Group("other_kinds", " of a rare kind"))
    for name, channel in zip(slugs(channels), channels, strict=True):
        groups.append(_Group(f"channel_{name}", f" through {quoted(channel)}", channel))
    if vocabulary.pools_channels:
        groups.append(_Group("other_channels", " through a rare channel"))
    return groups


def _group_features(group: _Group) -> list[Feature]:
    """The columns of one group: a count in each window, the count so far, and days since the last one."""
    prefix, which, subject = group
    columns = []
    for days in WINDOWS_DAYS:
        phrase = f"{{value}}{which} in the last {days} days"
        columns.append(feature(f"{prefix}_{days}d", "interactions", phrase, BLOCK, subject=subject))
    so_far = f"{{value}}{which} so far"
    columns.append(feature(f"{prefix}_count", "interactions", so_far, BLOCK, subject=subject))
    last, none = f"the last interaction{which} {{value}} ago", f"no interaction{which} so far"
    columns.append(feature(f"days_since_{prefix}", "days", last, BLOCK, missing=none, subject=subject))
    return columns


def _singles() -> list[Feature]:
    """The columns that exist once, in the order of the constants of features.interaction_kernel."""
    none = "no interaction yet"
    rows: list[tuple[str, str, str, str]] = [
        ("days_since_first_interaction", "days", "the first interaction {value} ago", none),
        ("activity_decay_7d", "touches", "recent activity worth {value} (halved every 7 days)", none),
        ("activity_decay_30d", "touches", "activity worth {value} (halved every 30 days)", none),
        ("activity_trend", "trend", "{value} in the last 7 days than in a usual week before", none),
        ("distinct_kinds", "kinds", "{value} of interaction so far", none),
        ("distinct_channels", "channels", "{value} used so far", none),
        ("active_days_30d", "active days", "{value} in the last 30", none),
        ("share_inbound", "share", "an inbound share of {value}", "no direction recorded"),
        ("median_gap_days", "days", "a usual gap of {value} between interactions", "no second interaction yet"),
        ("longest_silence_days", "days", "a longest silence of {value}", none),
        ("response_hours_mean", "hours", "our average reply time of {value}", "no reply from us recorded"),
        ("response_hours_last", "hours", "our latest reply time of {value}", "no reply from us recorded"),
        ("unanswered_hours", "hours", "a message unanswered for {value}", "no message waiting for our reply"),
        ("lead_response_hours_mean", "hours", "the lead's average reply time of {value}", "no reply from the lead"),
        ("outbound_since_inbound", "interactions", "{value} from us since the lead's last one", none),
        ("value_sum", "amount", "a total interaction value of {value}", none),
        ("value_sum_30d", "amount", "an interaction value of {value} in the last 30 days", none),
        ("value_mean", "amount", "an average interaction value of {value}", "no interaction with a value"),
        ("value_last", "amount", "the last recorded value of {value}", "no interaction with a value"),
        ("last_kind", "kind", "the last interaction of kind {value}", none),
        ("last_channel", "channel", "the last interaction through {value}", none),
        ("interactions_in_stage", "interactions", "{value} in the current stage", "no stage entered yet"),
        ("interactions_before_creation", "interactions", "{value} before the lead was created", none),
    ]  # fmt: skip
    categories = ("last_kind", "last_channel")
    return [
        feature(n, u, p, BLOCK, missing=m, kind="category" if n in categories else "number")
        for n, u, p, m in rows
    ]


def _singles_kept(vocabulary: InteractionVocabulary) -> list[int]:
    of_direction = {
        SHARE_INBOUND,
        RESPONSE_MEAN,
        RESPONSE_LAST,
        UNANSWERED,
        LEAD_RESPONSE_MEAN,
        OUTBOUND_SINCE,
    }
    left_out: set[int] = set()
    if not vocabulary.directions:
        left_out |= of_direction
    if not vocabulary.values:
        left_out |= {VALUE_SUM, VALUE_SUM_30D, VALUE_MEAN, VALUE_LAST}
    if not (vocabulary.channels or vocabulary.pools_channels):
        left_out |= {DISTINCT_CHANNELS, LAST_CHANNEL}
    if len(vocabulary.kinds) + vocabulary.pools_kinds <= 1:
        left_out |= {DISTINCT_KINDS, LAST_KIND}
    return [single for single in range(N_SINGLES) if single not in left_out]


@dataclass(frozen=True)
class InteractionNames:
    """How the kinds, or the channels, of the vocabulary are coded and grouped.

    position: of each kept name; group: of each kept name, -1 if it has no group of its own; pool: group of all others,
    -1 for none.
    """

    position: dict[str, int]
    group: dict[str, int]
    pool: int


@dataclass(frozen=True)
class InteractionLayout:
    """Where each group and single column goes, from the block's first column."""

    n_groups: int
    kinds: InteractionNames
    channels: InteractionNames
    direction_group: Ints  # (3,) by direction, -1 for none
    columns: Ints  # (N_SINGLES,) from the block's first column, -1 if left out


def layout(vocabulary: InteractionVocabulary) -> InteractionLayout:
    """The layout of the block's columns, as `features` lists them."""
    first_kind = 3 if vocabulary.directions else 1
    first_channel = first_kind + len(vocabulary.kinds) + vocabulary.pools_kinds
    counted = vocabulary.counted_channels
    n_groups = first_channel + len(counted) + vocabulary.pools_channels

    direction_group = np.full(3, -1, dtype=np.int64)
    if vocabulary.directions:
        direction_group[[INBOUND, OUTBOUND]] = 1, 2

    kind_group = {name: first_kind + i for i, name in enumerate(vocabulary.kinds)}
    channel_group = dict.fromkeys(vocabulary.channels, -1)
    channel_group |= {name: first_channel + i for i, name in enumerate(counted)}
    kind_pool = first_channel - 1 if vocabulary.pools_kinds else -1
    channel_pool = n_groups - 1 if vocabulary.pools_channels else -1

    columns = np.full(N_SINGLES, -1, dtype=np.int64)
    kept = _singles_kept(vocabulary)
    columns[kept] = n_groups * _WIDTH + np.arange(len(kept))
    return InteractionLayout(
        n_groups,
        InteractionNames(_positions(vocabulary.kinds), kind_group, kind_pool),
        InteractionNames(_positions(vocabulary.channels), channel_group, channel_pool),
        direction_group,
        columns,
    )


def _positions(names: Sequence[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


@dataclass(frozen=True)
class PreparedInteractions:
    """The layout, and the group and category code of each kind and channel of one history, missing last."""

    layout: InteractionLayout
    kind_group: Ints
    kind_code: Ints
    channel_group: Ints
    channel_code: Ints


def prepare(history: History, layout: InteractionLayout) -> PreparedInteractions:
    """Looks up every kind and channel of a history once."""
    log = history.interactions
    kinds, channels = log.kind.values, log.channel.values
    return PreparedInteractions(
        layout,
        _group_codes(kinds, layout.kinds),
        _category_codes(kinds, layout.kinds),
        _group_codes(channels, layout.channels),
        _category_codes(channels, layout.channels),
    )


def _group_codes(names: Sequence[str], known: InteractionNames) -> Ints:
    codes = [known.group.get(name, known.pool) for name in names]
    return np.array([*codes, -1], dtype=np.int64)


def _category_codes(names: Sequence[str], known: InteractionNames) -> Ints:
    """From 2 for kept names, 1 for others, 0 for a missing one."""
    codes = [known.position.get(name, -1) + 2 for name in names]
    return np.array([*codes, 0], dtype=np.int64)


def fill(rows: Rows, at: int, history: History, stage_since_us: Ints, prepared: PreparedInteractions) -> None:
    """Writes the block from column `at`; stage_since_us (n,) is the entry into the current stage, or NEVER."""
    layout, log = prepared.layout, history.interactions
    columns = np.where(layout.columns < 0, -1, layout.columns + at)
    interaction_rows(
        rows.out, at, layout.n_groups, rows.lead, rows.as_of_us, history.created_us[rows.lead], stage_since_us,
        log.offsets, log.time_us, log.known_us,
        log.kind.codes, log.channel.codes, log.direction, log.value,
        prepared.kind_group, prepared.channel_group, layout.direction_group,
        prepared.kind_code, prepared.channel_code,
        _WINDOWS, _HALF_LIVES, columns,
    )  # fmt: skip
