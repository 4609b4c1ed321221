"""Interaction features: how much, how recently, in which rhythm, through what, and who waits for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

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
from history.arrays import Floats, Ints
from history.history import DAY_US, INBOUND, OUTBOUND, History

BLOCK = "engagement"
WINDOWS_DAYS = (7, 30, 90)
HALF_LIVES_DAYS = (7, 30)
OTHER = "other"

_WINDOWS = np.array([d * DAY_US for d in WINDOWS_DAYS], dtype=np.int64)
_HALF_LIVES = np.array([d * DAY_US for d in HALF_LIVES_DAYS], dtype=np.int64)
_WIDTH = len(WINDOWS_DAYS) + 2


@dataclass(frozen=True)
class Spoken:
    """What the training interactions held: kinds and channels kept (most frequent first), and what else they carry.

    pools_* says that some kinds or channels were too rare and are counted together as `other`. echoes are channels
    through which one kind goes, and that kind through no other: counting them would say twice what the kind says.
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


def features(spoken: Spoken) -> tuple[Feature, ...]:
    """The columns of the block in the order in which `fill` writes them; none where training saw no interaction."""
    if not spoken.any:
        return ()
    columns: list[Feature] = []
    for prefix, noun, subject in _groups(spoken):
        columns += _group_features(prefix, noun, subject)
    singles = _singles()
    return (*columns, *(singles[s] for s in _singles_kept(spoken)))


def _groups(spoken: Spoken) -> list[tuple[str, str, str]]:
    groups = [("interactions", "{value}", "")]
    if spoken.directions:
        groups += [("inbound", "{value} from the lead", ""), ("outbound", "{value} from us", "")]
    kinds, channels = list(spoken.kinds), list(spoken.counted_channels)
    for name, kind in zip(slugs(kinds), kinds, strict=True):
        groups.append((f"kind_{name}", f"{{value}} of kind {quoted(kind)}", kind))
    if spoken.pools_kinds:
        groups.append(("other_kinds", "{value} of a rare kind", ""))
    for name, channel in zip(slugs(channels), channels, strict=True):
        groups.append((f"channel_{name}", f"{{value}} through {quoted(channel)}", channel))
    if spoken.pools_channels:
        groups.append(("other_channels", "{value} through a rare channel", ""))
    return groups


def _group_features(prefix: str, noun: str, subject: str) -> list[Feature]:
    what = noun.replace("{value}", "the last interaction", 1)
    none = noun.replace("{value}", "no interaction", 1)
    counted = [
        feature(
            f"{prefix}_{d}d", "interactions", f"having {noun} in the last {d} days", BLOCK, subject=subject
        )
        for d in WINDOWS_DAYS
    ]
    return [
        *counted,
        feature(f"{prefix}_count", "interactions", f"having {noun} so far", BLOCK, subject=subject),
        feature(
            f"days_since_{prefix}",
            "days",
            f"{what} being {{value}} ago",
            BLOCK,
            missing=f"having {none} so far",
            subject=subject,
        ),
    ]


def _singles() -> list[Feature]:
    """The single figures, in the order of the constants of features.interaction_kernel."""
    none = "having no interaction yet"
    rows: list[tuple[str, str, str, str]] = [
        ("days_since_first_interaction", "days", "the first interaction being {value} ago", none),
        ("activity_decay_7d", "touches", "having recent activity worth {value} (halved each 7 days)", none),
        ("activity_decay_30d", "touches", "having activity worth {value} (halved each 30 days)", none),
        ("activity_trend", "trend", "having {value} in the last 7 days than in a usual week of the four before", none),
        ("distinct_kinds", "kinds", "having {value} of interaction so far", none),
        ("distinct_channels", "channels", "using {value} so far", none),
        ("active_days_30d", "active days", "having {value} in the last 30", none),
        ("share_inbound", "share", "{value} of the interactions coming from the lead", "having no direction recorded"),
        ("median_gap_days", "days", "interactions being {value} apart as a rule", "having fewer than two interactions"),
        ("longest_silence_days", "days", "the longest silence so far being {value}", none),
        ("response_hours_mean", "hours", "our replies taking {value} on average", "having no reply recorded"),
        ("response_hours_last", "hours", "our latest reply taking {value}", "having no reply recorded"),
        ("unanswered_hours", "hours", "our reply being due for {value}", "no message of the lead waiting"),
        ("lead_response_hours_mean", "hours", "the lead replying in {value} on average", "the lead never replying"),
        ("outbound_since_inbound", "interactions", "having {value} from us since the lead last spoke", none),
        ("value_sum", "amount", "interactions summing to a value of {value}", none),
        ("value_sum_30d", "amount", "interactions of the last 30 days summing to a value of {value}", none),
        ("value_mean", "amount", "interactions having a mean value of {value}", "having no interaction with a value"),
        ("value_last", "amount", "the last value recorded being {value}", "having no interaction with a value"),
        ("last_kind", "kind", "the last interaction being of kind {value}", none),
        ("last_channel", "channel", "the last interaction coming through {value}", none),
        ("interactions_in_stage", "interactions", "having {value} in the current stage", "having entered no stage yet"),
        ("interactions_before_creation", "interactions", "having {value} from before the lead was created", none),
    ]  # fmt: skip
    categories = ("last_kind", "last_channel")
    return [
        feature(n, u, p, BLOCK, missing=m, kind="category" if n in categories else "number")
        for n, u, p, m in rows
    ]


