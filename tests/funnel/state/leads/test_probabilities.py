"""Model outputs of open leads, now and a week earlier, under made-up scores."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import funnel.state.leads.probabilities
from funnel.state.leads.probabilities import lead_probabilities
from history.snapshot import Snapshot
from tests.builders.leads.funnel_leads import CONFIG, Lead, history_of

BUNDLE: Any = SimpleNamespace(config=CONFIG)


@pytest.fixture(autouse=True)
def fake_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probability is a hundredth of the lead's age in days; every amount is 100."""

    def score(_bundle: object, snapshot: Snapshot, _reasons: int) -> Any:
        age_us = snapshot.as_of_us - snapshot.history.created_us[snapshot.lead]
        probability = age_us / 86_400_000_000 / 100
        return SimpleNamespace(probability=probability, expected_amount=np.full(len(snapshot), 100.0))

    monkeypatch.setattr(funnel.state.leads.probabilities, "score", score)


def test_probabilities_are_of_leads_open_at_each_date() -> None:
    """As of day 30: an old lead, one closed on day 25, one created on day 25."""
    leads = [Lead(0), Lead(0, [], [(25, "lost", 1.0)]), Lead(25)]
    probabilities = lead_probabilities(BUNDLE, history_of(leads, 30))
    np.testing.assert_allclose(probabilities.now, [0.30, np.nan, 0.05])
    np.testing.assert_allclose(probabilities.earlier, [0.23, 0.23, np.nan])
    np.testing.assert_allclose(probabilities.amount, [100.0, np.nan, 100.0])


def test_without_open_leads_all_is_unknown() -> None:
    probabilities = lead_probabilities(BUNDLE, history_of([Lead(0, [], [(2, "won", 1.0)])], 30))
    assert np.isnan(probabilities.now).all()
    assert np.isnan(probabilities.earlier).all()
