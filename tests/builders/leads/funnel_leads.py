"""Leads written by hand in days, and the History they become."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints
from history.config.config import FunnelConfig
from history.history import (
    INBOUND,
    LOST,
    OPEN,
    OUTBOUND,
    WON,
    Factor,
    History,
    Interactions,
    Outcomes,
    Stages,
    no_changes,
)
from history.text.times import DAY_US

START_US = 1_700_006_400_000_000  # 2023-11-15T00:00:00Z
STAGES = ("new", "demo", "offer")
CONFIG = FunnelConfig(stages=STAGES, horizon_days=10, currency="EUR")
STATES = {"open": OPEN, "won": WON, "lost": LOST}
DIRECTIONS = {"in": INBOUND, "out": OUTBOUND, "": 0}


@dataclass(frozen=True)
class Lead:
    """One lead; all times are days since START_US.

    decisions are (day, state, amount), touches (day, in or out or nothing).
    """

    created: float
    stages: Sequence[tuple[float, str]] = ()
    decisions: Sequence[tuple[float, str, float]] = ()
    touches: Sequence[tuple[float, str]] = ()
    source: str | None = None
    owner: str | None = None


def day(days: float) -> int:
    return START_US + round(days * DAY_US)


def factor(texts: Sequence[str | None]) -> Factor:
    values = sorted({text for text in texts if text is not None})
    codes = [-1 if text is None else values.index(text) for text in texts]
    return Factor(np.array(codes, dtype=np.int32), values)


def ints(numbers: Sequence[int]) -> Ints:
    return np.array(numbers, dtype=np.int64)


def _log(groups: Sequence[Sequence[float]]) -> tuple[Ints, Ints, Ints]:
    offsets = np.concatenate(([0], np.cumsum([len(rows) for rows in groups]))).astype(np.int64)
    times = ints([day(d) for rows in groups for d in rows])
    return offsets, times, times


def history_of(leads: Sequence[Lead], as_of: float, config: FunnelConfig = CONFIG) -> History:
    """The history of leads whose rows are in order of time, as of a day."""
    touches = [t for lead in leads for t in lead.touches]
    decisions = [d for lead in leads for d in lead.decisions]
    return History(
        config=config,
        as_of_us=day(as_of),
        lead_ids=[f"L{i}" for i in range(1, len(leads) + 1)],
        created_us=ints([day(lead.created) for lead in leads]),
        attributes={
            "source": factor([lead.source for lead in leads]),
            "owner": factor([lead.owner for lead in leads]),
        },
        interactions=Interactions(
            *_log([[t[0] for t in lead.touches] for lead in leads]),
            factor(["call"] * len(touches)),
            factor([None] * len(touches)),
            np.array([DIRECTIONS[t[1]] for t in touches], dtype=np.int8),
            np.full(len(touches), math.nan),
        ),
        stages=Stages(
            *_log([[s[0] for s in lead.stages] for lead in leads]),
            factor([s[1] for lead in leads for s in lead.stages]),
        ),
        outcomes=Outcomes(
            *_log([[d[0] for d in lead.decisions] for lead in leads]),
            np.array([STATES[d[1]] for d in decisions], dtype=np.int8),
            np.array([d[2] for d in decisions], dtype=np.float64),
            factor([None] * len(decisions)),
            np.zeros(len(decisions), dtype=np.bool_),
        ),
        changes=no_changes(len(leads)),
    )
