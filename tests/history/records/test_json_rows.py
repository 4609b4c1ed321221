"""Interactions read straight from JSON are those of the decoded list, or left to the slower reading."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.config.config import FunnelConfig
from history.history import Interactions
from history.read import read_records
from history.records.json_rows import interactions_of_json
from history.records.logs import interactions_of
from history.records.rows import rows_of
from tests.builders.leads.lead_records import NOW_US, TIME, lead, lead_records, plain

MOST = 50
TIMES = [
    "2026-01-31T09:30:00Z", "2026-01-31T09:30:00.25Z", "2026-01-31T10:30:00+01:00", "2026-01-30T23:59:59.999999-05:30",
    "1990-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
]  # fmt: skip
row = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["call", "mail", "визит", "Call ", "a b"]),
        "occurred_at": st.sampled_from(TIMES),
    },
    optional={
        "recorded_at": st.sampled_from([None, *TIMES]),
        "channel": st.sampled_from([None, "phone", "web", "電話", " web"]),
        "direction": st.sampled_from([None, "inbound", "outbound"]),
        "value": st.one_of(st.none(), st.integers(0, 10**6), st.sampled_from([0.5, -12.25, 3.0, -7])),
    },
)
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r ")])


def slowly(rows: list[dict[str, Any]]) -> Interactions:
    return interactions_of(rows_of([lead(interactions=rows)]).tables["interactions"])


def content(log: Interactions) -> dict[str, Any]:
    """All but the ids, which only the slower reading keeps."""
    columns = {name: value for name, value in vars(log).items() if name != "ids"}
    return {
        name: value.tolist()
        if isinstance(value, np.ndarray) and name != "value"
        else np.nan_to_num(value, nan=-1e9).tolist()
        if name == "value"
        else (value.codes.tolist(), list(value.values))
        for name, value in columns.items()
    }


@given(st.lists(row, max_size=12), separators, st.randoms(use_true_random=False))
def test_usual_rows_are_those_of_the_decoded_list(rows: list[Any], separators: Any, random: Any) -> None:
    shuffled = []
    for i, of_row in enumerate(rows):
        items = [*of_row.items(), ("interaction_id", f"i{i}")]
        random.shuffle(items)
        shuffled.append(dict(items))
    text = json.dumps(shuffled, ensure_ascii=False, separators=separators).encode()
    log = interactions_of_json(text, MOST)
    assert log is not None
    assert content(log) == content(slowly(rows))


UNUSUAL = [
    '[{"kind": "call"}]',
    '[{"kind": "call", "kind": "mail", "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "other": 1}]',
    '[{"kind": "c\\u0061ll", "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": "", "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": " ", "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": "\u2003", "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": null, "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": 1, "occurred_at": "2026-01-31T09:30:00Z"}]',
    '[{"kind": "call", "occurred_at": "2026-01-31"}]',
    '[{"kind": "call", "occurred_at": "2026-02-30T09:30:00Z"}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00.1234567Z"}]',
    '[{"kind": "call", "occurred_at": "1989-12-31T23:59:59Z"}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "direction": "sideways"}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "direction": ""}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "value": "1"}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "value": 01}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "value": 1e3}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "value": -0}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z", "value": true}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z"}] x',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z"},]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z",}]',
    '[{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z"}',
    '{"kind": "call", "occurred_at": "2026-01-31T09:30:00Z"}',
    "[[]]",
    "[{}]",
    "[null]",
    "null",
    "",
    "[",
]


@pytest.mark.parametrize("text", UNUSUAL)
def test_other_forms_are_left_to_the_slower_reading(text: str) -> None:
    assert interactions_of_json(text.encode(), MOST) is None


def test_one_id_twice_more_rows_than_allowed_and_many_kinds_are_left_to_the_slower_reading() -> None:
    rows = [{"kind": "call", "occurred_at": TIME, "interaction_id": "1"} for _ in range(2)]
    assert interactions_of_json(json.dumps(rows).encode(), MOST) is None
    allowed = [{"kind": "call", "occurred_at": TIME} for _ in range(MOST)]
    assert interactions_of_json(json.dumps(allowed).encode(), MOST) is not None
    assert interactions_of_json(json.dumps([*allowed, allowed[0]]).encode(), MOST) is None
    kinds = [{"kind": f"kind {i}", "occurred_at": TIME} for i in range(300)]
    assert interactions_of_json(json.dumps(kinds).encode(), 1000) is None


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80).map(str.encode),
    st.integers(0, 200),
    st.integers(0, 200),
)
def test_no_text_is_read_past_its_end(wild: bytes, at: int, cut: int) -> None:
    rows = [{"kind": "call", "occurred_at": TIME, "value": 1.5, "channel": None}] * 2
    good = json.dumps(rows).encode()
    for text in (wild, good[:cut], good[:at] + wild + good[at:]):
        log = interactions_of_json(text, MOST)
        if log is not None:
            assert content(log) == content(slowly(json.loads(text)))


@given(lead_records(), st.data())
def test_leads_read_either_way_become_one_history(records: list[dict[str, Any]], data: st.DataObject) -> None:
    config = FunnelConfig()
    mixed = []
    for record in records:
        text = json.dumps(record["interactions"], ensure_ascii=False).encode()
        log = interactions_of_json(text, MOST) if data.draw(st.booleans()) else None
        mixed.append(record if log is None else {**record, "interactions": log})
    expected, _ = read_records(records, config, NOW_US)
    history, refusals = read_records(mixed, config, NOW_US)
    assert refusals == [None] * len(records)
    assert _told(history) == _told(expected)


def _told(history: Any) -> Any:
    """The content of a history with its kinds and channels as texts: leads of one request may spell them apart."""
    told = plain(history)
    log = history.interactions
    texts = {
        name: [_folded(getattr(log, name).text(i)) for i in range(len(log.time_us))]
        for name in ("kind", "channel")
    }
    told["interactions"] = {**told["interactions"], "ids": None, **texts}
    return told


def _folded(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split()).casefold()
