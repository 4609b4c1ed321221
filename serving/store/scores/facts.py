"""Facts of open leads from which the worklist derives, at the time of reading, what to do next and how long ago."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from funnel.state.attention.attention import stage_after
from funnel.state.attention.due import answer_limit, due_times, open_facts
from funnel.state.attention.next_step import Due, Touch, due_of, last_touch, question
from funnel.state.leads.paths import stage_paths
from funnel.state.leads.touches import touches_of
from history.history import History
from models.bundle import Bundle
from models.reasons.pace import UNKNOWN_PACE


@dataclass(frozen=True)
class LeadFacts:
    """Facts of an open lead (funnel/state/attention/next_step.py has their meaning)."""

    entered_us: int
    last_touch: Touch | None
    asked: Touch | None
    due: Due
    next_stage: str | None
    answer_hours: float | None

    def to_dict(self) -> dict[str, Any]:
        """The facts that have no column, for score_records."""
        return {
            "last_touch": self.last_touch,
            "asked": self.asked,
            "next_stage": self.next_stage,
            "answer_hours": self.answer_hours,
        }


class ShownFacts(NamedTuple):
    """The facts that have no column, as read."""

    last_touch: Touch | None = None
    asked: Touch | None = None
    next_stage: str | None = None
    answer_hours: float | None = None


def read_facts(stored: Mapping[str, Any]) -> ShownFacts:
    """The facts that LeadFacts.to_dict gave; {} for a score of an earlier version."""
    touches = [stored.get(name) for name in ("last_touch", "asked")]
    last, asked = (None if touch is None else Touch(*touch) for touch in touches)
    return ShownFacts(last, asked, stored.get("next_stage"), stored.get("answer_hours"))


def facts_of(bundle: Bundle, history: History, positions: Sequence[int]) -> dict[int, LeadFacts]:
    """Position -> facts, of the open ones among these leads, by the pace that the model has learned."""
    paths = stage_paths(history)
    touches = touches_of(paths, 0, history.as_of_us + 1)
    facts, pace = open_facts(paths, touches), bundle.pace or UNKNOWN_PACE
    due = due_times(facts, pace, answer_limit(bundle.config.targets))
    rows = {lead: row for row, lead in enumerate(facts.lead.tolist())}
    log = history.interactions
    times = (due.unanswered_us, due.silent_us, due.stuck_us, due.untouched_us)
    found = {}
    for position in positions:
        row = rows.get(position)
        if row is None:
            continue
        found[position] = LeadFacts(
            entered_us=int(facts.entered_us[row]),
            last_touch=last_touch(log, position, int(facts.last_touch_us[row])),
            asked=question(log, position, int(facts.asked_us[row])),
            due=due_of([int(us[row]) for us in times]),
            next_stage=stage_after(paths.names, facts.stage[row]),
            answer_hours=pace.answer_hours,
        )
    return found
