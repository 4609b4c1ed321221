"""Leads to score are found by stages and outcomes alone, and are those that all of their rows tell."""

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from history.config.config import FunnelConfig
from history.text.times import DAY_US
from serving.store import schema as db
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import lead_row
from serving.store.scores.rescoring.open_leads import are_open, leads_to_score
from serving.store.scores.rescoring.view import view_leads
from serving.store.scores.saved import OPEN_STATUS
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_all
from tests.builders.service.store_fakes import NOW_US, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]

CONFIG = FunnelConfig(won_stages=("Signed",), lost_stages=("Dropped",))


def found(store: Store, as_of_us: int) -> list[str]:
    """The leads to score, by a first look at a page of all leads."""
    end_us = store.data_end_us(store.now_us()) or 0
    with store.engine.reading() as connection:
        page = connection.execute(select(db.leads).order_by(db.leads.c.lead_no)).all()
        return [lead.lead_id for lead in leads_to_score(connection, page, CONFIG, as_of_us, end_us)]


def open_by_all_rows(store: Store, as_of_us: int) -> list[str]:
    model: Any = FakeModel(config=CONFIG)
    end_us = store.data_end_us(store.now_us()) or 0
    with store.engine.reading() as connection:
        rows = connection.execute(select(db.leads).order_by(db.leads.c.lead_no)).all()
        view = view_leads(connection, [lead_row(row) for row in rows], model)
    is_open = are_open(history_of(replace(view.rows, end_us=end_us), CONFIG, as_of_us), as_of_us)
    shown_as_open = {lead_no for lead_no, score in view.stored.items() if score.status in OPEN_STATUS}
    return [
        lead.lead_id
        for place, lead in enumerate(view.rows.leads)
        if is_open[place] or lead.lead_no in shown_as_open
    ]


def test_a_closed_lead_is_scored_once_more_if_it_is_shown_as_open(store: Store) -> None:
    for lead_id in ("open", "won", "signed"):
        put(store, lead_id)
    assert score_all(store, FakeModel(config=CONFIG), NOW_US) == 3
    put(store, "never scored")
    post(store, event("1", "won", {"outcome": "won"}, "outcome"))
    post(store, event("2", "signed", {"stage": "Signed"}, "stage"))
    post(store, event("3", "never scored", {"outcome": "lost"}, "outcome"))
    assert found(store, NOW_US) == ["open", "won", "signed"]
    assert score_all(store, FakeModel(config=CONFIG), NOW_US) == 3
    assert found(store, NOW_US) == ["open"]


@pytest.mark.parametrize("seed", range(4))
def test_they_are_those_that_all_rows_tell(store: Store, seed: int) -> None:
    """Stages and outcomes in any order, some of them later than the time of the scores."""
    draw = random.Random(seed)
    for number in range(12):
        put(store, str(number))
        for place in range(draw.randrange(5)):
            kind, data = draw.choice(
                [
                    ("interaction", {"kind": "call"}),
                    ("stage", {"stage": draw.choice(["new", "Signed", "Dropped", "offer"])}),
                    ("outcome", {"outcome": draw.choice(["won", "lost", "open", "gone"])}),
                ]
            )
            at = f"2026-05-{draw.randrange(1, 20):02}T09:00:00Z"
            post(store, event(f"{number}-{place}", str(number), data, kind, occurred_at=at))
    times = [NOW_US - days * DAY_US for days in (0, 10, 20)]
    assert [found(store, at) for at in times] == [open_by_all_rows(store, at) for at in times]
    score_all(store, FakeModel(config=CONFIG), times[-1])
    assert found(store, NOW_US) == open_by_all_rows(store, NOW_US)
