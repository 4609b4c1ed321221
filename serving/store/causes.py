"""Why a stored score moved: the model, the time that passed, and each thing that happened, adding up exactly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.history import DAY_US, LOST, OPEN, WON
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.scores import Scores
from serving.store.reading import LeadRows, history_of

MOVED = 0.005
MAX_EVENTS = 4  # told one by one; the rest as one cause
DECIDED = {WON: "won", LOST: "lost", OPEN: "reopened"}

Score = Callable[[Bundle, Snapshot, int | None], Scores]


@dataclass(frozen=True)
class Told:
    """The last row of a lead's score history: what it said, when, by which model, and the last row that was in it."""

    probability: float
    status: str
    as_of_us: int
    through_row: int
    model_version: str


@dataclass(frozen=True)
class Moved:
    """A lead (its position) whose history gets a row; before is the last such row, None for its first."""

    position: int
    probability: float
    before: Told | None


@dataclass
class _Step:
    kind: str
    label: str
    row_no: int
    as_of_us: int


def has_moved(before: Told | None, probability: float, status: str, model_version: str) -> bool:
    """Whether the history gets a row: the first score, a move of 0.005 or more, another status or version."""
    if before is None or before.status != status or before.model_version != model_version:
        return True
    return abs(probability - before.probability) >= MOVED


def causes_of(
    bundle: Bundle, rows: LeadRows, moved: Sequence[Moved], as_of_us: int, score: Score
) -> list[list[dict[str, Any]]]:
    """For each moved lead {kind, label, points}: points are percentage points, their sum 100 times the move.

    The score is taken again at each step on the way: the model in use on what was known then, at today's time, then
    with each new row in the order of arrival.
    """
    happened = _happened(rows, moved)
    steps = [_steps(bundle, one, happened.get(one.position, []), as_of_us) for one in moved]
    asked = [(i, j) for i, of_lead in enumerate(steps) for j in range(len(of_lead) - 1)]
    wanted = [(moved[i].position, steps[i][j].row_no, steps[i][j].as_of_us) for i, j in asked]
    found = dict(zip(asked, _probabilities(bundle, rows, wanted, score), strict=True))
    return [_told(one, of_lead, found, i) for i, (one, of_lead) in enumerate(zip(moved, steps, strict=True))]


def _told(
    one: Moved, steps: Sequence[_Step], found: Mapping[tuple[int, int], float], place: int
) -> list[dict[str, Any]]:
    if one.before is None:
        return []
    told, at = [], one.before.probability
    for j, step in enumerate(steps):
        following = found.get((place, j), one.probability)
        told.append({"kind": step.kind, "label": step.label, "points": 100 * (following - at)})
        at = following
    return [cause for cause in told if cause["points"] or cause["kind"] == "event"]


def _steps(bundle: Bundle, one: Moved, events: Sequence[tuple[int, str]], as_of_us: int) -> list[_Step]:
    before = one.before
    if before is None:
        return []
    steps = []
    if before.model_version != bundle.version:
        steps.append(_Step("model", f"model {bundle.version}", before.through_row, before.as_of_us))
    steps.append(_Step("time", _passed(as_of_us - before.as_of_us), before.through_row, as_of_us))
    for row_no, label in events[: MAX_EVENTS - 1] if len(events) > MAX_EVENTS else events:
        steps.append(_Step("event", label, row_no, as_of_us))
    if len(events) > MAX_EVENTS:
        rest = len(events) - MAX_EVENTS + 1
        steps.append(_Step("event", f"{rest} more events", events[-1][0], as_of_us))
    return steps


def _passed(duration_us: int) -> str:
    days = duration_us / DAY_US
    if days < 0:
        return "scored at an earlier time"
    return (
        "less than a day passed" if days < 1 else "1 day passed" if days < 2 else f"{int(days)} days passed"
    )


def _happened(rows: LeadRows, moved: Sequence[Moved]) -> dict[int, list[tuple[int, str]]]:
    """Position -> (row_no, label) of the rows that are new since the last score, in the order of arrival."""
    since = {
        rows.leads[one.position].lead_no: (one.position, one.before.through_row)
        for one in moved
        if one.before is not None
    }
    found: dict[int, list[tuple[int, str]]] = {}
    for table, label in _LABELS.items():
        for row in zip(*rows.tables[table], strict=True):
            position, through = since.get(row[0], (-1, 0))
            if position >= 0 and row[1] > through:
                found.setdefault(position, []).append((row[1], label(row)))
    return {position: sorted(events) for position, events in found.items()}


def _touch(row: Sequence[Any]) -> str:
    kind, channel = row[4], row[5]
    return f"{kind} by {channel}" if channel else str(kind)


_LABELS: Mapping[str, Callable[[Sequence[Any]], str]] = {
    "interactions": _touch,
    "stages": lambda row: f"entered stage {row[4]}",
    "outcomes": lambda row: DECIDED[row[4]],
    "attribute_changes": lambda row: f"{row[4]} changed",
}


def _probabilities(
    bundle: Bundle, rows: LeadRows, wanted: Sequence[tuple[int, int, int]], score: Score
) -> list[float]:
    """The probability of each (position, last row, as_of)."""
    if not wanted:
        return []
    as_of = np.array([as_of_us for _, _, as_of_us in wanted], dtype=np.int64)
    history = history_of(rows.until([(p, row) for p, row, _ in wanted]), bundle.config, int(as_of.max()))
    lead = np.arange(len(wanted), dtype=np.int64)
    return list(map(float, score(bundle, Snapshot(history, lead, as_of), 0).probability))
