"""From the turns of a deal's life to moves between stages."""

import numpy as np

from connectors.deals.deals import LOST, OPEN, WON
from connectors.deals.paths import Labels, Life, Turn, path_moves

STAGES = ("new", "offer", "signed", "Won", "Lost")
LABELS = Labels(STAGES, np.array([OPEN, OPEN, WON, WON, LOST], dtype=np.int8), {WON: "Won", LOST: "Lost"})


def moves(
    *turns: Turn, start: int = 10, stage: str | None = "new", before: Turn | None = None
) -> list[tuple[int, str]]:
    result = path_moves([Life(0, start, stage, turns, before)], LABELS)
    return [(us, STAGES[code]) for us, code in zip(result.us.tolist(), result.stage.tolist(), strict=True)]


def test_deal_without_turns_is_in_its_first_stage() -> None:
    assert moves() == [(10, "new")]
    assert moves(stage=None) == []


def test_turns_before_the_start_tell_the_first_stage() -> None:
    assert moves(Turn(5, stage="offer"), Turn(20, stage="new")) == [(10, "offer"), (20, "new")]


def test_lost_deal_returns_to_its_stage() -> None:
    turns = (Turn(20, stage="offer"), Turn(30, state=LOST), Turn(40, state=OPEN))
    assert moves(*turns) == [(10, "new"), (20, "offer"), (30, "Lost"), (40, "offer")]


def test_stage_of_a_closed_deal_is_entered_at_its_return() -> None:
    turns = (Turn(20, state=WON), Turn(30, stage="offer"), Turn(40, state=OPEN))
    assert moves(*turns) == [(10, "new"), (20, "Won"), (40, "offer")]


def test_won_stage_wins_whatever_the_state() -> None:
    turns = (Turn(20, state=LOST), Turn(30, stage="signed"), Turn(40, state=LOST))
    assert moves(*turns) == [(10, "new"), (20, "Lost"), (30, "signed")]


def test_return_into_another_stage_enters_that_one_only() -> None:
    turns = (Turn(20, state=LOST), Turn(30, state=OPEN), Turn(30, stage="offer"))
    assert moves(*turns) == [(10, "new"), (20, "Lost"), (30, "offer")]


def test_entry_at_the_instant_of_a_closing_stays() -> None:
    assert moves(Turn(20, stage="offer"), Turn(20, state=WON)) == [(10, "new"), (20, "offer"), (20, "Won")]


def test_entry_ahead_of_the_start_comes_first() -> None:
    assert moves(before=Turn(1, stage="offer")) == [(1, "offer"), (10, "new")]


def test_what_only_present_values_tell_is_marked() -> None:
    lives = [
        Life(0, 10, "new", [Turn(20, stage="offer", of_today=True), Turn(30, state=LOST)], of_today=False)
    ]
    lives.append(Life(1, 10, "offer", [], of_today=True))
    result = path_moves(lives, LABELS)
    assert result.of_today is not None
    assert list(zip(result.us.tolist(), result.of_today.tolist(), strict=True)) == [
        (10, False), (20, True), (30, False), (10, True),
    ]  # fmt: skip
