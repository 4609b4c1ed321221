"""Assignments against a walk lead by lead, over arbitrary owners and changes."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from funnel.state.leads.assignments import assignments
from history.history import Changes
from tests.builders.leads.funnel_leads import Lead, day, factor, history_of, ints

names = st.sampled_from(["Ann", "Bob", None])
leads = st.lists(
    st.tuples(names, st.lists(st.tuples(st.sampled_from(["owner", "plan"]), names), max_size=4)), max_size=4
)


@given(leads)
def test_assignments_equal_a_walk_by_lead(
    drawn: list[tuple[str | None, list[tuple[str, str | None]]]],
) -> None:
    rows = [(attribute, value) for _, changed in drawn for attribute, value in changed]
    offsets = np.concatenate(([0], np.cumsum([len(changed) for _, changed in drawn]))).astype(np.int64)
    at = ints([day(1 + k) for _, changed in drawn for k in range(len(changed))])
    changes = Changes(
        offsets, at, at, factor([attribute for attribute, _ in rows]), factor([value for _, value in rows])
    )
    history = replace(history_of([Lead(0, owner=owner) for owner, _ in drawn], 30), changes=changes)
    expected = []
    for i, (owner, changed) in enumerate(drawn):
        expected.append((i, day(0), owner))
        for k, (attribute, value) in enumerate(changed):
            if attribute == "owner" and value != expected[-1][2]:
                expected.append((i, day(1 + k), value))
    assigned = assignments(history)
    owners = [assigned.owner.text(i) for i in range(len(assigned))]
    assert list(zip(assigned.lead.tolist(), assigned.at_us.tolist(), owners, strict=True)) == expected
