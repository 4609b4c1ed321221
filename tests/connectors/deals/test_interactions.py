"""Rows of interactions: entries before the event say nothing, an id counts once, kinds have one spelling."""

import numpy as np
import pytest

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import SeenIds, Touches, slug


def test_entry_counts_only_after_the_event() -> None:
    touches = Touches(
        lead=np.array([1, 0, 1]),
        us=np.array([10, 20, 30]),
        entered_us=np.array([15, 20, NO_TIME]),
        kind=["call"] * 3,
        id=["1", None, "3"],
        channel=["phone", None, None],
        direction=[None] * 3,
        value=np.array([2.5, np.nan, np.inf]),
    )
    rows = touches.table(["a", "b"])
    assert rows.column("lead_id").to_pylist() == ["b", "a", "b"]
    assert rows.column("recorded_at").cast("int64").to_pylist() == [15, None, None]
    assert rows.column("value").to_pylist() == [2.5, None, None]


def test_id_is_new_once_over_all_batches() -> None:
    seen = SeenIds()
    assert seen.are_new(["1", None, "1", None]).tolist() == [True, True, False, True]
    assert seen.are_new(["2", "1"]).tolist() == [True, False]


@pytest.mark.parametrize("seed", range(3))
def test_new_ids_are_those_that_no_batch_had(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen, known = SeenIds(), set[str]()
    for size in rng.integers(0, 400, 30).tolist():
        ids = [str(number) for number in rng.integers(0, 3000, size).tolist()]
        expected = [id_ not in known and id_ not in ids[:place] for place, id_ in enumerate(ids)]
        assert seen.are_new(ids).tolist() == expected
        known |= set(ids)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Incoming E-mail", "incoming_e_mail"),
        ("EmailOpen", "email_open"),
        ("call", "call"),
        ("電話", "電話"),
        ("--", "other"),
    ],
)
def test_kind_has_one_spelling(text: str, name: str) -> None:
    assert slug(text) == name
    assert slug(name) == name
