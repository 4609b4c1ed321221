"""Writes the interaction features of snapshots, and of the same leads after one interaction more."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from features.interactions.interactions import (
    HALF_LIVES_DAYS,
    WINDOWS_DAYS,
    FactorNames,
    InteractionLayout,
)
from features.interactions.kernel import N_SUMS, N_TALLIES, interaction_rows
from history.base.arrays import Codes, Flags, Floats, Ints
from history.history import Interactions
from history.snapshot import Snapshot
from history.text.folding import fold
from history.text.times import DAY_US

_WINDOWS = np.array([days * DAY_US for days in WINDOWS_DAYS], dtype=np.int64)
_HALF_LIVES = np.array([days * DAY_US for days in HALF_LIVES_DAYS], dtype=np.int64)

# Category codes of kinds and channels (see Feature).
_MISSING, _RARE, _FIRST_KNOWN = 0, 1, 2

FEW: Final = 16  # values of one lead's column, which the columns of others repeat


class _Codes(NamedTuple):
    """Group and category code of each text of a factor; the last entry is that of a missing text."""

    group: Ints
    code: Ints


@dataclass(frozen=True)
class InteractionInputs:
    """One history's kinds and channels in the terms of a layout."""

    layout: InteractionLayout
    kind: _Codes
    channel: _Codes


def interaction_inputs(log: Interactions, layout: InteractionLayout) -> InteractionInputs:
    """Looks up the log's kinds and channels."""
    return InteractionInputs(
        layout, _codes(log.kind.values, layout.kinds), _codes(log.channel.values, layout.channels)
    )


def _codes(texts: Sequence[str], names: FactorNames) -> _Codes:
    return _codes_of_few(tuple(texts), names) if len(texts) <= FEW else _looked_up(texts, names)


def _looked_up(texts: Sequence[str], names: FactorNames) -> _Codes:
    groups, codes = [], []
    for text in texts:
        name, position = text, names.positions.get(text)
        if position is None:
            name = names.spellings.get(fold(text), text)
            position = names.positions.get(name)
        groups.append(names.groups.get(name, names.pool))
        codes.append(_RARE if position is None else position + _FIRST_KNOWN)
    groups.append(-1)
    codes.append(_MISSING)
    return _Codes(np.array(groups, dtype=np.int64), np.array(codes, dtype=np.int64))


_codes_of_few = lru_cache(maxsize=4096)(_looked_up)  # single leads repeat their few kinds and channels


class Walks(NamedTuple):
    """Where the kernel's walks over the interactions of n leads ended: arrays of its `tallies` and `sums`.

    From there the figures of one interaction more follow, without the rows before it.
    """

    tallies: Ints
    sums: Floats


def room_for_walks(n: int, log: Interactions) -> Walks:
    """Walks to be written over the interactions of n rows of this log."""
    width = N_TALLIES + len(log.kind.values) + len(log.channel.values)
    return Walks(np.empty((n, width), dtype=np.int64), np.empty((n, N_SUMS), dtype=np.float64))


_NO_WALKS: Final = Walks(np.empty((0, N_TALLIES), dtype=np.int64), np.empty((0, N_SUMS), dtype=np.float64))


def write_interactions(
    out: Floats,
    at: int,
    rows: Snapshot,
    since_us: Ints,
    inputs: InteractionInputs,
    walks: Walks | None = None,
) -> None:
    """Writes the block of n rows at column `at`, and with `walks` where they end.

    since_us (n,) are the entry times of their current stages.
    """
    layout, log = inputs.layout, rows.history.interactions
    interaction_rows(
        out, at, layout.n_groups, rows.lead, rows.as_of_us, rows.history.created_us[rows.lead], since_us,
        log.offsets, log.time_us, log.known_us,
        log.kind.codes, log.channel.codes, log.direction, log.value,
        inputs.kind.group, inputs.channel.group, layout.direction_group,
        inputs.kind.code, inputs.channel.code,
        _WINDOWS, _HALF_LIVES, layout.single_columns,
        *(walks or _NO_WALKS), len(log.kind.values), False,
    )  # fmt: skip


class Touch(NamedTuple):
    """An interaction that a lead may have beside its own."""

    kind: str
    channel: str | None
    direction: int
    value: float | None


@dataclass(frozen=True, eq=False)
class Touches:
    """k interactions, each of which alone may follow those of a lead.

    kind and channel (k,): codes over the lead's texts and further ones; inputs: the groups and codes of all of them.
    n_kinds: of the lead's own.
    """

    kind: Codes
    channel: Codes
    direction: Flags
    value: Floats
    inputs: InteractionInputs
    n_kinds: int


def touches_after(log: Interactions, touches: tuple[Touch, ...], layout: InteractionLayout) -> Touches:
    """The touches (k,) in the terms of a log with one spelling a value."""
    kinds, channels = tuple(log.kind.values), tuple(log.channel.values)
    if len(kinds) > FEW or len(channels) > FEW:
        return _touches(kinds, channels, touches, layout)
    return _touches_of_few(kinds, channels, touches, layout)


def _touches(
    kinds: tuple[str, ...],
    channels: tuple[str, ...],
    touches: tuple[Touch, ...],
    layout: InteractionLayout,
) -> Touches:
    kind, all_kinds = _coded(kinds, [touch.kind for touch in touches])
    channel, all_channels = _coded(channels, [touch.channel for touch in touches])
    return Touches(
        kind=kind,
        channel=channel,
        direction=np.array([touch.direction for touch in touches], dtype=np.int8),
        value=np.array([touch.value for touch in touches], dtype=np.float64),  # None becomes NaN
        inputs=InteractionInputs(
            layout, _looked_up(all_kinds, layout.kinds), _looked_up(all_channels, layout.channels)
        ),
        n_kinds=len(kinds),
    )


_touches_of_few = lru_cache(maxsize=1024)(_touches)


def _coded(values: tuple[str, ...], texts: Sequence[str | None]) -> tuple[Codes, list[str]]:
    """The code of each text, however it is spelled, over the values and those that are new; and all of these."""
    every = list(values)
    places: dict[str, int] = {}
    for code, known in enumerate(values):
        places.setdefault(fold(known), code)
    codes = []
    for text in texts:
        if text is not None and places.setdefault(fold(text), len(every)) == len(every):
            every.append(text)
        codes.append(-1 if text is None else places[fold(text)])
    return np.array(codes, dtype=np.int32), every


def write_touched(out: Floats, at: int, as_of_us: int, walks: Walks, touches: Touches) -> None:
    """Adds each touch alone to a row of `out` (k, columns), which holds the features of one lead at as_of_us.

    walks: of this lead at this instant. The touches happen then; to the last bit what their rows would give.
    """
    count = len(touches.kind)
    at_us, inputs = np.full(count, as_of_us, dtype=np.int64), touches.inputs
    each = np.arange(count + 1, dtype=np.int64)
    layout = inputs.layout
    interaction_rows(
        out, at, layout.n_groups, each[:-1], at_us, at_us, at_us,
        each, at_us, at_us,
        touches.kind, touches.channel, touches.direction, touches.value,
        inputs.kind.group, inputs.channel.group, layout.direction_group,
        inputs.kind.code, inputs.channel.code,
        _WINDOWS, _HALF_LIVES, layout.single_columns,
        walks.tallies.repeat(count, axis=0), walks.sums.repeat(count, axis=0), touches.n_kinds, True,
    )  # fmt: skip
