"""Touches of every lead while it was open: counts, follow-ups, and how long its questions waited for an answer."""

from dataclasses import dataclass

import numpy as np

from funnel.state.leads.paths import StagePaths
from history.base.arrays import Flags, Ints, Mask
from history.base.compiled import compiled
from history.history import INBOUND, OUTBOUND

NEVER = -1

# Rows of the kernel's outputs.
TOUCHES, FOLLOW_UPS = range(2)
FIRST_OUTBOUND, LAST_TOUCH = range(2)
Q_LEAD, Q_ASKED, Q_END, Q_ANSWERED = range(4)


@dataclass(frozen=True)
class Touches:
    """Interactions with n leads, from creation to closing, and q questions.

    touch_count, follow_up_count (n,): in the period; a follow-up is an outbound touch after the first outbound one.
    first_outbound_us, last_touch_us (n,): NEVER if missing. A question is an inbound touch while no other one waits:
    question_lead, asked_us, answered (q,), and answer_end_us, the next outbound touch if answered, else the closing or
    as_of_us. has_outbound: the log knows outbound touches, without which responses cannot be measured.
    """

    touch_count: Ints
    follow_up_count: Ints
    first_outbound_us: Ints
    last_touch_us: Ints
    question_lead: Ints
    asked_us: Ints
    answer_end_us: Ints
    answered: Mask
    has_outbound: bool

    def take(self, members: Mask) -> "Touches":
        """The touches of the leads marked by `members` (n,); the others' counts are zero, the rows stay n."""
        asked = members[self.question_lead]
        return Touches(
            touch_count=np.where(members, self.touch_count, 0),
            follow_up_count=np.where(members, self.follow_up_count, 0),
            first_outbound_us=self.first_outbound_us,
            last_touch_us=self.last_touch_us,
            question_lead=self.question_lead[asked],
            asked_us=self.asked_us[asked],
            answer_end_us=self.answer_end_us[asked],
            answered=self.answered[asked],
            has_outbound=self.has_outbound,
        )


def touches_of(paths: StagePaths, from_us: int, to_us: int) -> Touches:
    """The touches of every lead; counts are of the period [from_us, to_us)."""
    log, n = paths.history.interactions, len(paths)
    counts = np.zeros((2, n), dtype=np.int64)
    times = np.full((2, n), NEVER, dtype=np.int64)
    questions = np.zeros((4, int((log.direction == INBOUND).sum())), dtype=np.int64)
    q = _collect(
        counts, times, questions, log.offsets, log.time_us, log.direction,
        paths.created_us, paths.closed_us, from_us, to_us,
    )  # fmt: skip
    questions = questions[:, :q]
    return Touches(
        touch_count=counts[TOUCHES],
        follow_up_count=counts[FOLLOW_UPS],
        first_outbound_us=times[FIRST_OUTBOUND],
        last_touch_us=times[LAST_TOUCH],
        question_lead=questions[Q_LEAD],
        asked_us=questions[Q_ASKED],
        answer_end_us=questions[Q_END],
        answered=questions[Q_ANSWERED] > 0,
        has_outbound=bool(np.any(log.direction == OUTBOUND)),
    )


@compiled()
def _collect(
    counts: Ints,
    times: Ints,
    questions: Ints,
    offsets: Ints,
    time: Ints,
    direction: Flags,
    created: Ints,
    closed: Ints,
    from_us: int,
    to_us: int,
) -> int:
    """Fills counts (2, n), times (2, n) and questions (4, q); returns q."""
    q = 0
    for i in range(len(created)):
        waiting = False
        for r in range(offsets[i], offsets[i + 1]):
            t = time[r]
            if t < created[i]:
                continue
            if t > closed[i]:
                break
            times[LAST_TOUCH, i] = t
            inside = from_us <= t < to_us
            counts[TOUCHES, i] += inside
            if direction[r] == OUTBOUND:
                if times[FIRST_OUTBOUND, i] == NEVER:
                    times[FIRST_OUTBOUND, i] = t
                elif inside:
                    counts[FOLLOW_UPS, i] += 1
                if waiting:
                    questions[Q_END, q], questions[Q_ANSWERED, q] = t, 1
                    waiting = False
                    q += 1
            elif direction[r] == INBOUND and not waiting:
                questions[Q_LEAD, q], questions[Q_ASKED, q], questions[Q_END, q] = i, t, closed[i]
                waiting = True
        q += waiting
    return q
