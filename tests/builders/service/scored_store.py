"""Writes to a store and scores it with the arithmetic scorer of store_fakes."""

from typing import Any

from history.base.progress import no_progress
from history.text.times import DAY_US
from serving.store.events import store_events
from serving.store.leads.lead_rows import find_leads
from serving.store.leads.leads import PutLead, put_leads
from serving.store.scores.history import score_history
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.scores.rescoring.changed_leads import count_waiting, rescore_dirty
from serving.store.scores.rescoring.view import LeadView, view_leads
from serving.store.scores.worklist.selection import WorklistQuery
from serving.store.scores.worklist.worklist import Worklist
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US, FakeModel, fake_score, read_events

CREATED_US = NOW_US - 60 * DAY_US


def put(store: Store, lead_id: str = "a", created_us: int = CREATED_US, **values: Any) -> None:
    """Creates a lead or merges values into it."""
    store.writer.write(put_leads, PutLead(lead_id, created_us, values))


def post(store: Store, *events: dict[str, Any]) -> None:
    """Stores events, all of which must be accepted."""
    result = store.writer.write(store_events, read_events({"events": list(events)}))
    assert (result.accepted, result.rejected) == (len(events), [])


def score_queued(store: Store, model: FakeModel) -> int:
    """Scores the queued leads."""
    return rescore_dirty(store, model, score=fake_score)  # type: ignore[arg-type]


def score_all(store: Store, model: FakeModel, as_of_us: int) -> int:
    """Scores all open leads."""
    return rescore_all(store, model, as_of_us, no_progress, fake_score)  # type: ignore[arg-type]


def view(store: Store, lead_id: str) -> LeadView:
    """The lead as a scorer reads it."""
    with store.engine.reading() as connection:
        leads = list(find_leads(connection, [lead_id]).values())
        return view_leads(connection, leads, FakeModel())  # type: ignore[arg-type]


def history(store: Store, lead_id: str = "a") -> list[dict[str, Any]]:
    """The history of the lead's score, oldest first."""
    with store.engine.reading() as connection:
        lead = find_leads(connection, [lead_id])[lead_id]
        return score_history(connection, lead.lead_no, 100, None).entries[::-1]


def listed(store: Store) -> dict[str, dict[str, Any]]:
    """The worklist's entries by lead_id."""
    with store.engine.reading() as connection:
        page = Worklist(store.now_us).page(connection, WorklistQuery())
    return {entry["lead_id"]: entry for entry in page.entries}


def waiting(store: Store) -> int:
    """Number of leads that are queued for a score."""
    with store.engine.reading() as connection:
        return count_waiting(connection)
