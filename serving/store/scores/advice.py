"""Beside the score of an open lead: what the sellers could do that would raise it most, and how leads like it ended.

What could be done is the model's what-if and no promise of a cause: leads that are called may have been better leads.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from features.interactions.rows import Walks
from history.base.arrays import Floats
from models.bundle import Bundle
from models.scorer import open_leads, probability_of
from serving.store.leads.lead_rows import LeadRows
from serving.store.scores.acts import Acts, acts_of
from serving.store.scores.ready import ReadyLead
from serving.store.scores.what_if import NOTHING, changed, snapshot_of

MOST_SUGGESTIONS = 3
LEAST_POINTS = 0.05  # smaller ones would read as +0.0
NO_ADVICE: dict[str, list[dict[str, Any]]] = {"suggestions": [], "similar": []}


def advice(bundle: Bundle, rows: LeadRows, as_of_us: int) -> dict[str, list[dict[str, Any]]]:
    """suggestions: {change, points, said} of acts that raise the first lead's probability, best first; similar: {stage,
    outcome, amount, days} of past leads like it, nearest first. The lead is open at as_of_us.

    Each variant is a history of its own: in one they would count as other leads of the account.
    """
    if bundle.conversion is None:
        return NO_ADVICE
    acts = acts_of(bundle, rows, as_of_us)
    each = [
        open_leads(bundle, snapshot_of(changed(rows, change), bundle, as_of_us))
        for change in (NOTHING, *acts.changes(as_of_us))
    ]
    parts = bundle.conversion.contributions(each[0].matrix.values[:1]).parts
    return {
        "suggestions": _best(acts, as_of_us, [float(leads.probability[0]) for leads in each]),
        "similar": _similar(bundle, each[0].stages[0], parts[0]),
    }


class ScoredLead(NamedTuple):
    """A lead with a score at an instant: its probability, its stage, its features (k,) with the walks over its
    interactions, and the parts (k,) of its log-odds."""

    ready: ReadyLead
    as_of_us: int
    probability: float
    stage: str | None
    values: Floats
    walks: Walks | None
    parts: Floats


def advice_of_leads(bundle: Bundle, leads: Sequence[ScoredLead]) -> list[dict[str, list[dict[str, Any]]]]:
    """`advice` of leads that are scored, for a model that does not read accounts.

    The variants of all leads are evaluated together: the fixed cost of their figures is that of one lead.
    """
    counts = [lead.ready.acts.count for lead in leads]
    reached = _reached(bundle, leads, counts) if any(counts) else []
    advised, at = [], 0
    for lead, count in zip(leads, counts, strict=True):
        ends = [lead.probability, *reached[at : at + count]]
        at += count
        advised.append(
            {
                "suggestions": _best(lead.ready.acts, lead.as_of_us, ends),
                "similar": _similar(bundle, lead.stage, lead.parts),
            }
        )
    return advised


def _reached(bundle: Bundle, leads: Sequence[ScoredLead], counts: Sequence[int]) -> list[float]:
    """The probability of each lead after each of its acts, of which it has so many."""
    values = np.empty((sum(counts), len(leads[0].values)))
    stages: list[str | None] = []
    for lead, count in zip(leads, counts, strict=True):
        if count:
            rows = values[len(stages) : len(stages) + count]
            lead.ready.write_varied(rows, lead.values, lead.as_of_us, lead.walks)
            stages += [lead.stage] * count
    reached: list[float] = probability_of(bundle, values, stages).tolist()
    return reached


def _best(acts: Acts, as_of_us: int, reached: Sequence[float]) -> list[dict[str, Any]]:
    """The acts that raise the probability most; reached: without any act, then with each."""
    now, *after = reached
    gains = [(100 * (new - now), place) for place, new in enumerate(after)]
    raising = sorted((gain for gain in gains if gain[0] >= LEAST_POINTS), key=lambda gain: -gain[0])
    best = []
    for points, place in raising[:MOST_SUGGESTIONS]:
        words, said = acts.suggestion(place, as_of_us)
        best.append({"change": words, "points": points, "said": said})
    return best


def _similar(bundle: Bundle, stage: str | None, parts: Floats) -> list[dict[str, Any]]:
    """Past leads like one in this stage with these parts (k,) of its log-odds; [] without a table."""
    return [] if bundle.past_leads is None else bundle.past_leads.similar(stage, parts)
