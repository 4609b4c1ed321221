"""What-if of stored leads: the same to the bit as if the rows had been stored, in one history or in many."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.history import INBOUND, OUTBOUND
from history.snapshot import Snapshot
from history.text.times import DAY_US, format_time
from models.bundle import Bundle
from models.pointer import champion
from models.scorer import open_leads, score
from serving.store.history import history_of
from serving.store.lead_rows import find_leads, rows_of
from serving.store.scores import what_if
from serving.store.scores.what_if import (
    NOTHING,
    Change,
    _copies,
    changed,
    open_variants,
    snapshot_of,
)
from serving.store.store import Store
from tests.builders.scored_store import CREATED_US, post, put
from tests.builders.store_fakes import NOW_US, Clock, event

KINDS = ("call", "email_open", "demo", "web_visit")
STAGES = ("new", "qualified", "proposal")


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


def filled(folder: Path, seed: int) -> Store:
    """A store with a lead of random rows among others."""
    draw, store = random.Random(seed), Store(folder, now_us=Clock(NOW_US - DAY_US))
    for lead_id in ("before", "a", "after"):
        put(store, lead_id, owner="Ann", industry="software", seats=draw.randrange(1, 90))
        for number in range(draw.randrange(3, 20)):
            at = format_time(CREATED_US + draw.randrange(50) * DAY_US)
            data: dict[str, Any] = {"kind": draw.choice(KINDS), "direction": "inbound", "channel": "email"}
            post(store, event(f"{lead_id}{number}", lead_id, data, occurred_at=at))
    return store


def rows_in(store: Store) -> Any:
    with store.engine.reading() as connection:
        return rows_of(connection, [find_leads(connection, ["a"])["a"]])


ADDED = {
    "interactions": (NOW_US, NOW_US, "call", "phone", OUTBOUND, 6.0, None),
    "stages": (NOW_US, NOW_US, "proposal"),
    "attribute_changes": (NOW_US, NOW_US, "owner", '"Bob"'),
}
EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "interactions": (
        "interaction",
        {"kind": "call", "channel": "phone", "direction": "outbound", "value": 6.0},
    ),
    "stages": ("stage", {"stage": "proposal"}),
    "attribute_changes": ("attributes", {"owner": "Bob"}),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("table", list(ADDED))
def test_added_rows_score_as_stored_ones(tmp_path: Path, bundle: Bundle, table: str, seed: int) -> None:
    thought, real = filled(tmp_path / "one", seed), filled(tmp_path / "two", seed)
    before = rows_in(thought)
    with_row = changed(before, Change({table: [ADDED[table]]}))
    if isinstance(real.now_us, Clock):
        real.now_us.now_us = NOW_US
    kind, data = EVENTS[table]
    post(real, event("new", "a", data, kind, occurred_at=format_time(NOW_US)))
    imagined = score(bundle, snapshot_of(with_row, bundle, NOW_US), None).records()
    stored = score(bundle, snapshot_of(rows_in(real), bundle, NOW_US), None).records()
    assert imagined == stored
    assert imagined != score(bundle, snapshot_of(before, bundle, NOW_US), None).records()
    assert rows_in(thought) == before
    for store in (thought, real):
        store.close()


@pytest.mark.parametrize("seed", range(4))
def test_copies_score_as_changes_one_by_one(tmp_path: Path, bundle: Bundle, seed: int) -> None:
    store = filled(tmp_path, seed)
    rows = rows_in(store)
    changes = [NOTHING, *(Change({table: [row]}) for table, row in ADDED.items())]
    changes.append(Change({"interactions": [(NOW_US, NOW_US, "new kind", None, INBOUND, None, "i")] * 2}))
    (together,) = open_variants(bundle, rows, changes, NOW_US)
    alone = [score(bundle, snapshot_of(changed(rows, one), bundle, NOW_US), 0) for one in changes]
    assert together.probability.tolist() == [float(one.probability[0]) for one in alone]
    assert list(together.stages) == [one.stage[0] for one in alone]
    store.close()


@pytest.mark.parametrize("seed", range(4))
def test_variants_of_arrays_equal_those_of_rows(
    tmp_path: Path, bundle: Bundle, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What sellers could do now is added to arrays; the reference copies every row."""
    monkeypatch.setattr(what_if, "LONG_LEAD", 0)
    store = filled(tmp_path, seed)
    if seed % 2:
        post(store, event("s", "a", {"stage": "demo"}, "stage"), event("r", "a", {"n": 7}, "attributes"))
        post(store, event("c", "a", {"kind": "Web Visit", "channel": "SITE"}))
    if seed == 3:
        post(store, event("o", "a", {"outcome": "lost"}, "outcome", occurred_at="2026-05-02T10:00:00Z"))
        post(store, event("p", "a", {"outcome": "open"}, "outcome", occurred_at="2026-05-03T10:00:00Z"))
    rows = rows_in(store)
    touches = [
        (NOW_US, NOW_US, "CALL", "phone", OUTBOUND, 6.0, None),
        (NOW_US, NOW_US, "new kind", None, INBOUND, None, "i"),
    ]
    changes = [
        NOTHING,
        *(Change({"interactions": [touch]}) for touch in touches),
        Change({"interactions": touches, "stages": []}),
        Change({"attribute_changes": [ADDED["attribute_changes"], (NOW_US, NOW_US, "seats", None)]}),
    ]
    (made,) = open_variants(bundle, rows, changes, NOW_US)
    history = history_of(_copies(rows, changes), bundle.config, NOW_US)
    leads, times = np.arange(len(changes)), np.full(len(changes), NOW_US)
    reference = open_leads(bundle, Snapshot(history, leads, times))
    assert made.matrix.values.tobytes() == reference.matrix.values.tobytes()
    assert made.probability.tobytes() == reference.probability.tobytes()
    assert list(made.stages) == list(reference.stages)
    at_hand = history_of(rows.only(0), bundle.config, NOW_US)
    (again,) = open_variants(bundle, rows, changes, NOW_US, at_hand)
    assert again.matrix.values.tobytes() == reference.matrix.values.tobytes()
    store.close()


