"""Snapshots: the state of a lead at any instant, against a plain reading of the outcomes, and what cut keeps."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from history.base.arrays import Ints
from history.config.config import FunnelConfig
from history.history import LOST, OPEN, WON, Factor, History, Outcomes, empty_factor
from history.read import read_records
from history.snapshot import Snapshot, all_leads, cut, open_leads, state_at, state_rows
from tests.builders.leads.lead_records import DAY_US, START_US, lead_records, plain

instants = st.integers(-2, 45).map(lambda step: START_US + step * DAY_US // 4)
decisions = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 4), st.sampled_from([OPEN, WON, LOST])), max_size=6
)


def outcomes_of(leads: list[list[tuple[int, int, int]]]) -> Outcomes:
    rows = [(i, time, time + late, state) for i, lead in enumerate(leads) for time, late, state in lead]
    rows.sort(key=lambda row: row[:3])
    lead, time, known, state = (np.array([row[k] for row in rows], dtype=np.int64) for k in range(4))
    offsets = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=len(leads)))))
    n = len(rows)
    return Outcomes(
        offsets,
        time,
        known,
        state.astype(np.int8),
        np.full(n, np.nan),
        empty_factor(n),
        np.zeros(n, dtype=np.bool_),
    )


@given(leads=st.lists(decisions, min_size=1, max_size=5), at=st.integers(-1, 14))
def test_the_latest_visible_outcome_decides(leads: list[list[tuple[int, int, int]]], at: int) -> None:
    outcomes = outcomes_of(leads)
    rows = state_rows(outcomes, np.arange(len(leads)), np.full(len(leads), at, dtype=np.int64))
    for i, row in enumerate(rows.tolist()):
        mine = range(outcomes.offsets[i], outcomes.offsets[i + 1])
        visible = [r for r in mine if outcomes.known_us[r] <= at]
        assert row == max(visible, default=-1)


@settings(max_examples=40, deadline=None)
@given(records=lead_records(), at=instants)
def test_open_leads_are_those_that_exist_and_are_not_decided(records: list[dict[str, Any]], at: int) -> None:
    history = read(records)
    there = all_leads(history, at)
    assert there.lead.tolist() == [
        i for i, created in enumerate(history.created_us.tolist()) if created <= at
    ]
    states = state_at(history, there.lead, there.as_of_us)
    assert open_leads(history, at).lead.tolist() == [
        i for i, s in zip(there.lead.tolist(), states, strict=True) if s == OPEN
    ]


@settings(max_examples=40, deadline=None)
@given(records=lead_records(), first=instants, second=instants)
def test_cutting_twice_is_cutting_at_the_earlier(
    records: list[dict[str, Any]], first: int, second: int
) -> None:
    history, early, late = read(records), min(first, second), max(first, second)
    assert (
        plain(cut(cut(history, late), early))
        == plain(cut(history, early))
        == plain(cut(cut(history, early), late))
    )


@settings(max_examples=40, deadline=None)
@given(records=lead_records(), at=instants)
def test_a_cut_changes_no_state(records: list[dict[str, Any]], at: int) -> None:
    whole, part = all_leads(read(records), at), all_leads(cut(read(records), at), at)
    assert states(whole).tolist() == states(part).tolist()


def test_a_row_is_visible_at_its_very_instant() -> None:
    history = read([{"lead_id": "a", "created_at": "2024-01-01T00:00:00Z"}])
    created = int(history.created_us[0])
    assert [len(open_leads(history, created + step)) for step in (-1, 0)] == [0, 1]


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=12), st.randoms())
def test_a_compact_factor_depends_on_its_texts_alone(texts: list[str | None], random: Any) -> None:
    values = list({text for text in texts if text is not None} | {"unused"})
    random.shuffle(values)
    codes: Ints = np.array([-1 if t is None else values.index(t) for t in texts], dtype=np.int64)
    compact = Factor(codes.astype(np.int32), values).compact()
    assert [compact.text(i) for i in range(len(texts))] == texts
    assert list(compact.values) == sorted({text for text in texts if text is not None})


def read(records: list[dict[str, Any]]) -> History:
    return read_records(records, FunnelConfig(inferred=("stages",)), START_US)[0]


def states(snapshot: Snapshot) -> Any:
    return state_at(snapshot.history, snapshot.lead, snapshot.as_of_us)