def _singles_kept(spoken: Spoken) -> list[int]:
    of_direction = {
        SHARE_INBOUND,
        RESPONSE_MEAN,
        RESPONSE_LAST,
        UNANSWERED,
        LEAD_RESPONSE_MEAN,
        OUTBOUND_SINCE,
    }
    left_out = set() if spoken.directions else of_direction
    left_out |= set() if spoken.values else {VALUE_SUM, VALUE_SUM_30D, VALUE_MEAN, VALUE_LAST}
    left_out |= set() if spoken.channels or spoken.pools_channels else {DISTINCT_CHANNELS, LAST_CHANNEL}
    left_out |= set() if len(spoken.kinds) + spoken.pools_kinds > 1 else {DISTINCT_KINDS, LAST_KIND}
    return [s for s in range(N_SINGLES) if s not in left_out]


@dataclass(frozen=True)
class Layout:
    """Where each group and figure goes, from the block's first column."""

    n_groups: int
    kinds: dict[str, int]  # name -> position among those kept
    channels: dict[str, int]
    kind_groups: dict[str, int]  # name -> group, -1 for none
    channel_groups: dict[str, int]
    kind_pool: int  # group of those not kept, -1 for none
    channel_pool: int
    direction_group: Ints
    columns: Ints  # (N_SINGLES,) from the block's first column, -1 = left out


def layout(spoken: Spoken) -> Layout:
    first_kind = 3 if spoken.directions else 1
    first_channel = first_kind + len(spoken.kinds) + spoken.pools_kinds
    counted = spoken.counted_channels
    n_groups = first_channel + len(counted) + spoken.pools_channels
    direction_group = np.full(3, -1, dtype=np.int64)
    if spoken.directions:
        direction_group[[INBOUND, OUTBOUND]] = 1, 2
    columns = np.full(N_SINGLES, -1, dtype=np.int64)
    kept = _singles_kept(spoken)
    columns[kept] = n_groups * _WIDTH + np.arange(len(kept))
    return Layout(
        n_groups,
        {name: i for i, name in enumerate(spoken.kinds)},
        {name: i for i, name in enumerate(spoken.channels)},
        {name: first_kind + i for i, name in enumerate(spoken.kinds)},
        {name: first_channel + counted.index(name) if name in counted else -1 for name in spoken.channels},
        first_channel - 1 if spoken.pools_kinds else -1,
        n_groups - 1 if spoken.pools_channels else -1,
        direction_group,
        columns,
    )


@dataclass(frozen=True)
class Prepared:
    """One history's codes in the layout's terms: the group and category code of each kind and channel, missing last."""

    kind_group: Ints
    channel_group: Ints
    kind_code: Ints
    channel_code: Ints


def prepare(history: History, plan: Layout) -> Prepared:
    log = history.interactions
    kind_group, kind_code = _codes(log.kind.values, plan.kinds, plan.kind_groups, plan.kind_pool)
    channel_group, channel_code = _codes(
        log.channel.values, plan.channels, plan.channel_groups, plan.channel_pool
    )
    return Prepared(kind_group, channel_group, kind_code, channel_code)


def _codes(
    names: Sequence[str], known: dict[str, int], groups: dict[str, int], pool: int
) -> tuple[Ints, Ints]:
    group = [groups.get(name, pool) for name in names]
    code = [known.get(name, -1) + 2 for name in names]  # 1 for those not kept
    return np.array([*group, -1], dtype=np.int64), np.array([*code, 0], dtype=np.int64)


def fill(
    out: Floats, at: int, history: History, rows: tuple[Ints, Ints, Ints], given: tuple[Layout, Prepared]
) -> None:
    """Writes the block for rows (lead, as_of, since when in the current stage) at column `at`."""
    lead, as_of, since = rows
    plan, prepared = given
    log = history.interactions
    columns = np.where(plan.columns < 0, -1, plan.columns + at)
    interaction_rows(
        out, at, plan.n_groups, lead, as_of, history.created_us[lead], since,
        log.offsets, log.time_us, log.known_us,
        log.kind.codes, log.channel.codes, log.direction, log.value,
        prepared.kind_group, prepared.channel_group, plan.direction_group,
        prepared.kind_code, prepared.channel_code,
        _WINDOWS, _HALF_LIVES, columns,
    )  # fmt: skip
