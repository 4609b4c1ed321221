"""The errors that are the caller's to mend: unusable input, damaged files, and machines that do not answer."""

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN_PROBLEMS = 50


class InvalidInput(Exception):
    """Unusable input, with every problem and not only the first.

    Each problem is one sentence: what is wrong, got and expected, the first offender, what to do.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(self.message())

    def message(self) -> str:
        """One line for one problem, else a count and a list of at most `SHOWN_PROBLEMS`."""
        if len(self.problems) == 1:
            return self.problems[0]
        lines = [f"{len(self.problems)} problems:", *(f"  - {p}" for p in self.problems[:SHOWN_PROBLEMS])]
        if len(self.problems) > SHOWN_PROBLEMS:
            lines.append(f"  ... and {len(self.problems) - SHOWN_PROBLEMS} more")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A problem of one field of a request record; loc is its path, such as ("interactions", 3, "occurred_at")."""

    loc: tuple[str | int, ...]
    msg: str

    def __str__(self) -> str:
        """One sentence after the path: 'interactions[3].occurred_at: is missing, expected ...'."""
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.loc)
        return f"{path.removeprefix('.')}: {self.msg}"


class InvalidRecord(InvalidInput):
    """A request record that breaks rules, with every problem and the path of its field."""

    def __init__(self, fields: Iterable[FieldProblem]) -> None:
        self.fields = tuple(fields)
        super().__init__(str(problem) for problem in self.fields)


class DamagedArtifact(Exception):
    """A file of Leadcast's own that is missing, changed, foreign or unreadable; the message names it and the cause."""

    @property
    def problems(self) -> tuple[str, ...]:
        """The message, as InvalidInput lists its problems."""
        return (str(self),)


class EngineFailed(Exception):
    """The processes or machines that share the work cannot go on; the message names the cause and the mend."""
