"""Packed rows: columns up to a row and the rows since are the lead's rows, bit for bit, or they are not read."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from history.config.config import FunnelConfig
from history.history import Factor, History
from history.text.times import DAY_US, format_time
from serving.base.event import event_key
from serving.store import schema as db
from serving.store.corrections import REPLACE, RETRACT, Correction, correct_events
from serving.store.event_ids import event_names
from serving.store.leads import packed_rows
from serving.store.leads.history import history_of
from serving.store.leads.lead_heads import lead_heads
from serving.store.leads.lead_rows import LeadRows, rows_of
from serving.store.leads.leads import erase_leads
from serving.store.leads.packed_rows import DIGEST_BYTES, PackedLead, keep_packed, pack, read_packed, unpack
from serving.store.leads.timeline import timeline
from serving.store.schema import CONTENT, ROW_NO
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_queued
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]
KINDS = ("call", "Call", "e-mail", "gespräch")


@pytest.fixture(autouse=True)
def _few_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_rows, "LEAST_ROWS", 5)


def touch(draw: random.Random, number: int) -> dict[str, Any]:
    """An interaction with some of its fields, whose time may lie before those that came earlier."""
    data: dict[str, Any] = {"kind": draw.choice(KINDS)}
    if draw.random() < 0.7:
        data |= {"channel": draw.choice(("phone", "web")), "direction": draw.choice(("inbound", "outbound"))}
    if draw.random() < 0.5:
        data["value"] = draw.choice((0.0, -1.5, 1e17))
    if draw.random() < 0.5:
        data["interaction_id"] = f"i{number}"
    at = format_time(NOW_US - draw.randrange(1, 50) * DAY_US)
    return event(f"e{number}", "a", data, occurred_at=at)


def filled(store: Store, seed: int = 0, count: int = 12) -> random.Random:
    """A store with a lead whose rows are packed."""
    draw = random.Random(seed)
    put(store, "a", owner="Ann")
    post(store, *(touch(draw, number) for number in range(count)))
    post(store, event("s", "a", {"stage": "new"}, "stage"))
    score_queued(store, FakeModel())
    return draw


def both(store: Store) -> tuple[LeadRows | None, LeadRows]:
    """The lead's rows with packed ones, and without."""
    with store.engine.reading() as connection:
        head = lead_heads(connection, ["a"])["a"]
        lead = head.row()
        packed = None
        if head.packed_through is not None:
            packed = read_packed(connection, lead, head.corrected_row)
        return packed, rows_of(connection, [lead])


def assert_same(store: Store, packed: LeadRows, rows: LeadRows) -> None:
    """Equal histories, to the bit, and equal first pages."""
    one, other = (history_of(of, FunnelConfig(), NOW_US) for of in (packed, rows))
    assert arrays(one) == arrays(other)
    with store.engine.reading() as connection:
        names = event_names(connection, rows.leads[0].lead_no)
        assert timeline(packed, names, limit=7) == timeline(rows, names, limit=7)


def arrays(history: History) -> list[Any]:
    columns: list[Any] = []
    for log in (history.interactions, history.stages, history.outcomes, history.changes):
        for name, column in vars(log).items():
            if isinstance(column, Factor):
                columns += [column.codes.tobytes(), list(column.values)]
            elif name != "ids":
                columns.append(column.tobytes())
    return columns


@pytest.mark.parametrize("seed", range(3))
def test_packed_rows_are_the_rows_whatever_happens(store: Store, seed: int) -> None:
    draw, packed_reads = filled(store, seed), 0
    for number in range(100, 130):
        act = draw.choice(("touch", "touch", "touch", "correct", "values", "score"))
        if act == "touch":
            post(store, touch(draw, number))
        elif act == "correct":
            event_id = f"e{draw.randrange(12)}"
            action = draw.choice((RETRACT, REPLACE))
            store.writer.write(
                correct_events, [Correction(event_id, event_key(event_id), action, NOW_US - DAY_US)]
            )
        elif act == "values":
            put(store, "a", owner=draw.choice(("Ann", "Bob")))
        else:
            score_queued(store, FakeModel())
        packed, rows = both(store)
        if packed is not None:
            packed_reads += 1
            assert_same(store, packed, rows)
    assert packed_reads > 9


