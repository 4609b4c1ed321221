"""A folder in one piece answers every question alone."""

import pytest

from history.base.errors import InvalidInput
from history.base.whole import WHOLE, Question

LARGEST: Question[int, int] = Question("largest", max, lambda largest: largest)


def test_rows_at_hand_answer_alone() -> None:
    assert WHOLE.decide(LARGEST, 3) == WHOLE.note(LARGEST, 3) == 3
    assert WHOLE.has_any("rows", True)
    assert not WHOLE.has_any("rows", False)
    WHOLE.require("it is read at once anyway")


def test_a_problem_is_raised() -> None:
    def problem(largest: int) -> str | None:
        return f"{largest} is too large" if largest > 3 else None

    question = Question("problem", max, problem)
    WHOLE.refuse(question, 3)
    with pytest.raises(InvalidInput, match="4 is too large"):
        WHOLE.refuse(question, 4)
