"""Small histories for the tests of features: rows of a lead, strategies that make them, the History they become."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from history.base.arrays import Ints
from history.config.config import FunnelConfig
from history.history import (
    INBOUND,
    LOST,
    NO_DIRECTION,
    OPEN,
    OUTBOUND,
    WON,
    Changes,
    Factor,
    History,
    Interactions,
    Outcomes,
    Stages,
)
from history.text.times import DAY_US, HOUR_US

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
START_US = 1_700_006_400_000_000  # a midnight in November 2023
STAGES = ("new", "demo", "offer")
CONFIG = FunnelConfig(
    stages=STAGES, horizon_days=10, mutable=("score",), sensitive=("age",), ignore=("note",)
)


class Touch(NamedTuple):
    time: int
    known: int
    kind: str | None
    channel: str | None = None
    direction: int = NO_DIRECTION
    value: float = float("nan")


class Entry(NamedTuple):
    time: int
    known: int
    stage: str


class Decision(NamedTuple):
    time: int
    known: int
    state: int


class Change(NamedTuple):
    time: int
    known: int
    attribute: str
    value: str | None


@dataclass(frozen=True)
class Lead:
    """One lead's rows, in file order."""

    created: int
    attributes: dict[str, str | None] = field(default_factory=dict)
    touches: Sequence[Touch] = ()
    entries: Sequence[Entry] = ()
    decisions: Sequence[Decision] = ()
    changes: Sequence[Change] = ()


def factor(texts: Sequence[str | None]) -> Factor:
    """The texts as codes over their sorted values."""
    values = sorted({text for text in texts if text is not None})
    place = {text: code for code, text in enumerate(values)}
    codes = [-1 if text is None else place[text] for text in texts]
    return Factor(np.array(codes, dtype=np.int32), values)


def history_of(leads: Sequence[Lead], as_of_us: int, config: FunnelConfig = CONFIG) -> History:
    """The history of leads, rows ordered by time and ties by their order in the lead."""
    touches = [sorted(lead.touches, key=lambda row: row.time) for lead in leads]
    entries = [sorted(lead.entries, key=lambda row: row.time) for lead in leads]
    decisions = [sorted(lead.decisions, key=lambda row: row.time) for lead in leads]
    changes = [sorted(lead.changes, key=lambda row: row.time) for lead in leads]
    names = sorted({name for lead in leads for name in lead.attributes})
    return History(
        config,
        as_of_us,
        [f"lead-{i}" for i in range(len(leads))],
        _ints([lead.created for lead in leads]),
        {name: factor([lead.attributes.get(name) for lead in leads]) for name in names},
        _interactions(touches),
        Stages(*_times(entries), factor([row.stage for rows in entries for row in rows])),
        _outcomes(decisions),
        Changes(
            *_times(changes),
            factor([row.attribute for rows in changes for row in rows]),
            factor([row.value for rows in changes for row in rows]),
        ),
    )


def _ints(numbers: Sequence[int]) -> Ints:
    return np.array(numbers, dtype=np.int64)


def _times(
    groups: Sequence[Sequence[Touch | Entry | Decision | Change]],
) -> tuple[Ints, Ints, Ints]:
    offsets = np.concatenate(([0], np.cumsum([len(rows) for rows in groups]))).astype(np.int64)
    flat = [row for rows in groups for row in rows]
    return offsets, _ints([row.time for row in flat]), _ints([row.known for row in flat])


def _interactions(groups: Sequence[Sequence[Touch]]) -> Interactions:
    flat = [row for rows in groups for row in rows]
    return Interactions(
        *_times(groups),
        factor([row.kind for row in flat]),
        factor([row.channel for row in flat]),
        np.array([row.direction for row in flat], dtype=np.int8),
        np.array([row.value for row in flat], dtype=np.float64),
    )


def _outcomes(groups: Sequence[Sequence[Decision]]) -> Outcomes:
    flat = [row for rows in groups for row in rows]
    n = len(flat)
    return Outcomes(
        *_times(groups),
        np.array([row.state for row in flat], dtype=np.int8),
        np.full(n, np.nan),
        factor([None] * n),
        np.zeros(n, dtype=np.bool_),
    )


# A coarse grid of times makes ties, and rows exactly at as_of and at the edges of windows, common.
instants = st.integers(0, 480).map(lambda quarter: START_US + quarter * 6 * HOUR_US)
delays = st.sampled_from([0, 0, 0, 6 * HOUR_US, 3 * DAY_US, 40 * DAY_US])
maybe_texts = st.sampled_from(["3", "3.0", "01", "x", "y", "True", "true", None])
dates = st.sampled_from(["2023-12-24", "2024-02-29T10:30:00+02:00", "2023-11-01 08:00", "soon", None])
picks = st.sampled_from(["ERP;BI", "bi", " erp ;x; X", ";", None])
numbers = st.sampled_from(["1", "2.5", "-3e2", "nan", "1_0", "many", None])


@st.composite
def touches(draw: st.DrawFn) -> Touch:
    time = draw(instants)
    return Touch(
        time,
        time + draw(delays),
        draw(st.sampled_from(["call", "mail", "rare", "rarer", None])),
        draw(st.sampled_from(["phone", "pigeon", None])),
        draw(st.sampled_from([NO_DIRECTION, INBOUND, OUTBOUND])),
        draw(st.sampled_from([float("nan"), 0.0, 2.5, -1.0])),
    )


@st.composite
def stage_entries(draw: st.DrawFn) -> Entry:
    time = draw(instants)
    return Entry(time, time + draw(delays), draw(st.sampled_from([*STAGES, "odd", "odder"])))


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    time = draw(instants)
    return Decision(time, time + draw(delays), draw(st.sampled_from([OPEN, WON, LOST])))


@st.composite
def attribute_changes(draw: st.DrawFn) -> Change:
    time = draw(instants)
    name = draw(
        st.sampled_from(["size", "plan", "due", "score", "agreed", "age", "note", "tools", "unheard"])
    )
    by_name = {"size": numbers, "score": numbers, "due": dates, "tools": picks}
    return Change(time, time + draw(delays), name, draw(by_name.get(name, maybe_texts)))


@st.composite
def leads(draw: st.DrawFn) -> Lead:
    return Lead(
        draw(instants),
        {
            "size": draw(numbers),
            "score": draw(numbers),
            "due": draw(dates),
            "agreed": draw(st.sampled_from(["true", "FALSE", "1", "0", "maybe", None])),
            "plan": draw(maybe_texts),
            "age": draw(numbers),
            "tools": draw(picks),
            "note": draw(maybe_texts),
        },
        draw(st.lists(touches(), max_size=9)),
        draw(st.lists(stage_entries(), max_size=6)),
        draw(st.lists(decisions(), max_size=3)),
        draw(st.lists(attribute_changes(), max_size=5)),
    )


histories = st.lists(leads(), min_size=1, max_size=4)
