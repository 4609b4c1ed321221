"""Why a stored score moved: a new model, the time that passed, and each event, with points that add up exactly."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from history.history import GONE, LOST, OPEN, WON
from history.snapshot import Snapshot
from history.text.times import DAY_US
from models.bundle import Bundle
from models.scores.scores import Scores
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import Cut, LeadRows, value_in
from serving.store.schema import CONTENT, LEAD_NO, ROW_NO

SMALLEST_MOVE = 0.005  # of the probability; smaller moves make no history
MOST_EVENTS = 4  # listed one by one; more are joined into one cause
DECISIONS = {WON: "won", LOST: "lost", OPEN: "reopened", GONE: "gone"}

Score = Callable[[Bundle, Snapshot, int | None], Scores]
Cause = dict[str, Any]


@dataclass(frozen=True)
class HistoryEntry:
    """The last entry of a lead's score history; through_row is the last row that its score includes."""

    probability: float
    status: str
    as_of_us: int
    through_row: int
    model_version: str


@dataclass(frozen=True)
class Move:
    """A lead, by its position, whose history gets an entry; `before` is its last one, None if this is the first.

    is_corrected: rows that `before` includes were retracted or replaced since.
    """

    position: int
    probability: float
    before: HistoryEntry | None
    is_corrected: bool = False


@dataclass(frozen=True)
class _Step:
    """A step on the way from the old score to the new one: what changes, and the rows and time it is scored with."""

    kind: str
    words: "Told"
    through_row: int
    as_of_us: int


class Told(NamedTuple):
    """What a cause says: in English, and as the name of a sentence with the values inside, for other languages."""

    label: str
    sentence: str
    values: Mapping[str, Any] = MappingProxyType({})


class _NewEvent(NamedTuple):
    row_no: int
    words: Told


def has_moved(before: HistoryEntry | None, probability: float, status: str, model_version: str) -> bool:
    """True for a first score, a move of SMALLEST_MOVE or more, and another status or model version."""
    if before is None or before.status != status or before.model_version != model_version:
        return True
    return abs(probability - before.probability) >= SMALLEST_MOVE


def causes_of(
    bundle: Bundle, rows: LeadRows, moves: Sequence[Move], as_of_us: int, score: Score
) -> list[list[Cause]]:
    """{kind, label, points, said} of each move: percentage points whose sum is 100 times the move; said: the name of
    the label's sentence and its values.

    The lead is scored again at each step: with the current model on the rows known before, then at the current time,
    then with each new row in the order of arrival.
    """
    new_events = _new_events(rows, moves)
    steps = [_steps(bundle, move, new_events.get(move.position, []), as_of_us) for move in moves]
    # The last step of a move ends at its new score, which is known.
    inner_steps = [(move, step) for move, of_move in zip(moves, steps, strict=True) for step in of_move[:-1]]
    cuts = [Cut(move.position, step.through_row) for move, step in inner_steps]
    times_us = [step.as_of_us for _, step in inner_steps]
    probabilities = iter(_probabilities(bundle, rows.cut(cuts), times_us, score) if cuts else [])
    causes = []
    for move, of_move in zip(moves, steps, strict=True):
        ends = [*islice(probabilities, len(of_move[:-1])), move.probability]
        causes.append(_causes(move, of_move, ends))
    return causes


def _causes(move: Move, steps: Sequence[_Step], ends: Sequence[float]) -> list[Cause]:
    """The causes of one move; `ends` are the probabilities after each step. An event without effect is kept."""
    if move.before is None:
        return []
    causes, probability = [], move.before.probability
    for step, end in zip(steps, ends, strict=True):
        points = 100 * (end - probability)
        if points or step.kind == "event":
            said = {"sentence": step.words.sentence, **step.words.values}
            causes.append({"kind": step.kind, "label": step.words.label, "points": points, "said": said})
        probability = end
    return causes


