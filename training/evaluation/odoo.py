"""Odoo's predictive lead scoring re-derived from its behaviour: a naive Bayes over won and lost counts, stages apart.

Counts are per team; a team without any uses all teams pooled. Won leads count as won in every stage, lost leads as lost
in every stage up to their last. Every count starts from 0.1. A tag counts from 50 closed leads on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SMOOTHING = 0.1
FEWEST_TAGGED = 50
LEAST, MOST = 0.01, 99.99  # per cent: no pending lead is sure
STAGE, TAG = "stage", "tag"

Key = tuple[str, Any]
Counts = dict[Key, list[float]]  # (field, value) -> [won, lost]


@dataclass(frozen=True)
class Lead:
    """A lead's team (None for none), stage, tags and other fields; fields without a value (None) count for nothing."""

    stage: str | None
    team: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[Any, ...] = ()

    def keys(self) -> list[Key]:
        """The (field, value) pairs that are counted beside the stage."""
        given = [(name, value) for name, value in self.fields.items() if value is not None]
        return [*given, *((TAG, tag) for tag in self.tags)]


class Frequencies:
    """Won and lost counts by team; stages in the order of the funnel, the first one carrying the prior."""

    def __init__(self, stages: Sequence[str], closed: Iterable[tuple[Lead, bool]] = ()) -> None:
        self.stages = list(stages)
        self.teams: dict[Any, Counts] = {}
        for lead, won in closed:
            self.close(lead, won)

    def close(self, lead: Lead, won: bool) -> None:
        """Counts a lead that was won or lost, as it stands."""
        self._add(lead, won, 1.0)

    def reopen(self, lead: Lead, won: bool) -> None:
        """Takes back what closing the lead, as it stands, had counted; no count falls below SMOOTHING."""
        self._add(lead, won, -1.0)

    def _add(self, lead: Lead, won: bool, step: float) -> None:
        table = self.teams.setdefault(lead.team, {})
        for key in [*((STAGE, stage) for stage in self._reached(lead, won)), *lead.keys()]:
            counts = table.setdefault(key, [SMOOTHING, SMOOTHING])
            side = 0 if won else 1
            counts[side] = max(SMOOTHING, round(counts[side] + step, 1))

    def _reached(self, lead: Lead, won: bool) -> list[str]:
        if won:
            return self.stages
        return self.stages[: self.stages.index(lead.stage) + 1] if lead.stage in self.stages else []

    def _table(self, team: Any) -> Counts:
        if team is not None and self.teams.get(team):
            return self.teams[team]
        pooled: Counts = {}
        for table in self.teams.values():
            for key, (won, lost) in table.items():
                counts = pooled.setdefault(key, [0.0, 0.0])
                counts[0] += won
                counts[1] += lost
        return pooled

    def score(self, lead: Lead) -> float:
        """Per cent of a win for a pending lead, to 0.01 and within LEAST to MOST; 0 without a stage or counts."""
        table = self._table(lead.team)
        won, lost = table.get((STAGE, self.stages[0]), [0.0, 0.0])
        if lead.stage is None or not won or not lost:
            return 0.0
        likely_won, likely_lost = won / (won + lost), lost / (won + lost)
        totals = _totals(table, (won, lost))
        for key in [(STAGE, lead.stage), *lead.keys()]:
            seen = table.get(key)
            if seen is None or (key[0] == TAG and sum(seen) < FEWEST_TAGGED):
                continue
            total_won, total_lost = totals[key[0]]
            likely_won *= seen[0] / total_won
            likely_lost *= seen[1] / total_lost
        return min(max(round(100 * likely_won / (likely_won + likely_lost), 2), LEAST), MOST)


def _totals(table: Counts, first_stage: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """Won and lost totals of each field over its recorded values; the stage's are those of the first stage."""
    totals: dict[str, tuple[float, float]] = {}
    for (name, _), (won, lost) in table.items():
        before = totals.get(name, (0.0, 0.0))
        totals[name] = (before[0] + won, before[1] + lost)
    return {**totals, STAGE: first_stage}
