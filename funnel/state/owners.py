"""Owners: wins against the wins that the model expected of the leads when they were assigned."""

import math
from dataclasses import replace

import numpy as np

from funnel.records import Record
from funnel.state.leads.assignments import OWNER, Assignments, assignments
from history.base.arrays import Floats, Mask
from history.history import OPEN, Factor, History
from history.outcomes.decisions import first_decisions
from history.snapshot import Snapshot, state_at
from models.bundle import Bundle
from models.figures.calibration import shifted_to_total
from models.figures.kernel import Z80
from models.scorer import score


def owners(
    bundle: Bundle, history: History, from_us: int | None = None, to_us: int | None = None
) -> list[Record]:
    """Each owner's wins against the expected wins, the largest surplus first.

    An assignment is a lead's creation with an owner or a change to one, while the lead is open, at
    from_us <= t < to_us and at least one horizon before as_of_us. promised sums the model's probabilities with the
    owner hidden, shifted in log-odds so that all owners together are promised as many wins as happened (indirect
    standardisation). won counts wins within the horizon. The 80 % interval is that of the wins if the probabilities
    were right (normal, independent leads). in_sample is the share of assignments before the end of the model's
    training data, whose probabilities have seen the outcome.
    """
    history = replace(history, config=bundle.config)
    horizon_us = bundle.config.horizon_us
    assigned = _in_period(assignments(history), history.as_of_us - horizon_us, from_us, to_us)
    assigned = assigned.take(state_at(history, assigned.lead, assigned.at_us) == OPEN)
    if not len(assigned):
        return []
    first = first_decisions(
        history.outcomes, assigned.lead, assigned.at_us, horizon_us, known_by_us=history.as_of_us
    )
    won = first.won.astype(np.float64)
    snapshot = Snapshot(_without_owners(history), assigned.lead, assigned.at_us)
    promised = shifted_to_total(score(bundle, snapshot, 0).probability, float(won.sum()))
    in_sample = assigned.at_us < bundle.trained_through_us

    owner = assigned.owner.compact()
    records = []
    for code, name in enumerate(owner.values):
        mine = owner.codes == code
        records.append(_record(name, promised[mine], won[mine], in_sample[mine]))
    return sorted(records, key=lambda record: -record["above"])


def _in_period(assigned: Assignments, last_us: int, from_us: int | None, to_us: int | None) -> Assignments:
    """Assignments with an owner in [from_us, to_us), up to and with last_us."""
    fits = (assigned.at_us <= last_us) & (assigned.owner.codes >= 0)
    if from_us is not None:
        fits &= assigned.at_us >= from_us
    if to_us is not None:
        fits &= assigned.at_us < to_us
    return assigned.take(fits)


def _without_owners(history: History) -> History:
    """The history without the owner column and its changes."""
    attributes = {name: factor for name, factor in history.attributes.items() if name != OWNER}
    changes = history.changes
    if OWNER not in changes.attribute.values:
        return replace(history, attributes=attributes)
    owner = list(changes.attribute.values).index(OWNER)
    codes = np.where(changes.attribute.codes == owner, -1, changes.attribute.codes).astype(np.int32)
    hidden = replace(changes, attribute=Factor(codes, changes.attribute.values))
    return replace(history, attributes=attributes, changes=hidden)


def _record(owner: str, promised: Floats, won: Floats, in_sample: Mask) -> Record:
    """The figures of one owner's assignments (m,)."""
    wins, expected = float(won.sum()), float(promised.sum())
    half = Z80 * math.sqrt(float((promised * (1 - promised)).sum()))
    return {
        "owner": owner,
        "leads": len(promised),
        "won": int(wins),
        "promised": expected,
        "promised_low": max(expected - half, 0.0),
        "promised_high": min(expected + half, float(len(promised))),
        "above": wins - expected,
        "differs": bool(abs(wins - expected) > half),
        "in_sample": float(in_sample.mean()),
    }
