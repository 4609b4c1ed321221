"""From moves and the present state to outcomes: the deal is right, its moves say when."""

from typing import Any

import numpy as np
import pytest

from connectors.deals.deals import (
    LOST,
    NO_TIME,
    OPEN,
    WON,
    Deals,
    DealTables,
    Moves,
    deal_tables,
)
from history.text.times import DAY_US

START, EXPORTED = 1_750_000_000_000_000, 1_750_000_000_000_000 + 100 * DAY_US
STAGES, STATES = ("new", "offer", "won", "lost"), np.array([OPEN, OPEN, WON, LOST], dtype=np.int8)


def day(number: float | None) -> int:
    return NO_TIME if number is None else START + round(number * DAY_US)


def tables(
    state: int,
    moves: list[tuple[float, str]],
    *,
    closed: float | None = None,
    stage: str | None = None,
    **deal: Any,
) -> DealTables:
    """The tables of one deal of 50, created on day 0, with these moves (day, stage)."""
    deals = Deals(
        ids=["D"],
        created_us=np.array([START]),
        state=np.array([state], dtype=np.int8),
        stage=np.array([-1 if stage is None else STAGES.index(stage)], dtype=np.int32),
        stage_us=np.array([day(deal.get("since"))]),
        closed_us=np.array([day(closed)]),
        amount=np.array([50.0]),
        reason=["price"],
    )
    n = len(moves)
    log = Moves(
        deal=np.zeros(n, dtype=np.int64),
        us=np.array([day(d) for d, _ in moves], dtype=np.int64),
        stage=np.array([STAGES.index(name) for _, name in moves], dtype=np.int32),
        amount=np.full(n, 20.0),
        rank=np.arange(n),
        stages=STAGES,
        stage_states=STATES,
        of_today=np.array([name in deal.get("of_today", ()) for _, name in moves], dtype=np.bool_),
    )
    return deal_tables(deals, log, EXPORTED)


def outcomes(result: DealTables) -> list[tuple[str, float | None, float | None]]:
    """(outcome, day, amount) of each row."""
    times = result.outcomes.column("closed_at").cast("int64").to_pylist()
    days = [None if us is None else (us - START) / DAY_US for us in times]
    return list(zip(result.outcomes.column("outcome").to_pylist(), days, result.outcomes.column("amount").to_pylist(),
                    strict=True))  # fmt: skip


def entries(result: DealTables) -> list[tuple[str, float]]:
    times = result.stages.column("entered_at").cast("int64").to_pylist()
    names = result.stages.column("stage").to_pylist()
    return [(name, (us - START) / DAY_US) for name, us in zip(names, times, strict=True)]


def test_closing_stage_is_an_outcome_at_its_move() -> None:
    result = tables(WON, [(0, "new"), (3, "offer"), (9, "won")], closed=30)
    assert entries(result) == [("new", 0), ("offer", 3)]
    assert outcomes(result) == [("won", 9, 50.0)]


def test_return_to_an_open_stage_reopens() -> None:
    result = tables(WON, [(0, "new"), (2, "won"), (4, "offer"), (6, "won")])
    assert outcomes(result) == [("won", 2, 20.0), ("open", 4, None), ("won", 6, 50.0)]


def test_moves_within_a_stage_are_no_entries() -> None:
    assert entries(tables(OPEN, [(0, "new"), (1, "new"), (2, "offer"), (3, "offer")])) == [
        ("new", 0),
        ("offer", 2),
    ]


@pytest.mark.parametrize(("closed", "at"), [(30, 30), (-5, 3), (2, 3), (400, 100), (None, None)])
def test_decision_without_a_move_is_dated_by_its_closing_day(closed: float | None, at: float | None) -> None:
    """Never before the last move, never after the export."""
    result = tables(LOST, [(0, "new"), (3, "offer")], closed=closed)
    assert outcomes(result) == [("lost", at, None)]
    assert result.outcomes.column("reason").to_pylist() == ["price"]


@pytest.mark.parametrize("moves", [[], [(0, "new")], [(20, "won")]])
def test_closing_day_before_the_creation_stays_one(moves: list[tuple[float, str]]) -> None:
    """At the creation it looked like a deal won within a moment; the folder's rule counts it, cycle time unknown."""
    assert outcomes(tables(WON, moves, closed=-5)) == [("won", -5, 50.0)]


def test_decision_without_a_date_has_no_time() -> None:
    """With the time of the export, thousands of deals were open until that day and decided on it."""
    result = tables(LOST, [(0, "new")])
    assert [(r["outcome"], r["closed_at"], r["recorded_at"]) for r in result.outcomes.to_pylist()] == [
        ("lost", None, None)
    ]


def test_open_deal_whose_moves_end_closed_reopens_at_the_export() -> None:
    assert outcomes(tables(OPEN, [(0, "new"), (5, "lost")])) == [("lost", 5, None), ("open", 100, None)]


@pytest.mark.parametrize(("since", "at"), [(7, 7), (None, 100)])
def test_open_deal_without_moves_is_in_its_present_stage(since: float | None, at: float) -> None:
    assert entries(tables(OPEN, [], stage="offer", since=since)) == [("offer", at)]


def test_deal_entered_closed_counts_from_its_closing_day() -> None:
    """Put in later, known later: the closing day is the better witness of when."""
    result = tables(WON, [(20, "won")], closed=4)
    assert outcomes(result) == [("won", 4, 50.0)]
    (recorded,) = result.outcomes.column("recorded_at").cast("int64").to_pylist()
    assert recorded == day(20)


def known(result: DealTables) -> list[float | None]:
    """The day on which each stage entry became known, None for its own."""
    times = result.stages.column("recorded_at").cast("int64").to_pylist()
    return [None if us is None else (us - START) / DAY_US for us in times]


def test_present_stage_without_a_history_is_known_from_the_export_on() -> None:
    """As history it would tell of lost deals and not of won ones: a list view of Odoo expected 3 wins of 67."""
    moves: list[tuple[float, str]] = [(0, "new"), (10, "offer"), (20, "lost")]
    assert known(tables(LOST, moves, of_today=("offer",))) == [None, 100]
    assert known(tables(LOST, moves)) == [None, None]
    assert known(tables(OPEN, [], stage="offer", since=3)) == [100]
