"""The verdict of `leadcast check` in three lines: what the data can be used for, the largest risk, the next command."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    pass

TRAINING: Final = "training"
SCORING: Final = "scoring"  # and the funnel's state, but no model can be trained
FEWEST_WINS: Final = 100  # as `train` warns of too_few_outcomes
# What would change a number most comes first; a code that is not listed comes last.
BY_RISK: Final = (
    "no_outcomes",
    "undated_outcomes",
    "undecided_outcome",
    "leakage_suspected",
    "outcomes_begin_late",
    "closing_ahead",
    "bulk_creation",
    "late_rows",
    "odd_creation",
    "bad_amount",
    "leakage_possible",
    "mutable_attribute",
    "misread_attribute",
    "closing_stages",
)


@dataclass(frozen=True)
class Verdict:
    """usable is TRAINING or SCORING; risk is the warning that matters most, None without warnings.

    leads: how many are won, lost and open.
    """

    usable: str
    leads: Mapping[str, int]
    risk: Mapping[str, Any] | None
    next_command: str

    @property
    def counts(self) -> str:
        """The leads in words: 12 won, 30 lost, 8 open."""
        counts = ", ".join(f"{count:,} {state}" for state, count in self.leads.items())
        if 0 < self.leads["won"] < FEWEST_WINS:
            counts += f"; fewer than {FEWEST_WINS} wins make wide intervals"
        return counts

    def lines(self) -> list[str]:
        """The verdict for people."""
        uses = "yes" if self.usable == TRAINING else "for the funnel only, not for training"
        return [
            f"Usable: {uses}; {self.counts}",
            f"Largest risk: {self._risk()}",
            f"Next: {self.next_command}",
        ]

    def _risk(self) -> str:
        if self.risk is None:
            return "none found"
        name = f"{self.risk['code']} {self.risk['subject']}".rstrip()
        return f"{name}: {self.risk['detail']}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "usable": self.usable,
            "counts": self.counts,
            "leads": self.leads,
            "largest_risk": self.risk,
            "next": self.next_command,
        }


def verdict_of(states: Mapping[str, int], warnings: Sequence[Mapping[str, Any]], data: Path) -> Verdict:
    """The verdict on a folder by the states of its leads, won, lost and open, and by the warnings about it."""
    won = states["won"]
    usable = TRAINING if won else SCORING
    command = shlex.join(["leadcast", "train" if won else "funnel", str(data)])
    return Verdict(usable, states, _largest_risk(warnings), command)


def _largest_risk(warnings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    rank = {code: place for place, code in enumerate(BY_RISK)}
    return min(warnings, key=lambda warning: rank.get(warning["code"], len(rank)), default=None)