def _steps(bundle: Bundle, move: Move, events: Sequence[_NewEvent], as_of_us: int) -> list[_Step]:
    before = move.before
    if before is None:
        return []
    if bundle.vocabulary.reads_accounts:
        # Rows of other leads count too: which of them moved the score is not told apart.
        words = Told("rows of the lead and its account, and time", "account")
        return [_Step("event", words, before.through_row, as_of_us)]
    steps = []
    if move.is_corrected:
        # The rows of then as they are now: the effect of every correction since.
        words = Told("earlier event corrected", "corrected")
        steps.append(_Step("event", words, before.through_row, before.as_of_us))
    if before.model_version != bundle.version:
        words = Told(f"model {bundle.version}", "model", {"version": bundle.version})
        steps.append(_Step("model", words, before.through_row, before.as_of_us))
    passed = _time_passed(as_of_us - before.as_of_us)
    steps.append(_Step("time", passed, before.through_row, as_of_us))
    listed = events if len(events) <= MOST_EVENTS else events[: MOST_EVENTS - 1]
    steps += [_Step("event", event.words, event.row_no, as_of_us) for event in listed]
    more = len(events) - len(listed)
    if more:
        words = Told(f"{more} more events", "more", {"n": more})
        steps.append(_Step("event", words, events[-1].row_no, as_of_us))
    return steps


def _time_passed(duration_us: int) -> Told:
    days = duration_us / DAY_US
    if days < 0:
        return Told("scored at an earlier time", "earlier")
    if days < 1:
        return Told("less than a day passed", "under_a_day")
    label = "1 day passed" if days < 2 else f"{int(days)} days passed"
    return Told(label, "days", {"n": int(days)})


def _new_events(rows: LeadRows, moves: Sequence[Move]) -> dict[int, list[_NewEvent]]:
    """Position -> the rows that are new since the last score, in the order of arrival."""
    scored_before = {
        rows.leads[move.position].lead_no: Cut(move.position, move.before.through_row)
        for move in moves
        if move.before is not None
    }
    if not scored_before:
        return {}
    oldest = min(before.through_row for before in scored_before.values())
    events: dict[int, list[_NewEvent]] = defaultdict(list)
    for row, label in _labelled(rows, oldest):
        before = scored_before.get(row[LEAD_NO])
        if before is not None and row[ROW_NO] > before.through_row:
            events[before.position].append(_NewEvent(row[ROW_NO], label(row[CONTENT:])))
    return {position: sorted(of_lead) for position, of_lead in events.items()}


Label = Callable[[Sequence[Any]], Told]


def _labelled(rows: LeadRows, after: int) -> Iterator[tuple[Sequence[Any], Label]]:
    """Every fact row after a row_no with the function that labels its content."""
    for table, label in _LABELS.items():
        columns = rows.tables[table]
        is_after = np.asarray(columns[ROW_NO], dtype=np.int64) > after
        for row in np.flatnonzero(is_after).tolist():
            yield tuple(value_in(column, row) for column in columns), label


def _interaction(content: Sequence[Any]) -> Told:
    kind, channel, *_ = content
    words = str(kind).replace("_", " ")
    if channel and channel not in words:
        return Told(f"{words} by {channel}", "interaction_by", {"kind": kind, "channel": channel})
    return Told(words, "interaction", {"kind": kind})


def _stage(content: Sequence[Any]) -> Told:
    (stage,) = content
    return Told(f"entered stage {stage}", "stage", {"stage": stage})


def _outcome(content: Sequence[Any]) -> Told:
    state, *_ = content
    return Told(DECISIONS[state], DECISIONS[state])


def _change(content: Sequence[Any]) -> Told:
    attribute, *_ = content
    return Told(f"{str(attribute).replace('_', ' ')} changed", "change", {"attribute": str(attribute)})


_LABELS: Mapping[str, Label] = {
    "interactions": _interaction,
    "stages": _stage,
    "outcomes": _outcome,
    "attribute_changes": _change,
}


def _probabilities(bundle: Bundle, rows: LeadRows, times_us: Sequence[int], score: Score) -> list[float]:
    """The probability of each lead of `rows` at its own time."""
    as_of_us = np.array(times_us, dtype=np.int64)
    history = history_of(rows, bundle.config, int(as_of_us.max()))
    leads = np.arange(len(times_us), dtype=np.int64)
    return list(map(float, score(bundle, Snapshot(history, leads, as_of_us), 0).probability))