def test_variants_of_a_lead_without_rows(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "LONG_LEAD", 0)
    store = Store(tmp_path, now_us=Clock(NOW_US - DAY_US))
    put(store)
    rows = rows_in(store)
    changes = [NOTHING, Change({name: [ADDED[name]] for name in ("interactions", "attribute_changes")})]
    (made,) = open_variants(bundle, rows, changes, NOW_US)
    alone = [score(bundle, snapshot_of(changed(rows, one), bundle, NOW_US), 0) for one in changes]
    assert made.probability.tolist() == [float(one.probability[0]) for one in alone]
    store.close()


def test_models_of_accounts_score_each_change_apart(tmp_path: Path, bundle: Bundle) -> None:
    declared = {"calls_of_account": {"of": "interactions", "kind": ["call"], "scope": "account"}}
    config = replace(bundle.config, features=declared)
    known = bundle.training_ranges
    ranges = replace(
        known,
        low=np.append(known.low, np.nan),
        high=np.append(known.high, np.nan),
        usual=np.append(known.usual, False),
    )
    vocabulary = replace(bundle.vocabulary, config=config)
    accounts = replace(bundle, conversion=None, vocabulary=vocabulary, training_ranges=ranges)
    assert accounts.vocabulary.reads_accounts
    store = filled(tmp_path, 1)
    rows = rows_in(store)
    changes = [NOTHING, Change({"interactions": [ADDED["interactions"]]})]
    each = open_variants(accounts, rows, changes, NOW_US)
    assert [len(one.probability) for one in each] == [1, 1]
    column = [f.name for f in each[0].matrix.features].index("calls_of_account")
    calls = [float(one.matrix.values[0, column]) for one in each]
    assert calls[1] == calls[0] + 1
    store.close()
