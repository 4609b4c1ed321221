"""The reasons of a score as bars that add up: from the stage's average to the lead's probability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

BASE: Final = "base"
SMALLEST_REST = 0.05  # points; a smaller rest is no bar of its own
# Features that say which stage it is: the first bar says that already, and their own bars would count it twice.
OF_STAGE: Final = ("stage", "stage_position", "furthest_position", "funnel_share", "stages_visited")


@dataclass(frozen=True)
class Step:
    """A reason, or what all other reasons add; points are percentage points."""

    label: str
    note: str
    points: float


@dataclass(frozen=True)
class Bar:
    """A row of the waterfall. low and high are its ends from 0 to 1 on the common axis; a base bar has no points."""

    label: str
    note: str
    low: float
    high: float
    kind: str
    probability: float
    points: float | None = None


@dataclass(frozen=True)
class Ends:
    """The names of the first and last bar, and of the bar for all that is not shown."""

    start: str
    start_note: str
    rest: str
    rest_note: str
    end: str
    end_note: str


def steps_of(score: Mapping[str, Any], labels: Sequence[str], notes: Sequence[str | None]) -> list[Step]:
    """The reasons of a score in words with their evidence, without those that say which stage it is."""
    return [
        Step(label, note or "", reason["points"])
        for reason, label, note in zip(score["reasons"], labels, notes, strict=True)
        if reason["feature"] not in OF_STAGE
    ]


def stage_labels(score: Mapping[str, Any]) -> list[str]:
    """The reasons that say which stage it is."""
    return [reason["label"] for reason in score["reasons"] if reason["feature"] in OF_STAGE]


def waterfall(score: Mapping[str, Any], steps: Sequence[Step], ends: Ends) -> list[Bar]:
    """The bars: the stage's average, each step from where the one before ended, the rest, and the probability.

    Reasons are measured from the model's mean, the first bar is the stage's average: the rest holds the difference, and
    what says which stage it is.
    """
    start, end = score["baseline_probability"], score["probability"]
    rest = 100 * (end - start) - sum(step.points for step in steps)
    if abs(rest) >= SMALLEST_REST:
        steps = [*steps, Step(ends.rest, ends.rest_note, rest)]
    places = [start]
    for step in steps:
        places.append(places[-1] + step.points / 100)
    least, most = min(0.0, *places), max(*places, end, 1e-9)

    def bar(low: float, high: float) -> tuple[float, float]:
        return (low - least) / (most - least), (high - least) / (most - least)

    bars = [Bar(ends.start, ends.start_note, *bar(0, start), BASE, start)]
    for step, before, after in zip(steps, places[:-1], places[1:], strict=True):
        kind = "up" if step.points >= 0 else "down"
        low_high = bar(min(before, after), max(before, after))
        bars.append(Bar(step.label, step.note, *low_high, kind, after, step.points))
    return [*bars, Bar(ends.end, ends.end_note, *bar(0, end), BASE, end)]
