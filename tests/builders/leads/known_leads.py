"""Leads known to a forecast, by their ages and states."""

import numpy as np

from funnel.known_leads import KnownLeads
from history.base.arrays import Floats
from history.history import OPEN, WON
from history.text.times import DAY_US

NOW_US = 1_780_000_000_000_000  # 2026-05-28T20:26:40Z


def known_leads_of(age: Floats, state: list[int], amount: float = 100.0) -> KnownLeads:
    """Leads closed, or open, at these ages (n,); decided ones were created 400 days ago."""
    states = np.array(state, dtype=np.int8)
    created = np.where(states == OPEN, NOW_US - age * DAY_US, NOW_US - 400 * DAY_US).astype(np.int64)
    end = (created + age * DAY_US).astype(np.int64)
    amounts = np.where(states == WON, amount, np.nan)
    return KnownLeads(NOW_US, np.arange(len(age)), created, end, states, amounts)
