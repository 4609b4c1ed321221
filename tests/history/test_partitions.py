"""Parts of a snapshot: every row once, whole leads, whole accounts where they are read, and little else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.history import History
from history.partitions import Needs, split
from history.snapshot import Snapshot
from tests.builders.engines.part_engine import COUNTS
from tests.builders.leads.lead_histories import START_US, Change, Lead, history_of, instants
from tests.builders.leads.made_leads import LAST_US, made_leads

ACCOUNTS = st.sampled_from(["acme", "beta", "gamma", "delta", None])


@st.composite
def leads_with_accounts(draw: st.DrawFn) -> list[Lead]:
    """Leads with an account at creation, none, or some by changes that may clear it."""
    leads = []
    for _ in range(draw(st.integers(1, 12))):
        changes = [
            Change(at, at, "account_id", draw(ACCOUNTS)) for at in draw(st.lists(instants, max_size=2))
        ]
        leads.append(Lead(START_US, {"account_id": draw(ACCOUNTS)}, changes=changes))
    return leads


def accounts_of(history: History, lead: int) -> set[str]:
    """Every account that a lead ever had."""
    changes = history.changes
    rows = range(int(changes.offsets[lead]), int(changes.offsets[lead + 1]))
    texts = {changes.value.text(row) for row in rows if changes.attribute.text(row) == "account_id"}
    return {text for text in {*texts, history.attributes["account_id"].text(lead)} if text}


def mates_of(history: History, lead: int) -> set[int]:
    """The leads that accounts join to a lead, one after the other."""
    mates = {lead}
    while True:
        accounts = set[str]().union(*(accounts_of(history, mate) for mate in mates))
        more = mates | {i for i in range(len(history)) if accounts_of(history, i) & accounts}
        if more == mates:
            return mates
        mates = more


@pytest.mark.parametrize("count", COUNTS)
def test_every_row_is_in_one_part_with_its_lead_and_instant(count: int) -> None:
    history = history_of(made_leads(90, seed=2), LAST_US)
    rng = np.random.default_rng(count)
    whole = Snapshot(history, rng.integers(0, 90, 200), LAST_US - rng.integers(0, 9, 200))
    parts = [*split(whole, count, Needs(()))]
    assert len(parts) <= count
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == [*range(200)]
    for part in parts:
        assert part.snapshot.as_of_us.tolist() == whole.as_of_us[part.rows].tolist()
        ids = [part.snapshot.history.lead_ids[i] for i in part.snapshot.lead.tolist()]
        assert ids == [history.lead_ids[i] for i in whole.lead[part.rows].tolist()]
        assert set(part.snapshot.history.lead_ids) == set(ids), "no lead without a row is sent"
        assert set(part.snapshot.history.attributes) == set[str]()
    leads = [set(part.snapshot.history.lead_ids) for part in parts]
    assert sum(map(len, leads)) == len(set[str]().union(*leads)), "all rows of a lead are in one part"


@given(leads_with_accounts(), st.sampled_from(COUNTS), st.data())
def test_accounts_stay_together(leads: list[Lead], count: int, data: st.DataObject) -> None:
    history = history_of(leads, LAST_US)
    n = len(history)
    lead = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=5)), dtype=np.int64)
    rows = 0
    for part in split(Snapshot(history, lead, np.full(len(lead), LAST_US)), count, Needs((), accounts=True)):
        rows += len(part.rows)
        there = {history.lead_ids.index(id_) for id_ in part.snapshot.history.lead_ids}
        assert there == set[int]().union(*(mates_of(history, i) for i in lead[part.rows].tolist()))
    assert rows == len(lead)


def test_parts_are_alike_in_size() -> None:
    history = history_of(made_leads(600, seed=4), LAST_US)
    whole = Snapshot(history, np.arange(600), np.full(600, LAST_US))
    sizes = [len(part.rows) for part in split(whole, 4, Needs(()))]
    assert max(sizes) < 1.3 * min(sizes)
