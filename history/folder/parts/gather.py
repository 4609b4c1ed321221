"""A folder read part by part: each part's history equals what the whole folder gives for its leads."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.base.progress import Progress
from history.base.warnings import Warning
from history.base.whole import Answer, Own, Question, Whole
from history.bulk_creations import BULK
from history.config.config import FunnelConfig
from history.config.schema import TABLES
from history.folder.currencies import CURRENCIES
from history.folder.parts.split import NeedsWhole, SplitFolder
from history.folder.read import validated_history
from history.folder.rules.row_filter import TableCounts
from history.folder.tables.files import give_back_memory
from history.folder.validate import ReadOptions
from history.history import History, TableReport
from history.outcomes.closing_stages import CLOSING_WORDS
from history.outcomes.settled import UNDATED
from history.row_warnings import row_warnings

Result = TypeVar("Result")


class PartHistory(NamedTuple):
    """The history of one part, and the row numbers (n,) of its leads in their table."""

    number: int
    history: History
    rows: Ints


Work = Callable[[PartHistory], Result]
UP_TO_END: Final = 0.3  # of the time that all reading takes


@dataclass(frozen=True)
class Gathered(Generic[Result]):
    """What was made of each part, in order of parts, and what a History of the whole folder has beside its leads."""

    results: list[Result]
    as_of_us: int
    config: FunnelConfig
    attributes: tuple[str, ...]
    reports: dict[str, TableReport]
    warnings: tuple[Warning, ...]


def gather(
    folder: SplitFolder,
    options: ReadOptions,
    as_of_us: int | None,
    work: Work[Result],
    progress: Progress,
) -> Gathered[Result]:
    """Does `work` on the history of each part, once more if it is read again.

    A part answers what the whole folder decides from its own rows, and is read again if all parts together answer
    otherwise. What one part alone can answer, the end of the data, is taken from the part with the latest rows as long
    as no other refutes it; without such an answer a part waits. Raises InvalidInput as reading the folder at once does,
    NeedsWhole if it must be read at once.
    """
    parts: list[_Part[Result]] = [_Part(folder, number) for number in range(folder.n_parts)]
    known: dict[str, Any] = {}
    guesses = _Guesses(has_latest=folder.latest_part is not None)
    todo, begin = sorted(parts, key=lambda part: part.number != folder.latest_part), 0.0
    while todo:
        # One round, or two if the parts wait for the end of the data, and more for parts with faults.
        end = 1.0
        for place, part in enumerate(todo):
            end = UP_TO_END if begin == 0.0 and not guesses.answers else 1.0
            progress("reading the parts", begin + (end - begin) * place / len(todo))
            whole = _PartOfWhole(folder.row_count, known, guesses)
            part.run(replace(options, whole=whole), as_of_us, work)
        todo, begin = _undecided(parts, known), end
        for own in parts:
            own.whole.forget_known()
    _refuse(parts)
    return _joined(parts)


class _Stopped(Exception):
    """A part cannot go on before the whole folder has answered."""


@dataclass(frozen=True)
class _Asked:
    """A question, what a part contributed, and the answer with which it went on, if it did."""

    question: Question[Any, Any]
    own: Any
    answer: Any = None
    is_open: bool = False

    def agrees(self, answer: Any) -> bool:
        """Whether the part went on with what this answer means for it."""
        effect = self.question.effect
        return not self.is_open and bool(effect(self.answer, self.own) == effect(answer, self.own))


class _Guesses:
    """What the part with the latest rows, which is read first, answers for all, until another part refutes it."""

    def __init__(self, *, has_latest: bool) -> None:
        self.answers: dict[str, Any] = {}
        self._has_latest = has_latest
        self._refuted: set[str] = set()

    def hold(self, question: Question[Own, Answer], own: Own) -> bool:
        """Whether there is an answer that the rows which contribute `own` do not refute; the first that ask give it."""
        name = question.name
        if not self._has_latest or name in self._refuted:
            return False
        answer = self.answers.setdefault(name, question.answer(own))
        assert question.refuted is not None
        if question.refuted(answer, own):
            self._refuted.add(name)
            del self.answers[name]
        return name in self.answers


class _PartOfWhole(Whole):
    """One part: its rows answer alone what the folder has not answered yet, and all is written down."""

    def __init__(self, row_count: int, known: dict[str, Any], guesses: _Guesses) -> None:
        self.row_count = row_count
        self._known, self._guesses = known, guesses
        self.decided: dict[str, _Asked] = {}
        self.noted: dict[str, _Asked] = {}
        self.refusing: dict[str, _Asked] = {}

    def decide(self, question: Question[Own, Answer], own: Own) -> Answer:
        name = question.name
        if name in self._known:
            return self._known[name]  # type: ignore[no-any-return]
        if name not in self.decided:
            if question.refuted is None:
                answer = question.answer(own)
            elif self._guesses.hold(question, own):
                answer = self._guesses.answers[name]
            else:
                self.decided[name] = _Asked(question, own, is_open=True)
                raise _Stopped
            self.decided[name] = _Asked(question, own, answer)
        return self.decided[name].answer  # type: ignore[no-any-return]

    def note(self, question: Question[Own, Answer], own: Own) -> Answer:
        self.noted[question.name] = _Asked(question, own)
        return question.answer(own)

    def refuse(self, question: Question[Own, str | None], own: Own) -> None:
        self.refusing[question.name] = _Asked(question, own)

    def forget_known(self) -> None:
        """Drops what was contributed to answers that are final: for the end of the data, a time of each row."""
        self.decided = {name: asked for name, asked in self.decided.items() if name not in self._known}

    def require(self, reason: str) -> None:
        if self.decided:
            raise _Stopped
        raise NeedsWhole(reason)


class _Part(Generic[Result]):
    """One part of a folder, and what its last reading gave."""

    def __init__(self, folder: SplitFolder, number: int) -> None:
        self._folder, self.number = folder, number
        self.whole = _PartOfWhole(0, {}, _Guesses(has_latest=False))
        self.result: Result | None = None
        self.counts: dict[str, TableCounts] = {}
        self.common: _Common | None = None
        self.is_stopped = True

    def run(self, options: ReadOptions, as_of_us: int | None, work: Work[Result]) -> None:
        """Reads the part, as far as it goes."""
        assert isinstance(options.whole, _PartOfWhole)
        self.whole, self.is_stopped = options.whole, False
        try:
            raw = self._folder.part(self.number)
            read = validated_history(raw, options, as_of_us)
            numbers = np.asarray(raw["leads"].row_numbers)
            del raw
            history = read.history
            self.result = work(PartHistory(self.number, history, numbers[read.rows]))
            self.counts = read.counts
            self.common = _Common(history.as_of_us, history.config, tuple(history.attributes))
        except _Stopped:
            self.is_stopped = True
        give_back_memory()


class _Common(NamedTuple):
    """What the histories of all parts have in common."""

    as_of_us: int
    config: FunnelConfig
    attributes: tuple[str, ...]


def _undecided(parts: Sequence[_Part[Any]], known: dict[str, Any]) -> list[_Part[Any]]:
    """The parts to read again, after the answers of the whole folder were added to `known`.

    An answer counts only if no part went on with a wrong one before: then what the parts contributed is right.
    """
    answers = _answers([part.whole.decided for part in parts], known)
    wrong = {
        name
        for part in parts
        for name, asked in part.whole.decided.items()
        if name in answers and not asked.agrees(answers[name])
    }
    later: set[str] = set()
    for part in parts:
        names = [name for name in part.whole.decided if name in answers]
        first = next((place for place, name in enumerate(names) if name in wrong), len(names))
        later |= set(names[first + 1 :])
    known.update({name: answer for name, answer in answers.items() if name not in later})
    return [part for part in parts if part.is_stopped or any(_is_wrong(part, name, known) for name in wrong)]


def _is_wrong(part: _Part[Any], name: str, known: dict[str, Any]) -> bool:
    asked = part.whole.decided.get(name)
    return name in known and asked is not None and not asked.agrees(known[name])


def _answers(of_parts: Iterable[dict[str, _Asked]], known: dict[str, Any]) -> dict[str, Any]:
    """The answer of all parts to each question that is not answered yet."""
    asked_by: dict[str, list[_Asked]] = {}
    for decided in of_parts:
        for name, asked in decided.items():
            if name not in known:
                asked_by.setdefault(name, []).append(asked)
    return {name: _answer(asked) for name, asked in asked_by.items()}


def _answer(asked: Sequence[_Asked]) -> Any:
    question = asked[0].question
    return question.answer(reduce(question.join, (of_part.own for of_part in asked)))


def _refuse(parts: Sequence[_Part[Any]]) -> None:
    for problem in _answers([part.whole.refusing for part in parts], {}).values():
        if problem is not None:
            raise InvalidInput(problem)


def _joined(parts: Sequence[_Part[Result]]) -> Gathered[Result]:
    counts: dict[str, TableCounts] = {}
    for part in parts:
        for name, of_part in part.counts.items():
            counts[name] = counts[name].and_then(of_part) if name in counts else of_part
    reports = {name: counts[name].report() for name in TABLES if name in counts}
    notes = _answers([part.whole.noted for part in parts], {})
    common = parts[0].common
    assert common is not None
    return Gathered(
        [part.result for part in parts],  # type: ignore[misc]
        *common,
        reports,
        (
            *notes[CLOSING_WORDS.name],
            *row_warnings(reports),
            *notes[CURRENCIES.name],
            *notes[UNDATED.name],
            *notes[BULK.name],
        ),
    )
