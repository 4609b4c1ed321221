"""What to do next with an open lead, in words, and why: the one place for the service, its pages and the command."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from funnel.dates import MONTH_NAMES, local_date
from funnel.state.attention.due import NOT_DUE
from funnel.state.leads.touches import NEVER
from history.history import INBOUND, Interactions
from history.text.times import DAY_US, HOUR_US

# In the order in which a lead's reasons are listed; the first that holds is the lead's `attention`.
CODES: Final = ("unanswered", "silent", "stuck", "high_value_untouched", "probability_fell")
LARGE_DROP: Final = 0.25  # of the probability, relative, since the earlier scoring
# Words in kinds of inbound touches that nobody answers: people react to them.
_PASSIVE: Final = ("visit", "view", "open", "click", "download")

ACTIONS: Final[Mapping[str, str]] = {
    "answer": "Answer the {kind} of {day}",
    "react": "Follow up on the {kind} of {day}",
    "silent": "Call: silent for {days}",
    "stuck": "Move on to {next_stage} or close: {days} in {stage}",
    "stuck_last": "Win or close: {days} in {stage}",
    "high_value_untouched": "Call: no contact for {days}",
    "probability_fell": "Ask what changed: chance down {points} points in a week",
    "first": "Make the first contact",
    "follow_up": "Follow up {by}",
    "move_on": "Move on to {next_stage} {by}",
    "next_stage": "Move on to {next_stage}",
    "close_by": "Win or close {by}",
    "close": "Win or close",
}
FACTS: Final[Mapping[str, str]] = {
    "answer": "won leads were answered within {limit}",
    "answer_limit": "the limit for an answer is {limit}",
    "react": "won leads heard from us within {limit}",
    "react_limit": "the limit for a reaction is {limit}",
    "silent": "won leads here were contacted again within {limit}",
    "stuck": "nine of ten that left this stage did so within {limit}",
    "high_value_untouched": "among the most valuable tenth of open leads",
    "probability_fell": "from {before} % to {now} %",
    "first": "created {days} ago",
}
# What people call the inbound touches that wait for an answer; other kinds are called by their name.
KIND_NOUNS: Final[Mapping[str, str]] = {
    "email_reply": "e-mail",
    "email_received": "e-mail",
    "email_open": "opened e-mail",
    "form_submit": "form",
    "form_submission": "form",
    "social_message": "message",
}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Touch(NamedTuple):
    """One interaction; direction is INBOUND, OUTBOUND or 0."""

    time_us: int
    kind: str
    channel: str | None
    direction: int


class Due(NamedTuple):
    """The instants after which each rule holds (funnel/state/attention/due.py), None for never."""

    unanswered_us: int | None = None
    silent_us: int | None = None
    stuck_us: int | None = None
    untouched_us: int | None = None


@dataclass(frozen=True)
class Situation:
    """An open lead at now_us.

    next_stage: None in the last stage. asked: the question that waits for an answer. earlier: the probability a week
    ago, None if unknown. is_valuable: in the top tenth by expected revenue. answer_hours: models.reasons.pace.Pace.
    """

    now_us: int
    zone: ZoneInfo
    stage: str | None
    next_stage: str | None
    created_us: int
    entered_us: int
    last_touch: Touch | None
    asked: Touch | None
    due: Due
    probability: float | None = None
    earlier: float | None = None
    is_valuable: bool = False
    answer_hours: float | None = None

    @property
    def silent_since_us(self) -> int:
        """The last touch, or the creation."""
        return max(self.created_us, self.last_touch.time_us if self.last_touch else self.created_us)


@dataclass(frozen=True)
class NextStep:
    """What to do (a key of ACTIONS) and why (of FACTS), with the values that their sentences need.

    day and by are instants, limit is a duration, in microseconds; days are whole; before and now are shares.
    """

    action: str
    fact: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def words(self, now_us: int, zone: ZoneInfo) -> tuple[str, str | None]:
        """Both sentences in English."""
        written = {name: _written(name, value, now_us, zone) for name, value in self.values.items()}
        return ACTIONS[self.action].format_map(written), (
            None if self.fact is None else FACTS[self.fact].format_map(written)
        )


def _written(name: str, value: Any, now_us: int, zone: ZoneInfo) -> Any:
    if name == "kind":
        return KIND_NOUNS.get(value, value.replace("_", " "))
    if name == "by":
        return by_day(value, now_us, zone)
    if name == "day":
        return day_word(value, now_us, zone)
    if name == "days":
        return _count(value, "day")
    if name == "limit":
        number, unit = in_units(value)
        return _count(number, unit)
    return value


def in_units(duration_us: int) -> tuple[int, str]:
    """A duration in whole days, below two days in whole hours, at least one."""
    if duration_us < 2 * DAY_US:
        return max(1, round(duration_us / HOUR_US)), "hour"
    return round(duration_us / DAY_US), "day"


def signs(lead: Situation) -> list[str]:
    """The rules that hold, in the order of CODES."""
    due, now_us = lead.due, lead.now_us
    holds = (
        _is_over(due.unanswered_us, now_us),
        _is_over(due.silent_us, now_us),
        _is_over(due.stuck_us, now_us),
        lead.is_valuable and _is_over(due.untouched_us, now_us),
        has_fallen(lead.probability, lead.earlier),
    )
    return [code for code, is_so in zip(CODES, holds, strict=True) if is_so]


def has_fallen(probability: float | None, earlier: float | None) -> bool:
    """True if the probability fell by LARGE_DROP of itself."""
    return probability is not None and earlier is not None and probability - earlier < -LARGE_DROP * earlier


def next_step(lead: Situation) -> NextStep | None:
    """What to do next: what the first sign asks for, else what comes next at the usual pace; None if nothing tells."""
    held = signs(lead)
    if lead.asked is not None and lead.due.unanswered_us is not None:
        return _answer(lead, lead.asked)
    for code in held:
        if code != "unanswered":
            return _ATTENTION[code](lead)
    return _at_usual_pace(lead)


def _answer(lead: Situation, asked: Touch) -> NextStep:
    action = "react" if any(word in asked.kind.lower() for word in _PASSIVE) else "answer"
    values: dict[str, Any] = {"kind": asked.kind, "day": asked.time_us}
    assert lead.due.unanswered_us is not None
    limit_us = lead.due.unanswered_us - asked.time_us
    if lead.answer_hours is not None and lead.answer_hours * HOUR_US <= limit_us:
        return NextStep(action, action, {**values, "limit": round(lead.answer_hours * HOUR_US)})
    return NextStep(action, f"{action}_limit", {**values, "limit": limit_us})


def _silent(lead: Situation) -> NextStep:
    return NextStep("silent", "silent", {"days": _days_of_silence(lead), "limit": _usual_gap(lead)})


def _stuck(lead: Situation) -> NextStep:
    assert lead.due.stuck_us is not None
    values = {
        "days": (lead.now_us - lead.entered_us) // DAY_US,
        "stage": lead.stage,
        "next_stage": lead.next_stage,
        "limit": lead.due.stuck_us - lead.entered_us,
    }
    return NextStep("stuck" if lead.next_stage else "stuck_last", "stuck", values)


def _valuable(lead: Situation) -> NextStep:
    return NextStep("high_value_untouched", "high_value_untouched", {"days": _days_of_silence(lead)})


def _fallen(lead: Situation) -> NextStep:
    assert lead.probability is not None
    assert lead.earlier is not None
    before, now = 100 * lead.earlier, 100 * lead.probability
    values = {"points": round(before - now), "before": round(before), "now": round(now)}
    return NextStep("probability_fell", "probability_fell", values)


def _at_usual_pace(lead: Situation) -> NextStep | None:
    due = lead.due
    if lead.last_touch is None and due.untouched_us is not None:
        return NextStep("first", "first", {"days": _days_of_silence(lead)})
    if due.silent_us is not None:
        return NextStep("follow_up", "silent", {"by": due.silent_us, "limit": _usual_gap(lead)})
    if lead.stage is None and lead.next_stage is None:
        return None
    values: dict[str, Any] = {"next_stage": lead.next_stage}
    if due.stuck_us is None:
        return NextStep("next_stage" if lead.next_stage else "close", None, values)
    values |= {"by": due.stuck_us, "limit": due.stuck_us - lead.entered_us}
    return NextStep("move_on" if lead.next_stage else "close_by", "stuck", values)


_ATTENTION: Final = {
    "silent": _silent,
    "stuck": _stuck,
    "high_value_untouched": _valuable,
    "probability_fell": _fallen,
}


def _is_over(due_us: int | None, now_us: int) -> bool:
    return due_us is not None and now_us > due_us


def _usual_gap(lead: Situation) -> int:
    assert lead.due.silent_us is not None
    return lead.due.silent_us - lead.silent_since_us


def _days_of_silence(lead: Situation) -> int:
    """Calendar days, as pages count how long ago the last touch was."""
    now, since = (local_date(us, lead.zone) for us in (lead.now_us, lead.silent_since_us))
    return (now - since).days


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def by_day(then_us: int, now_us: int, zone: ZoneInfo) -> str:
    """A last day as people call it: today, else "by" and the day."""
    day = day_word(then_us, now_us, zone)
    return day if day == _NEAR[0] else f"by {day}"


def day_word(then_us: int, now_us: int, zone: ZoneInfo) -> str:
    """A day as people call it: today, a weekday within six days, else the date."""
    then, now = (local_date(us, zone) for us in (then_us, now_us))
    distance = (then - now).days
    if distance in _NEAR:
        return _NEAR[distance]
    if abs(distance) < len(WEEKDAYS):
        return WEEKDAYS[then.weekday()]
    year = "" if then.year == now.year else f" {then.year}"
    return f"{then.day} {MONTH_NAMES[then.month - 1]}{year}"


_NEAR: Final = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def due_of(row: Sequence[int]) -> Due:
    """The four instants with None for NOT_DUE."""
    return Due(*(None if us == NOT_DUE else us for us in row))


def last_touch(log: Interactions, lead: int, time_us: int) -> Touch | None:
    """The last touch of a lead at this instant, None for NEVER."""
    if time_us == NEVER:
        return None
    return _touch(log, _rows_at(log, lead, time_us)[-1])


def question(log: Interactions, lead: int, asked_us: int) -> Touch | None:
    """The first inbound touch of a lead at this instant, None for NEVER."""
    if asked_us == NEVER:
        return None
    rows = [row for row in _rows_at(log, lead, asked_us) if log.direction[row] == INBOUND]
    return _touch(log, rows[0])


def _rows_at(log: Interactions, lead: int, time_us: int) -> range:
    start, stop = int(log.offsets[lead]), int(log.offsets[lead + 1])
    times = log.time_us[start:stop].tolist()
    return range(start + bisect_left(times, time_us), start + bisect_right(times, time_us))


def _touch(log: Interactions, row: int) -> Touch:
    kind = log.kind.text(row)
    return Touch(int(log.time_us[row]), kind or "", log.channel.text(row), int(log.direction[row]))
