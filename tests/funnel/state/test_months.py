"""Months of a report."""

from dataclasses import replace

from funnel.state.state import funnel_state
from tests.builders.leads.funnel_leads import CONFIG, Lead, history_of


def test_months_are_in_the_funnels_time_zone() -> None:
    """1 December begins in Auckland at 11:00 UTC of 30 November, day 15."""
    leads = [Lead(15.45), Lead(15.46)]
    months = funnel_state(history_of(leads, 20, replace(CONFIG, timezone="Pacific/Auckland")))["total"][
        "months"
    ]
    assert [(m["month"], m["entered"]) for m in months] == [("2023-11-01", 1), ("2023-12-01", 1)]
