"""A funnel whose export holds the open leads and those closed since some day."""

from history.history import LOST, WON, History
from history.text.times import DAY_US
from tests.builders.leads.lead_histories import START_US, Decision, Lead, history_of


def late_history(days: int) -> History:
    """Four leads a day for `days` days, each won or lost after 8 days; those decided in the first 60 are missing."""
    leads_ = []
    for k in range(4 * days):
        created = START_US + k * DAY_US // 4
        end = created + 8 * DAY_US + k % 7 * DAY_US // 8
        if end >= START_US + 60 * DAY_US:
            leads_.append(Lead(created, decisions=[Decision(end, end, WON if k % 3 == 0 else LOST)]))
        elif k % 2 == 0:
            leads_.append(Lead(created))  # never decided
    return history_of(leads_, START_US + days * DAY_US)
