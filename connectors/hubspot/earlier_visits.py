"""Earlier visits of stages, laid back in time by how long a lead was in each stage.

A lead is in one stage at a time. So the time between its creation and its latest entries that these leave open is
filled by earlier visits, and the time that it spent in a stage beyond the latest visit is theirs. Of the paths that
fit, the one with the fewest visits counts, and of several the one with the shortest way through the pipeline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from math import prod
from typing import Final

TOLERANCE_US: Final = 120_000_000  # two ends of a time in minutes
MOST_PATHS: Final = 2_000  # ways to fill the gaps that are looked at
MOST_ORDERED: Final = 5  # visits in a gap of which every order is looked at


@dataclass(frozen=True)
class Visit:
    """A stay in a stage (its place in the pipeline), in microseconds; in the present stage the end is the start."""

    stage: int
    start: int
    end: int


@dataclass(frozen=True)
class Earlier:
    """Earlier visits as (start, stage), and how many paths of as few visits fit: 0 if none does."""

    entries: tuple[tuple[int, int], ...]
    paths: int


NONE_FITS: Final = Earlier((), 0)
_Piece = tuple[int, float]  # a stage, and how long a visit took
_Filling = tuple[tuple[_Piece, ...], ...]  # the visits in each gap, in any order


@dataclass(frozen=True)
class _Gap:
    """Time of no known visit, and the stages before (None for the creation) and after it.

    The first one may be longer than its visits: a deal may be older than its first stage.
    """

    start: int
    end: int
    before: int | None
    after: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def fits(self, total: float, visits: int) -> bool:
        room = self.length - total
        slack = TOLERANCE_US * (visits + 1)
        return -slack <= room and (self.before is None or room <= slack)


def earlier_visits(known: Sequence[Visit], spent_us: Mapping[int, float], created_us: int) -> Earlier:
    """The visits before the known ones; spent_us: stage -> how long they took together."""
    known = sorted(known, key=lambda visit: (visit.start, visit.end))
    gaps = _gaps(known, created_us)
    first = {visit.stage: visit.start for visit in reversed(known)}
    pieces = sorted(spent_us.items())
    places = [_open_gaps(gaps, first.get(stage)) for stage, _ in pieces]
    if gaps is None or any(not choice for choice in places) or prod(map(len, places)) > MOST_PATHS:
        return NONE_FITS
    fillings = list(_whole(gaps, pieces, places)) or list(_with_one_split(gaps, pieces, places))
    fewest = min((sum(map(len, filling)) for filling in fillings), default=0)
    paths = [
        [_orders(gap, items) for gap, items in zip(gaps, filling, strict=True)]
        for filling in fillings
        if sum(map(len, filling)) == fewest
    ]
    shortest = [
        [_shortest(gap, orders) for gap, orders in zip(gaps, path, strict=True)]
        for path in paths
        if all(path)
    ]
    if not shortest:
        return NONE_FITS
    best = min(shortest, key=lambda order: (sum(map(_way, gaps, order)), order))
    entries = (entry for gap, items in zip(gaps, best, strict=True) for entry in _entries(gap, items))
    return Earlier(tuple(entries), sum(prod(map(len, path)) for path in paths))


def _gaps(known: Sequence[Visit], created_us: int) -> list[_Gap] | None:
    """The gaps in order of time, None if visits overlap or precede the creation."""
    if not known or known[0].start < created_us - TOLERANCE_US:
        return None
    gaps = [_Gap(created_us, known[0].start, None, known[0].stage)]
    for left, right in pairwise(known):
        if right.start < left.end - TOLERANCE_US:
            return None
        gaps.append(_Gap(left.end, right.start, left.stage, right.stage))
    return [gap for gap in gaps if gap.length > TOLERANCE_US]


def _open_gaps(gaps: Sequence[_Gap] | None, first: int | None) -> list[int]:
    """The places of the gaps before a stage's first known visit."""
    return [place for place, gap in enumerate(gaps or ()) if first is not None and gap.end <= first]


