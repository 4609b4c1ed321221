"""How soon leads that were won were touched and answered again, and how long leads stayed in a stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from history.text.folding import fold

NO_STAGE = ""  # the key of leads before their first stage


@dataclass(frozen=True)
class Pace:
    """The limits beyond which an open lead needs attention, learned from past leads.

    silent_days: stage -> days within which nine of ten gaps between touches of won leads ended; stuck_days: stage ->
    days within which nine of ten visits ended; a stage without a usable limit is absent. answer_hours: hours within
    which half of the questions of won leads were answered, None if unknown. has_touches, has_outbound: the log holds
    interactions at all, and outbound ones, without which nothing looks touched or answered.
    """

    silent_days: Mapping[str, float] = field(default_factory=dict)
    stuck_days: Mapping[str, float] = field(default_factory=dict)
    answer_hours: float | None = None
    has_touches: bool = False
    has_outbound: bool = False

    def silent_limit(self, stage: str | None) -> float | None:
        """Days of silence that are usual in a stage, None if unknown."""
        return self.silent_days.get(stage_key(stage))

    def stuck_limit(self, stage: str | None) -> float | None:
        """Days that a visit of the stage usually takes, None if unknown."""
        return self.stuck_days.get(stage_key(stage))

    def to_dict(self) -> dict[str, Any]:
        return {
            "silent_days": dict(self.silent_days),
            "stuck_days": dict(self.stuck_days),
            "answer_hours": self.answer_hours,
            "has_touches": self.has_touches,
            "has_outbound": self.has_outbound,
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> "Pace":
        silent, stuck = (
            {str(stage): float(days) for stage, days in d[name].items()}
            for name in ("silent_days", "stuck_days")
        )
        hours = d["answer_hours"]
        return cls(
            silent,
            stuck,
            None if hours is None else float(hours),
            bool(d["has_touches"]),
            bool(d["has_outbound"]),
        )


# For bundles of earlier versions: questions and valuable leads count, silence and stays have no limit.
UNKNOWN_PACE = Pace(has_touches=True, has_outbound=True)


def stage_key(stage: str | None) -> str:
    """The key of a stage: its spelling in other data may differ by case and blanks."""
    return NO_STAGE if stage is None else fold(stage)
