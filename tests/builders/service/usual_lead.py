"""A stored lead with all the usual attributes: with fewer a model of the simulated CRM would abstain."""

from pathlib import Path
from typing import Any

from history.text.times import DAY_US, format_time
from serving.store.leads.lead_rows import LeadRows, find_leads, rows_of
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, Clock, event

ATTRIBUTES: dict[str, Any] = {
    "owner": "Ann",
    "source": "partner",
    "industry": "software",
    "country": "DE",
    "product": "team",
    "employees": 50,
    "seats": 12,
    "profile_fit": 60,
    "is_customer": False,
    "work_email": True,
    "newsletter": True,
    "contact_role": "manager",
    "annual_budget": 9000,
    "planned_close_on": "2026-08-01",
}


def rows_with(folder: Path, *events: dict[str, Any]) -> LeadRows:
    """The rows of the lead `a` with these events, alone in a new store."""
    store = Store(folder, now_us=Clock())
    put(store, **ATTRIBUTES)
    post(store, *events)
    with store.engine.reading() as connection:
        rows = rows_of(connection, [find_leads(connection, ["a"])["a"]])
    store.close()
    return rows


def inbound(kind: str, days: float, channel: str = "phone") -> dict[str, Any]:
    """A message of the lead so many days ago."""
    data = {"kind": kind, "channel": channel, "direction": "inbound"}
    return event(f"{kind}{days}", "a", data, occurred_at=format_time(int(NOW_US - days * DAY_US)))