def _whole(
    gaps: Sequence[_Gap], pieces: Sequence[_Piece], places: Sequence[Sequence[int]]
) -> Iterator[_Filling]:
    """Fillings in which a stage has one earlier visit."""
    for choice in product(*places):
        filling = _filled(len(gaps), pieces, choice)
        if all(gap.fits(_total(items), len(items)) for gap, items in zip(gaps, filling, strict=True)):
            yield filling


def _with_one_split(
    gaps: Sequence[_Gap], pieces: Sequence[_Piece], places: Sequence[Sequence[int]]
) -> Iterator[_Filling]:
    """Fillings in which one stage has an earlier visit in each of several gaps: what the others leave of them."""
    for place, (stage, spent) in enumerate(pieces):
        others, other_places = (
            [*pieces[:place], *pieces[place + 1 :]],
            [*places[:place], *places[place + 1 :]],
        )
        for choice in product(*other_places):
            filling = _filled(len(gaps), others, choice)
            parts = _parts(gaps, filling, spent, places[place])
            if parts is not None:
                yield tuple(
                    (*items, (stage, part)) if part else items
                    for items, part in zip(filling, parts, strict=True)
                )


def _parts(
    gaps: Sequence[_Gap], filling: _Filling, spent: float, places: Sequence[int]
) -> list[float] | None:
    """How long a stage was visited in each gap, 0 for not at all; None if that is not all its time in several gaps."""
    parts = []
    for place, (gap, items) in enumerate(zip(gaps, filling, strict=True)):
        left = gap.length - _total(items)
        if gap.before is None:
            left = spent - sum(
                max(0.0, later.length - _total(rest))
                for later, rest in zip(gaps[1:], filling[1:], strict=True)
                if not later.fits(_total(rest), len(rest))
            )
            if left > gap.length - _total(items) + TOLERANCE_US * (len(items) + 2):
                return None
        small = abs(left) <= TOLERANCE_US * (len(items) + 1)
        if not small and (left < 0 or place not in places):
            return None
        parts.append(0.0 if small else left)
    slack = TOLERANCE_US * (len(gaps) + 1)
    return parts if abs(sum(parts) - spent) <= slack and sum(map(bool, parts)) > 1 else None


def _filled(count: int, pieces: Sequence[_Piece], choice: Sequence[int]) -> _Filling:
    return tuple(
        tuple(piece for piece, place in zip(pieces, choice, strict=True) if place == gap)
        for gap in range(count)
    )


def _total(items: Sequence[_Piece]) -> float:
    return sum(spent for _, spent in items)


def _orders(gap: _Gap, items: Sequence[_Piece]) -> list[tuple[_Piece, ...]]:
    """The orders of the visits in a gap in which no stage follows itself.

    Of many visits, whose orders are too many, those along the pipeline from any of its stages on.
    """
    along = tuple(sorted(items))
    orders = (
        permutations(items)
        if len(items) <= MOST_ORDERED
        else ((*along[start:], *along[:start]) for start in range(len(along)))
    )
    return [order for order in orders if not order or order[-1][0] != gap.after]


def _shortest(gap: _Gap, orders: Sequence[tuple[_Piece, ...]]) -> tuple[_Piece, ...]:
    return min(orders, key=lambda order: (_way(gap, order), order))


def _way(gap: _Gap, order: Sequence[_Piece]) -> int:
    """How many stages the moves through a gap pass over, from the pipeline's first stage on before any visit."""
    stages = [0 if gap.before is None else gap.before, *(stage for stage, _ in order), gap.after]
    return sum(abs(right - left) for left, right in pairwise(stages))


def _entries(gap: _Gap, items: Sequence[_Piece]) -> Iterator[tuple[int, int]]:
    """When each visit of a gap began: from its start on, those before the first known visit back from its end."""
    start = float(gap.start)
    if gap.before is None and gap.length - _total(items) > TOLERANCE_US * (len(items) + 1):
        start = gap.end - _total(items)
    for stage, spent in items:
        yield round(start), stage
        start += spent
