"""Screening: an attribute that leaks the outcome is left out, unless it is kept by name."""

from dataclasses import replace

import numpy as np
import pytest

from history.base.errors import InvalidInput
from history.history import WON, History
from tests.builders.leads.lead_histories import factor
from training.screening import screen


@pytest.fixture(scope="module")
def leaking(small_history: History) -> History:
    """A history whose attribute `invoice` is filled for won leads alone."""
    outcomes = small_history.outcomes
    lead = np.repeat(np.arange(len(small_history)), np.diff(outcomes.offsets))
    won = set(lead[outcomes.state == WON].tolist())
    invoice = factor(["sent" if i in won else None for i in range(len(small_history))])
    return replace(small_history, attributes={**small_history.attributes, "invoice": invoice})


def test_a_leaking_attribute_is_left_out(leaking: History) -> None:
    screened = screen(leaking, keep=())
    assert "invoice" not in screened.history.attributes
    assert "invoice" in screened.history.config.ignore
    assert "leakage_suspected" in {f.code for f in screened.findings if f.subject == "invoice"}
    assert screened.history.attributes.keys() == leaking.attributes.keys() - {"invoice"}


def test_a_kept_attribute_stays(leaking: History) -> None:
    screened = screen(leaking, keep=("invoice",))
    assert "invoice" in screened.history.attributes
    assert "invoice" not in screened.history.config.ignore


def test_keeping_an_unknown_attribute_is_refused(leaking: History) -> None:
    with pytest.raises(InvalidInput, match="--keep invoices"):
        screen(leaking, keep=("invoices",))
