"""Scores for people: sorted by rank, with names and further columns that stay with their lead."""

from dataclasses import replace

import numpy as np
import pytest

from history.history import Factor, History
from history.snapshot import Snapshot, open_leads
from models.bundle import Bundle
from models.scorer import score
from models.scores.presentation import lead_names, present
from models.scores.scores import Scores


@pytest.fixture(scope="module")
def snapshot(history: History) -> Snapshot:
    names = [f"Company {lead_id}" for lead_id in history.lead_ids]
    company = Factor(np.arange(len(names), dtype=np.int32), names)
    return open_leads(
        replace(history, attributes={**history.attributes, "company": company}), history.as_of_us
    )


@pytest.fixture(scope="module")
def scores(bundle: Bundle, snapshot: Snapshot) -> Scores:
    return score(bundle, snapshot, 2)


def test_ranks_follow_expected_revenue(scores: Scores, snapshot: Snapshot) -> None:
    ranked = present(scores, snapshot).scores
    assert list(ranked.rank) == list(range(1, len(scores) + 1))
    assert (np.diff(ranked.expected_revenue) <= 0).all()


def test_ranks_follow_probability_without_amounts(scores: Scores, snapshot: Snapshot) -> None:
    unknown = replace(scores, expected_amount=np.full(len(scores), np.nan))
    assert (np.diff(present(unknown, snapshot).scores.probability) <= 0).all()


def test_every_column_stays_with_its_lead(scores: Scores, snapshot: Snapshot) -> None:
    presented = present(scores, snapshot, ["company"])
    before = {record["lead_id"]: record for record in scores.records()}
    companies = presented.columns["company"]
    for record, company in zip(presented.scores.records(), companies, strict=True):
        assert record["name"] == company == f"Company {record['lead_id']}"
        assert before[record["lead_id"]] == {**record, "name": None, "rank": None}


def test_leads_without_a_telling_column_have_no_name(history: History) -> None:
    assert set(lead_names(open_leads(replace(history, attributes={}), history.as_of_us))) == {None}


def test_name_does_not_depend_on_the_spelling_of_others(history: History) -> None:
    company = Factor(np.arange(len(history), dtype=np.int32) % 3, ["ACME", "Acme ", "acme"])
    leads = open_leads(replace(history, attributes={"company": company}), history.as_of_us)
    together = lead_names(leads)
    assert set(together) == {"ACME", "Acme", "acme"}
    alone = [lead_names(leads.take(np.array([row])))[0] for row in range(len(leads))]
    assert together == alone
