"""Progress of long work, reported to a callable: `progress(text, share)`."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with the current step in words and the share of the work done, 0 to 1."""


def no_progress(text: str, share: float) -> None:
    """Reports nothing."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """The progress of a step that covers `start` to `end` of the whole: its own shares run from 0 to 1."""
    return lambda text, share: progress(text, start + (end - start) * share)
