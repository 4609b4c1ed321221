"""The path of each deal: its stage at the start, and what happens to it since, as moves between stages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from connectors.deals.deals import OPEN, Moves
from history.base.arrays import Flags

Text = str | None


@dataclass(frozen=True)
class Turn:
    """One change of a deal: it enters a stage, or its state becomes OPEN, WON or LOST while its stage stays.

    of_today: only the deal's present values tell of it, not a history.
    """

    us: int
    stage: Text = None
    state: int | None = None
    of_today: bool = False


@dataclass(frozen=True)
class Life:
    """A deal's known life: from start_us on in a stage, with its turns in order of time.

    before: an entry ahead of the start, such as the time as an unqualified lead. of_today: the start, as of a Turn.
    """

    deal: int
    start_us: int
    stage: Text
    turns: Sequence[Turn]
    before: Turn | None = None
    of_today: bool = False


@dataclass(frozen=True)
class Labels:
    """Stages with their states; closing: the label under which a deal of a closed state is, whatever its stage."""

    stages: Sequence[str]
    states: Flags
    closing: Mapping[int, str]


class _Move(NamedTuple):
    deal: int
    us: int
    label: str
    of_today: bool = False


def path_moves(lives: Iterable[Life], labels: Labels) -> Moves:
    """The moves of all deals; turns before a deal's start only tell the stage in which it starts."""
    state = dict(zip(labels.stages, labels.states.tolist(), strict=True))
    place = {label: code for code, label in enumerate(labels.stages)}
    moves = [move for life in lives for move in _last_of_instant(_moves(life, labels, state), state)]
    return Moves(
        np.array([move.deal for move in moves], dtype=np.int64),
        np.array([move.us for move in moves], dtype=np.int64),
        np.array([place[move.label] for move in moves], dtype=np.int32),
        np.full(len(moves), np.nan),
        np.arange(len(moves), dtype=np.int64),
        labels.stages,
        labels.states,
        np.array([move.of_today for move in moves], dtype=np.bool_),
    )


def _moves(life: Life, labels: Labels, state: Mapping[str, int]) -> Iterator[_Move]:
    label, closed, begun = life.stage, False, False
    if life.before is not None and life.before.stage is not None:
        yield _Move(life.deal, life.before.us, life.before.stage)
    for turn in life.turns:
        if not begun and turn.us >= life.start_us:
            begun = True
            yield from _entry(life.deal, life.start_us, label, life.of_today)
        if turn.stage is not None:
            label = turn.stage
            closed = closed and state.get(label, OPEN) == OPEN
            if begun and not closed:
                yield _Move(life.deal, turn.us, label, turn.of_today)
        elif turn.state is not None and state.get(label or "", OPEN) == OPEN:
            was_closed, closed = closed, turn.state != OPEN
            if begun and (closed or was_closed):
                yield from _entry(life.deal, turn.us, labels.closing[turn.state] if closed else label)
    if not begun:
        yield from _entry(life.deal, life.start_us, label, life.of_today)


def _entry(deal: int, us: int, label: Text, of_today: bool = False) -> Iterator[_Move]:
    if label is not None:
        yield _Move(deal, us, label, of_today)


def _last_of_instant(moves: Iterator[_Move], state: Mapping[str, int]) -> Iterator[_Move]:
    """The last of several open stages of one instant: a deal that comes back into another stage enters that one."""
    before: _Move | None = None
    for move in moves:
        both_open = before is not None and state[before.label] == state[move.label] == OPEN
        if before is not None and not (both_open and before.us == move.us):
            yield before
        before = move
    if before is not None:
        yield before
