"""Follow-ups and responses: who was touched how often, and how long a lead waited for an answer."""

from dataclasses import dataclass

import numpy as np

from funnel.state.paths import Paths
from history.arrays import Flags, Ints, Mask
from history.compiled import compiled
from history.history import INBOUND, OUTBOUND

NEVER = -1


@dataclass(frozen=True)
class Touches:
    """What happened between us and n leads while they were open, from creation on.

    touched, followed (n,): interactions, and follow-ups (outbound ones after the first), in the period. first_us,
    last_us (n,): the first outbound, the last touch of either side; NEVER for none.
    Each of q questions, an inbound touch when none was waiting: asked_lead, asked_us (q,), and settled_us (q,), the
    next outbound where answered, else the closing or the end of view. directed: the log says who spoke.
    """

    touched: Ints
    followed: Ints
    first_us: Ints
    last_us: Ints
    asked_lead: Ints
    asked_us: Ints
    settled_us: Ints
    answered: Mask
    directed: bool

    def take(self, mine: Mask) -> "Touches":
        """The leads that `mine` (n,) marks, zero elsewhere; the rows stay n."""
        asked = mine[self.asked_lead]
        return Touches(
            np.where(mine, self.touched, 0),
            np.where(mine, self.followed, 0),
            self.first_us,
            self.last_us,
            self.asked_lead[asked],
            self.asked_us[asked],
            self.settled_us[asked],
            self.answered[asked],
            self.directed,
        )


def touches_of(paths: Paths, from_us: int, to_us: int) -> Touches:
    """The touches of every lead; counts are of the period [from_us, to_us)."""
    log, n = paths.history.interactions, len(paths)
    counts = np.zeros((2, n), dtype=np.int64)
    ends = np.full((2, n), NEVER, dtype=np.int64)
    asked = np.zeros((4, int((log.direction == INBOUND).sum())), dtype=np.int64)
    q = _touches(
        counts, ends, asked, log.offsets, log.time_us, log.direction,
        paths.created_us, paths.closed_us, from_us, to_us,
    )  # fmt: skip
    lead, asked_us, settled_us, answered = asked[:, :q]
    directed = bool(np.any(log.direction == OUTBOUND))
    touched, followed = counts
    first_us, last_us = ends
    return Touches(touched, followed, first_us, last_us, lead, asked_us, settled_us, answered > 0, directed)


@compiled()
def _touches(
    counts: Ints,
    ends: Ints,
    asked: Ints,
    offsets: Ints,
    time: Ints,
    direction: Flags,
    created: Ints,
    closed: Ints,
    from_us: int,
    to_us: int,
) -> int:
    q = 0
    for i in range(len(created)):
        waiting = False
        for r in range(offsets[i], offsets[i + 1]):
            t = time[r]
            if t < created[i]:
                continue
            if t > closed[i]:
                break
            ends[1, i] = t
            inside = from_us <= t < to_us
            counts[0, i] += inside
            if direction[r] == OUTBOUND:
                if ends[0, i] == NEVER:
                    ends[0, i] = t
                elif inside:
                    counts[1, i] += 1
                if waiting:
                    asked[2, q], asked[3, q] = t, 1
                    waiting = False
                    q += 1
            elif direction[r] == INBOUND and not waiting:
                asked[0, q], asked[1, q], asked[2, q] = i, t, closed[i]
                waiting = True
        q += waiting
    return q
