"""What the model says of the leads: their chances at T and a week before,
and what it promised when an owner got them.
"""

import math
from dataclasses import replace

import numpy as np

from funnel.state.assignments import assignments
from funnel.state.attention import Chances
from funnel.state.period import Record
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US, OPEN, WON, Factor, History
from history.snapshot import Snapshot, open_leads, state_at
from models.bundle import Bundle
from models.calibration import Z80
from models.scorer import score

BEFORE_DAYS = 7


def chances_of(bundle: Bundle, history: History) -> Chances:
    """The chance of every lead open at history.as_of_us, its chance a week before where it was open then, and
    its amount.
    """
    seen = replace(history, config=bundle.config)
    now = np.full(len(history), np.nan)
    before, amount = now.copy(), now.copy()
    snapshot = open_leads(seen, history.as_of_us)
    if len(snapshot):
        scores = score(bundle, snapshot, 0)
        now[snapshot.lead], amount[snapshot.lead] = scores.probability, scores.expected_amount
    earlier = open_leads(seen, history.as_of_us - BEFORE_DAYS * DAY_US)
    if len(earlier):
        before[earlier.lead] = score(bundle, earlier, 0).probability
    return Chances(now, before, amount)


def owners(
    bundle: Bundle, history: History, from_us: int | None = None, to_us: int | None = None
) -> list[Record]:
    """Each owner's wins against those that the leads promised when they got them, most above the promise first.

    An assignment is a lead's creation with an owner or a change to one, while it is open, at from_us <= t < to_us and
    at least one horizon before as_of_us. promised sums the model's chances there with the owner hidden, shifted in
    log-odds so that all owners together are promised what they won (indirect standardisation); won counts wins within
    the horizon. The 80 % interval is that of the wins if the chances were right (normal, the variance of independent
    leads). in_sample is the share of assignments from before the model's own date, whose chances have seen the outcome.
    """
    seen = replace(history, config=bundle.config)
    lead, at_us, owner = assignments(seen)
    last_us = history.as_of_us - bundle.config.horizon_us
    fit = (at_us <= last_us) & (owner.codes >= 0) & (at_us >= (-math.inf if from_us is None else from_us))
    fit &= at_us < (math.inf if to_us is None else to_us)
    fit &= state_at(seen, lead, at_us) == OPEN
    lead, at_us, owner = lead[fit], at_us[fit], owner.take(fit).compact()
    if not len(lead):
        return []
    won = _won_within(seen, lead, at_us, bundle.config.horizon_us)
    promised = levelled(
        score(bundle, Snapshot(_ownerless(seen), lead, at_us), 0).probability, float(won.sum())
    )
    records = [
        _record(name, promised[mine], won[mine], at_us[mine] < bundle.trained_through_us)
        for code, name in enumerate(owner.values)
        if (mine := owner.codes == code).any()
    ]
    return sorted(records, key=lambda r: -r["above"])


def levelled(chance: Floats, total: float) -> Floats:
    """The chances (n,) moved by one step in log-odds so that they add up to `total`; as they are where none can."""
    if not 0 < total < len(chance):
        return chance
    logit = np.log(chance) - np.log1p(-chance)
    low, high = -40.0, 40.0
    for _ in range(60):
        step = (low + high) / 2
        low, high = (step, high) if (1 / (1 + np.exp(-logit - step))).sum() < total else (low, step)
    return np.asarray(1 / (1 + np.exp(-logit - low)))


def _ownerless(history: History) -> History:
    """The history without any trace of who owned its leads."""
    changes, attributes = history.changes, {k: v for k, v in history.attributes.items() if k != "owner"}
    if "owner" not in changes.attribute.values:
        return replace(history, attributes=attributes)
    owner = list(changes.attribute.values).index("owner")
    codes = np.where(changes.attribute.codes == owner, -1, changes.attribute.codes).astype(np.int32)
    hidden = replace(changes, attribute=Factor(codes, changes.attribute.values))
    return replace(history, attributes=attributes, changes=hidden)


def _record(owner: str, promised: Floats, won: Floats, in_sample: Mask) -> Record:
    expected, half = float(promised.sum()), Z80 * math.sqrt(float((promised * (1 - promised)).sum()))
    return {
        "owner": owner,
        "leads": len(promised),
        "won": int(won.sum()),
        "promised": expected,
        "promised_low": max(expected - half, 0.0),
        "promised_high": min(expected + half, float(len(promised))),
        "above": float(won.sum()) - expected,
        "differs": bool(abs(float(won.sum()) - expected) > half),
        "in_sample": float(in_sample.mean()),
    }


def _won_within(history: History, lead: Ints, at_us: Ints, horizon_us: int) -> Floats:
    """1 where the lead's first decision after the instant is a win within the horizon, else 0."""
    outcomes = history.outcomes
    won = np.zeros(len(lead))
    for i, (one, at) in enumerate(zip(lead.tolist(), at_us.tolist(), strict=True)):
        for row in range(outcomes.offsets[one], outcomes.offsets[one + 1]):
            if outcomes.time_us[row] > at and outcomes.state[row] != OPEN:
                won[i] = outcomes.state[row] == WON and outcomes.time_us[row] <= at + horizon_us
                break
    return won