def test_rows_are_packed_again_once_many_have_arrived(store: Store) -> None:
    draw = filled(store, count=40)

    def through() -> int | None:
        with store.engine.reading() as connection:
            return lead_heads(connection, ["a"])["a"].packed_through

    first = through()
    post(store, touch(draw, 100))
    score_queued(store, FakeModel())
    assert through() == first
    post(store, *(touch(draw, number) for number in range(200, 210)))
    score_queued(store, FakeModel())
    assert (through() or 0) > (first or 0)


def test_a_small_lead_is_not_packed(store: Store) -> None:
    filled(store, count=4)
    assert both(store)[0] is None


def body_of(store: Store) -> bytes:
    with store.engine.reading() as connection:
        return bytes(connection.execute(db.packed_rows.select()).one().body)


def write_body(store: Store, body: bytes) -> None:
    with store.engine.writing() as connection:
        connection.execute(db.packed_rows.update().values(body=body))


def test_every_damaged_byte_is_noticed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    filled(store)
    body = body_of(store)
    assert unpack(1, body) is not None
    for place in (0, DIGEST_BYTES - 1, DIGEST_BYTES, len(body) // 2, len(body) - 1):
        broken = bytearray(body)
        broken[place] ^= 1
        assert unpack(1, bytes(broken)) is None
    assert unpack(1, body[:-1]) is None
    write_body(store, bytes(broken))
    packed, _ = both(store)
    assert packed is None
    assert "packed rows" in caplog.text


def test_the_comparison_notices_columns_of_other_rows(store: Store) -> None:
    """Columns with a good digest that are not the lead's rows must fail the tests above."""
    filled(store)
    _, rows = both(store)
    columns = [list(column) for column in rows.tables["interactions"]]
    columns[CONTENT + 3][0] = 17.0
    write_body(store, pack(columns))
    packed, rows = both(store)
    assert packed is not None
    with pytest.raises(AssertionError):
        assert_same(store, packed, rows)


def test_columns_of_before_a_correction_are_neither_written_nor_read(store: Store) -> None:
    filled(store)
    _, rows = both(store)
    columns = rows.tables["interactions"]
    lead_no = rows.leads[0].lead_no
    stale = PackedLead(lead_no, columns[ROW_NO][-1], 0, pack(columns))
    store.writer.write(correct_events, [Correction("e3", event_key("e3"), RETRACT)])
    assert both(store)[0] is None  # dropped with the correction
    assert store.writer.write(keep_packed, [stale]) == 0
    with store.engine.writing() as connection:
        connection.execute(db.packed_rows.insert(), [stale._asdict()])
    assert both(store)[0] is None  # were it written, it would not be read
    store.writer.write(erase_leads, "a")
    assert store.writer.write(keep_packed, [stale]) == 0


def test_an_erased_lead_leaves_no_byte_of_its_columns(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    put(store, "a", owner="Ann")
    put(store, "b", owner="Ann")
    post(store, *(event(f"e{i}", "a", {"kind": f"canary{i % 3}"}) for i in range(400)))
    score_queued(store, FakeModel())
    assert b"canary1" in body_of(store)
    store.writer.write(erase_leads, "a")
    assert store.engine.erase_traces()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and b"canary1" in path.read_bytes()]
    assert files == []
    store.close()


def test_columns_read_back_with_their_types() -> None:
    rows = [(1, 5, 10, 11, "call", None, 2, None, None), (1, 9, 3, 3, "Ruf", "web", 0, -0.0, None)]
    columns = unpack(1, pack(list(zip(*rows, strict=True))))
    assert columns is not None
    assert [column.tolist() for column in columns[:4]] == [[1, 1], [5, 9], [10, 3], [11, 3]]
    assert [[text.text(i) for i in (0, 1)] for text in columns[4:6]] == [["call", "Ruf"], [None, "web"]]
    assert np.isnan(columns[7][0])
    assert np.signbit(columns[7][1])
    assert columns[6].tolist() == [2, 0]
