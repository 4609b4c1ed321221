"""How a stored score moved, as a line over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from history.text.times import DAY_US, read_rfc_3339

WIDTH, HEIGHT = 600, 120
STEP = 0.1  # the axis ends at a multiple of it


@dataclass(frozen=True)
class Line:
    """points: of an SVG polyline in WIDTH x HEIGHT, a step at each move; dots: the moves; top: the axis' upper end."""

    points: str
    dots: Sequence[tuple[float, float]]
    top: float
    first: str
    last: str


def score_line(moves: Sequence[Mapping[str, Any]], probability: float, now: str) -> Line | None:
    """The line through the moves (newest first) up to the probability now; None within the first day."""
    oldest_first = [(_us(move["as_of"]), move["probability"]) for move in reversed(moves)]
    now_us = _us(now)
    if not oldest_first or now_us - oldest_first[0][0] < DAY_US:
        return None
    start_us = oldest_first[0][0]
    values = [value for _, value in oldest_first]
    top = min(1.0, round(ceil(max(*values, probability) / STEP + 1e-9) * STEP, 9))

    def place(at_us: int, value: float) -> tuple[float, float]:
        x = WIDTH * (min(at_us, now_us) - start_us) / (now_us - start_us)
        return round(x, 1), round(HEIGHT * (1 - value / top), 1)

    dots = [place(at_us, value) for at_us, value in oldest_first]
    corners: list[tuple[float, float]] = []
    for x, y in [*dots, place(now_us, probability)]:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    points = " ".join(f"{x},{y}" for x, y in corners)
    return Line(points, dots, top, moves[-1]["as_of"], now)


def _us(moment: str) -> int:
    instant = read_rfc_3339(moment)
    assert instant is not None, "times of the store are RFC 3339"
    return instant
