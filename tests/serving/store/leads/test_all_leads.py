"""The whole store read in batches: the same History, to the last bit, as from lists of rows."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from history.config.config import FunnelConfig
from history.history import Factor, History
from history.text.times import DAY_US, format_time
from serving.store import schema as db
from serving.store.leads import all_leads as module
from serving.store.leads.all_leads import all_leads
from serving.store.leads.history import history_of, history_of_leads
from serving.store.leads.lead_rows import lead_row, rows_of
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, post, put
from tests.builders.service.store_fakes import NOW_US, event
from tests.builders.service.store_folder import FAR_US, load

pytest_plugins = ["tests.builders.service.store_fixtures"]

# Equal in Python, or equal as text, or no text at all.
SCALARS: list[Any] = [
    1,
    1.0,
    True,
    "1",
    "true",
    0,
    False,
    "",
    "  ",
    None,
    "Zoë",
    1e-7,
    2**70,
    -2.5,
    'a"b\\c',
    "x,y",
]


def bits(value: Any) -> Any:
    """A History in a form whose equality is that of every bit."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, Factor):
        return bits(value.codes), list(value.values)
    if isinstance(value, dict):
        return [(name, bits(entry)) for name, entry in value.items()]
    if hasattr(value, "offsets"):
        return bits(vars(value))
    return list(value) if isinstance(value, (list, tuple)) else value


def same(one: History, other: History) -> None:
    """Fails at the first field that differs."""
    for name, value in vars(one).items():
        assert bits(value) == bits(vars(other)[name]), name


def from_rows(store: Store, as_of_us: int, end_us: int, config: FunnelConfig) -> History:
    """The reference: every row as a tuple, every lead with its attributes as a dict."""
    with store.engine.reading() as connection:
        query = select(db.leads).where(db.leads.c.created_us <= as_of_us).order_by(db.leads.c.lead_no)
        leads = [lead_row(row) for row in connection.execute(query)]
        rows = replace(rows_of(connection, leads), end_us=end_us)
    return history_of(rows, config, as_of_us)


def in_batches(store: Store, as_of_us: int, end_us: int, config: FunnelConfig, with_ids: bool) -> History:
    with store.engine.reading() as connection:
        return history_of_leads(all_leads(connection, as_of_us, end_us, with_ids), config, as_of_us)


def fill(store: Store, seed: int) -> None:
    """Leads of many kinds of values, with rows of every table in an order of arrival that is not that of time."""
    draw = random.Random(seed)
    names = [f"lead {i}" for i in range(25)]
    for i, name in enumerate(names):
        values = {
            key: draw.choice(SCALARS) for key in draw.sample(["owner", "source", "n", "z", "account_id"], 3)
        }
        put(store, name, CREATED_US + draw.randrange(40) * DAY_US // (1 + i % 3), **values)
    for i in range(120):
        name, days = draw.choice(names), draw.randrange(45, 59)
        choices: list[tuple[str, dict[str, Any]]] = [
            (
                "interaction",
                {"kind": draw.choice(["call", "Call", "mail"]), "value": draw.choice([None, 1.5])},
            ),
            (
                "interaction",
                {"kind": "web", "channel": "site", "interaction_id": f"i{i}", "direction": "inbound"},
            ),
            ("stage", {"stage": draw.choice(["new", "offer", "demo"])}),
            (
                "outcome",
                {"outcome": draw.choice(["won", "lost", "open"]), "reason": draw.choice([None, "price"])},
            ),
            ("attributes", {draw.choice(["owner", "n", "new"]): draw.choice(SCALARS)}),
        ]
        kind, data = draw.choice(choices)
        data = {key: value for key, value in data.items() if value is not None or kind == "attributes"}
        post(store, event(f"e{i}", name, data, kind, occurred_at=format_time(CREATED_US + days * DAY_US)))


@pytest.mark.parametrize("rows_per_batch", [1, 7, 10_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_batches_equal_rows(
    store: Store, seed: int, rows_per_batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_PER_BATCH", rows_per_batch)
    monkeypatch.setattr(module, "LEADS_PER_BATCH", rows_per_batch)
    fill(store, seed)
    for as_of_us in (NOW_US, CREATED_US + 20 * DAY_US, CREATED_US - DAY_US):
        for config in (FunnelConfig(), FunnelConfig(ignore=("n", "new"))):
            expected = from_rows(store, as_of_us, NOW_US, config)
            same(in_batches(store, as_of_us, NOW_US, config, True), expected)
            without = replace(expected, interactions=replace(expected.interactions, ids=None))
            same(in_batches(store, as_of_us, NOW_US, config, False), without)


def test_batches_equal_the_rows_of_a_folder(store: Store, folder: Path) -> None:
    load(store, folder)
    for as_of_us in (FAR_US, NOW_US, CREATED_US):
        for end_us in (0, NOW_US):
            same(
                in_batches(store, as_of_us, end_us, FunnelConfig(), True),
                from_rows(store, as_of_us, end_us, FunnelConfig()),
            )


def test_empty_store_has_no_leads(store: Store) -> None:
    same(in_batches(store, NOW_US, 0, FunnelConfig(), True), from_rows(store, NOW_US, 0, FunnelConfig()))


def test_scalars_that_only_pythons_json_reads_are_read(store: Store) -> None:
    put(store, "a", x="1")
    with store.engine.writing() as connection:
        connection.execute(db.leads.update().values(attributes='{"x": NaN, "y": 12345678901234567890123}'))
    same(in_batches(store, NOW_US, 0, FunnelConfig(), True), from_rows(store, NOW_US, 0, FunnelConfig()))
