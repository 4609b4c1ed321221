"""Saved scores: never older than the stored one, never of an erased lead."""

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from serving.store import schema as db
from serving.store.leads.leads import erase_leads
from serving.store.scores.rescoring.view import score_view
from serving.store.scores.saved import _SET_AFTERWARDS, NewScore, save_scores, stored_scores
from serving.store.store import Store
from tests.builders.service.scored_store import listed, post, put, score_queued, view, waiting
from tests.builders.service.store_fakes import NOW_US, FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_older_score_does_not_replace_a_newer_one(store: Store) -> None:
    """A slow scorer that read the lead before an event must not overwrite the score with it."""
    put(store)
    score_queued(store, FakeModel())
    read_before = view(store, "a")
    slow = score_view(FakeModel(), read_before, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    post(store, event("1", "a", {"kind": "call"}))
    score_queued(store, FakeModel())
    new = listed(store)["a"]
    assert store.writer.write(save_scores, slow) == 0
    assert listed(store)["a"] == new


def test_event_during_scoring_keeps_its_lead_queued(store: Store) -> None:
    put(store)
    read_before = view(store, "a")
    scored = score_view(FakeModel(), read_before, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    post(store, event("1", "a", {"kind": "call"}))
    assert store.writer.write(save_scores, scored) == 1
    assert waiting(store) == 1


def test_lead_erased_during_scoring_stays_erased(store: Store) -> None:
    put(store)
    read_before = view(store, "a")
    scored = score_view(FakeModel(), read_before, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    store.writer.write(erase_leads, "a")
    put(store)
    assert store.writer.write(save_scores, scored) == 0
    with store.engine.reading() as connection:
        assert connection.execute(select(db.scores)).all() == []


@pytest.mark.parametrize("seed", range(3))
def test_further_score_replaces_every_column(store: Store, seed: int) -> None:
    """Whatever changed: columns that seldom change are left out of the update only if they are equal."""
    draw = random.Random(seed)
    leads = [str(number) for number in range(6)]
    for lead_id in leads:
        put(store, lead_id)
    score_queued(store, FakeModel())
    for _ in range(6):
        new = [changed(draw, store, lead_id) for lead_id in leads]
        assert store.writer.write(save_scores, new) == len(new)
        with store.engine.reading() as connection:
            rows = connection.execute(select(db.scores).order_by(db.scores.c.lead_no)).mappings().all()
            groups = dict(
                map(
                    tuple, connection.execute(select(db.worklist_groups.c.group_no, db.worklist_groups.c.key))
                )
            )
        for row, score in zip(rows, new, strict=True):
            own = {"group_no", *_SET_AFTERWARDS}
            assert {name: row[name] for name in row if name not in own} == {
                name: score.row[name] for name in row if name not in own
            }
            assert (row["group_no"] is not None) == (row["is_open"] == 1)
            if row["group_no"] is not None:
                assert f'"{row["grade"]}"' in groups[row["group_no"]]


def changed(draw: random.Random, store: Store, lead_id: str) -> NewScore:
    """A further score of the lead with some other values."""
    read = view(store, lead_id)
    (score,) = score_view(FakeModel(), read, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    row: dict[str, Any] = dict(score.row)
    row["probability"] = draw.random()
    for name, values in (
        ("touch_us", (0, NOW_US)),
        ("created_us", (row["created_us"], 5)),
        ("grade", ("A", "B")),
        ("is_open", (0, 1, 1)),
        ("search", ("a", "b")),
        ("owner", ("Ann", None)),
    ):
        if draw.random() < 0.4:
            row[name] = draw.choice(values)
    with store.engine.reading() as connection:
        stored = stored_scores(connection, [row["lead_no"]])[row["lead_no"]]
    return replace(score, row=row, replaces=stored.stamp)
