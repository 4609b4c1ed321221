"""Leads in one view of the store, and their new scores."""

import pytest

from history.config.config import FunnelConfig
from history.history import History
from history.text.times import DAY_US
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import LeadRows
from serving.store.scores.rescoring import view as view_module
from serving.store.store import Store
from tests.builders.service.scored_store import put, score_all, view
from tests.builders.service.store_fakes import NOW_US, FakeModel

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_a_page_of_leads_is_read_into_one_history(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which leads are open and their scores come from the same arrays; another instant has its own."""
    for lead_id in ("a", "b"):
        put(store, lead_id)
    made: list[int] = []

    def counted(rows: LeadRows, config: FunnelConfig, as_of_us: int) -> History:
        made.append(as_of_us)
        return history_of(rows, config, as_of_us)

    monkeypatch.setattr(view_module, "history_of", counted)
    assert score_all(store, FakeModel(), NOW_US) == 2
    assert made == [NOW_US]
    seen = view(store, "a")
    config = FakeModel().config
    assert seen.history(config, NOW_US) is seen.history(config, NOW_US)
    assert seen.history(config, NOW_US - DAY_US).as_of_us == NOW_US - DAY_US
