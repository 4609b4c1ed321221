"""The table of past leads: closed training leads, once in each stage, with what spoke for and against them."""

import numpy as np

from history.base.arrays import Floats, Ints
from history.history import WON
from history.snapshot import current_stages
from models.figures.additive import AdditiveModel
from models.reasons.past_leads import PastLeads, compared
from training.rows.labels import NOTHING_YET, label
from training.rows.training_set import TrainingSet

MOST_LEADS = 1_000  # rows of the table; more would only make the bundle larger
COMPARED = 8  # features
DECIMALS = 4  # of log-odds


def past_leads(training_set: TrainingSet, model: AdditiveModel, seed: int) -> PastLeads | None:
    """A random sample of closed leads, one training row for each lead and stage; None if none is closed.

    A lead's decision counts however long it took: what is asked is how it ended, not whether within the horizon.
    """
    snapshot = training_set.rows.snapshot
    span_us = training_set.as_of_us - int(snapshot.as_of_us.min()) + 1 if len(snapshot) else 0
    labels = label(snapshot, span_us)
    names = current_stages(snapshot)
    stages = tuple(sorted(set(names), key=lambda name: (name is not None, name or "")))
    codes = {name: code for code, name in enumerate(stages)}
    stage = np.array([codes[name] for name in names], dtype=np.int64)

    closed = np.flatnonzero(labels.outcome != NOTHING_YET)
    rows = _one_a_lead_and_stage(closed, snapshot.lead, stage, seed)[:MOST_LEADS]
    if not len(rows):
        return None
    rows = np.sort(rows)
    contributions = model.contributions(training_set.values[rows]).parts
    columns = _weightiest(contributions)
    won = labels.outcome[rows] == WON
    return PastLeads(
        columns=columns,
        stages=stages,
        stage=stage[rows],
        parts=np.round(compared(contributions, columns), DECIMALS),
        won=won,
        amount=np.where(won, labels.amount[rows], np.nan),
        days=np.round(labels.days[rows], 1),
    )


def _one_a_lead_and_stage(rows: Ints, lead: Ints, stage: Ints, seed: int) -> Ints:
    """A random one of the rows of each lead and stage, in random order."""
    order = np.random.default_rng(seed).permutation(rows)
    pairs = np.column_stack([lead[order], stage[order]])
    _, first = np.unique(pairs, axis=0, return_index=True)
    return np.asarray(order[np.sort(first)], dtype=np.int64)


def _weightiest(contributions: Floats) -> Ints:
    """The columns (c,) with the largest mean absolute contribution, in their order."""
    size = np.abs(contributions).mean(axis=0)
    return np.sort(np.argsort(-size, kind="stable")[:COMPARED]).astype(np.int64)
