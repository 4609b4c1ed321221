"""What only the rows of a whole folder decide together, such as the end of its data or the spelling of a stage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from history.base.errors import InvalidInput

Own = TypeVar("Own")
Answer = TypeVar("Answer")


def _answer(answer: Any, _own: Any) -> Any:
    return answer


@dataclass(frozen=True)
class Question(Generic[Own, Answer]):
    """A question that rows answer together.

    join: what two sets of rows contribute, as one. answer: of all that is contributed; it may not depend on how rows
    were split or ordered. effect: what an answer means for the rows that contribute `own`. refuted: for a question that
    few rows can answer for all, such as the latest ones; whether those that contribute `own` show an answer to be
    wrong.
    """

    name: str
    join: Callable[[Own, Own], Own]
    answer: Callable[[Own], Answer]
    effect: Callable[[Answer, Own], object] = _answer
    refuted: Callable[[Answer, Own], bool] | None = None


class Whole:
    """A folder that is read at once: its rows answer every question alone.

    row_count: rows of all tables of the folder if more than those at hand are meant, else None.
    """

    row_count: int | None = None

    def decide(self, question: Question[Own, Answer], own: Own) -> Answer:
        """The answer of the folder's rows, of which those at hand contribute `own`."""
        return question.answer(own)

    def note(self, question: Question[Own, Answer], own: Own) -> Answer:
        """`decide` for answers that are only reported; those of a part are its own."""
        return question.answer(own)

    def refuse(self, question: Question[Own, str | None], own: Own) -> None:
        """Raises InvalidInput if the answer is a problem."""
        if (problem := question.answer(own)) is not None:
            raise InvalidInput(problem)

    def has_any(self, name: str, is_any: bool) -> bool:
        """Whether the folder has any of what `name` names; those at hand have some if is_any."""
        return self.decide(Question(name, _either, bool), is_any)

    def require(self, reason: str) -> None:
        """Says that the folder must be read at once, because `reason`."""


def _either(one: bool, other: bool) -> bool:
    return one or other


WHOLE = Whole()


@dataclass(frozen=True)
class ColumnOfWhole:
    """A column of a table, and the folder whose rows decide how it is read."""

    whole: Whole
    name: str


ALONE = ColumnOfWhole(WHOLE, "")
