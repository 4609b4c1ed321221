"""Odoo's predictive lead scoring, re-derived from its behaviour: naive Bayes over won and lost counts by team.

A team without counts uses all teams pooled. A won lead counts as won in every stage, a lost lead as lost in every
stage up to its last. The tests hold the figures of Odoo's own test.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SMOOTHING = 0.1  # every count starts from it
MIN_TAGGED = 50  # closed leads with a tag, for it to count
MIN_PERCENT, MAX_PERCENT = 0.01, 99.99  # no open lead is sure
STAGE, TAG = "stage", "tag"


class Value(NamedTuple):
    """A field's value that is counted."""

    field: str
    value: Any


class Totals(NamedTuple):
    """Won and lost counts."""

    won: float
    lost: float


Counts = dict[Value, list[float]]  # [won, lost] of each value


@dataclass(frozen=True)
class Lead:
    """A lead's stage, team (None if none), fields and tags; fields with value None are not counted."""

    stage: str | None
    team: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[Any, ...] = ()

    def values(self) -> list[Value]:
        """The values that are counted beside the stage."""
        values = [Value(name, value) for name, value in self.fields.items() if value is not None]
        return [*values, *(Value(TAG, tag) for tag in self.tags)]


class Frequencies:
    """Won and lost counts by team; stages are in funnel order, and the first one carries the prior."""

    def __init__(self, stages: Sequence[str], closed: Iterable[tuple[Lead, bool]] = ()) -> None:
        self.stages = list(stages)
        self.teams: dict[Any, Counts] = {}
        for lead, won in closed:
            self.close(lead, won)

    def close(self, lead: Lead, won: bool) -> None:
        """Counts a lead in its present state as won or lost."""
        self._add(lead, won, 1.0)

    def reopen(self, lead: Lead, won: bool) -> None:
        """Undoes `close` of a lead in the same state; no count falls below SMOOTHING."""
        self._add(lead, won, -1.0)

    def _add(self, lead: Lead, won: bool, step: float) -> None:
        """Adds a step to the counts of the lead's values and of every stage that it reached."""
        table = self.teams.setdefault(lead.team, {})
        stages = [Value(STAGE, stage) for stage in self._reached(lead, won)]
        side = 0 if won else 1
        for value in [*stages, *lead.values()]:
            counts = table.setdefault(value, [SMOOTHING, SMOOTHING])
            counts[side] = max(SMOOTHING, round(counts[side] + step, 1))

    def _reached(self, lead: Lead, won: bool) -> list[str]:
        if won:
            return self.stages
        if lead.stage not in self.stages:
            return []
        return self.stages[: self.stages.index(lead.stage) + 1]

    def _table(self, team: Any) -> Counts:
        """The counts of a team, or of all teams if it has none."""
        if team is not None and self.teams.get(team):
            return self.teams[team]
        pooled: Counts = {}
        for table in self.teams.values():
            for value, (won, lost) in table.items():
                counts = pooled.setdefault(value, [0.0, 0.0])
                counts[0] += won
                counts[1] += lost
        return pooled

    def score(self, lead: Lead) -> float:
        """Chance of a win of an open lead in per cent, rounded to 0.01; 0 if it has no stage or nothing is counted."""
        table = self._table(lead.team)
        first_stage = Totals(*table.get(Value(STAGE, self.stages[0]), (0.0, 0.0)))
        if lead.stage is None or not first_stage.won or not first_stage.lost:
            return 0.0

        closed = first_stage.won + first_stage.lost
        likelihood_won, likelihood_lost = first_stage.won / closed, first_stage.lost / closed
        totals = _totals(table, first_stage)
        for value in [Value(STAGE, lead.stage), *lead.values()]:
            counts = table.get(value)
            if counts is None or (value.field == TAG and sum(counts) < MIN_TAGGED):
                continue
            total = totals[value.field]
            likelihood_won *= counts[0] / total.won
            likelihood_lost *= counts[1] / total.lost
        percent = 100 * likelihood_won / (likelihood_won + likelihood_lost)
        return min(max(round(percent, 2), MIN_PERCENT), MAX_PERCENT)


def _totals(table: Counts, first_stage: Totals) -> dict[str, Totals]:
    """Totals of each field over its counted values; a stage's are those of the first stage."""
    totals: dict[str, Totals] = {}
    for value, (won, lost) in table.items():
        before = totals.get(value.field, Totals(0.0, 0.0))
        totals[value.field] = Totals(before.won + won, before.lost + lost)
    return {**totals, STAGE: first_stage}
