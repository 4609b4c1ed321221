"""The two ways a command or a call can fail that are not our bug."""

from collections.abc import Iterable

SHOWN_PROBLEMS = 50


class InvalidInput(Exception):
    """What the user gave cannot be used; carries every problem found, not only the first.

    Each problem is one sentence: what is wrong, what was got and expected, the first offender, what to do.
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


class DamagedArtifact(Exception):
    """A file that Leadcast wrote is missing, changed, foreign or unreadable; the message says which and why."""

    @property
    def problems(self) -> tuple[str, ...]:
        """The message, as InvalidInput lists its problems."""
        return (str(self),)
