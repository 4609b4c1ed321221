"""The entries of a worklist: the stored record, and what depends on the time of reading."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, literal_column, or_, select

from funnel.state.attention.next_step import Due, NextStep, Situation, next_step
from history.text.times import DAY_US, format_time
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery
from serving.store.leads.lead_rows import DIRECTION_TEXT
from serving.store.scores.facts import ShownFacts, read_facts
from serving.store.scores.saved import WEEK_US
from serving.store.scores.worklist.counts import leads_by_range, range_end, rank_range
from serving.store.scores.worklist.needed import Attended

TREND_DAYS = 7
NUMBER = "number"  # of a stored reason, which the API's reasons do not have
Row = Mapping[str, Any]
# Of `scores`, for an entry.
COLUMNS = tuple(
    db.scores.c[name]
    for name in (
        *("lead_no", "revenue_rank", "probability", "created_us", "touch_us", "entered_us", "stage"),
        *("unanswered_us", "silent_us", "stuck_us", "untouched_us"),
    )
)

_MOVES = PreparedQuery(
    select(db.score_history.c.lead_no, db.score_history.c.as_of_us, db.score_history.c.probability)
    .where(db.score_history.c.as_of_us > bindparam("since_us"))
    .order_by(db.score_history.c.lead_no, db.score_history.c.entry_no),
    among=db.score_history.c.lead_no,
)


@dataclass(frozen=True)
class ReadingTime:
    """The instant of reading and what words need: the funnel's zone, and how many leads an owner's attention covers."""

    now_us: int
    zone: ZoneInfo
    per_owner: int


@dataclass(frozen=True)
class Shown:
    """An entry of the API, and what is behind its words, for pages in other languages: the next step, and the number
    of each reason, None if missing; () for a score that was stored without them."""

    entry: dict[str, Any]
    step: NextStep | None
    numbers: Sequence[float | None] = ()

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The reasons of the entry with their numbers."""
        reasons: list[dict[str, Any]] = self.entry["reasons"]
        if not self.numbers:
            return reasons
        return [{**reason, NUMBER: number} for reason, number in zip(reasons, self.numbers, strict=True)]


def entries_of(
    connection: Connection, rows: Sequence[Row], time: ReadingTime, attended: Attended
) -> list[Shown]:
    """The entries of these rows of COLUMNS with `record` and `base`, in their order."""
    ranks = _ranks(connection, rows)
    trends = _trends(connection, rows, time.now_us)
    return [
        _shown(row, time, attended, {"rank": ranks[row["lead_no"]], "trend": trends[row["lead_no"]]})
        for row in rows
    ]


def _shown(row: Row, time: ReadingTime, attended: Attended, listed: Mapping[str, Any]) -> Shown:
    entry: dict[str, Any] = msgspec.json.decode(row["record"])
    facts = read_facts(entry.pop("facts", {}))
    step = next_step(_situation(row, facts, time, attended.high_value))
    action, fact = (None, None) if step is None else step.words(time.now_us, time.zone)
    touch, base = facts.last_touch, row["base"]
    entry |= listed
    entry |= {
        "days_in_stage": max(0, time.now_us - row["entered_us"]) // DAY_US,
        "last_touch_at": format_time(touch.time_us) if touch else None,
        "last_touch": None
        if touch is None
        else {"kind": touch.kind, "channel": touch.channel, "direction": DIRECTION_TEXT.get(touch.direction)},
        "change_7d": None if base is None else row["probability"] - base,
        "attention": attended.codes.get(row["lead_no"]),
        "next_action": action,
        "next_fact": fact,
    }
    numbers = [reason.pop(NUMBER) for reason in entry.get("reasons", ()) if NUMBER in reason]
    return Shown(entry, step, numbers)


def _situation(row: Row, facts: ShownFacts, time: ReadingTime, high_value: float | None) -> Situation:
    return Situation(
        now_us=time.now_us,
        zone=time.zone,
        stage=row["stage"],
        next_stage=facts.next_stage,
        created_us=row["created_us"],
        entered_us=row["entered_us"],
        last_touch=facts.last_touch,
        asked=facts.asked,
        due=Due(row["unanswered_us"], row["silent_us"], row["stuck_us"], row["untouched_us"]),
        probability=row["probability"],
        earlier=row["base"],
        is_valuable=high_value is not None and row["revenue_rank"] >= high_value,
        answer_hours=facts.answer_hours,
    )


def _ranks(connection: Connection, rows: Sequence[Row]) -> dict[int, int]:
    """lead_no -> its place by expected revenue among all open leads, 1 for the largest.

    Counts the leads between neighbours, or from the end of a range whose leads above are known: no part of the index
    is read twice, and of a million leads some thousands are read.
    """
    above_range = _leads_above(connection)
    ranks: dict[int, int] = {}
    place, last = 0, None
    for row in sorted(rows, key=lambda row: (-row["revenue_rank"], -row["lead_no"])):
        key = (row["revenue_rank"], row["lead_no"])
        number = rank_range(row["revenue_rank"])
        if last is None or rank_range(last[0]) != number:
            place, last = above_range.get(number, 0), (range_end(number), 0)
        place += _count_between(connection, last, key)
        ranks[row["lead_no"]] = place
        last = key
    return ranks


def _leads_above(connection: Connection) -> dict[int, int]:
    """Range of ranks -> the open leads in the ranges above it."""
    ranges = leads_by_range(connection)
    above = accumulate((leads for _, leads in ranges), initial=0)
    return {number: leads for (number, _), leads in zip(ranges, above, strict=False)}


_SCORES = db.scores.c
_LOW: Any = bindparam("low")
_LOW_NO: Any = bindparam("low_no")
_HIGH: Any = bindparam("high")
_HIGH_NO: Any = bindparam("high_no")
_DOWN_TO = or_(_SCORES.revenue_rank > _LOW, and_(_SCORES.revenue_rank == _LOW, _SCORES.lead_no >= _LOW_NO))
_BELOW = or_(_SCORES.revenue_rank < _HIGH, and_(_SCORES.revenue_rank == _HIGH, _SCORES.lead_no < _HIGH_NO))
_COUNT_BETWEEN = PreparedQuery(
    select(func.count()).where(
        _SCORES.is_open == literal_column("1"),
        _SCORES.revenue_rank >= _LOW,
        _SCORES.revenue_rank <= _HIGH,
        _DOWN_TO,
        _BELOW,
    )
)


def _count_between(connection: Connection, above: tuple[float, int], key: tuple[float, int]) -> int:
    """The number of open leads after `above` up to and with `key`."""
    limits = {"low": key[0], "low_no": key[1], "high": above[0], "high_no": above[1]}
    return int(_COUNT_BETWEEN.rows(connection, **limits)[0][0])


def _trends(connection: Connection, rows: Sequence[Row], now_us: int) -> dict[int, list[float | None]]:
    """lead_no -> its probability 7, 6, ... 1 days ago as known then, None before its first score, and now."""
    moves: dict[int, list[tuple[int, float]]] = defaultdict(list)
    numbers = [row["lead_no"] for row in rows]
    for lead_no, as_of_us, probability in _MOVES.rows(connection, some=numbers, since_us=now_us - WEEK_US):
        moves[lead_no].append((as_of_us, probability))
    return {row["lead_no"]: _trend(row, moves[row["lead_no"]], now_us) for row in rows}


def _trend(row: Row, moves: Sequence[tuple[int, float]], now_us: int) -> list[float | None]:
    trend: list[float | None] = []
    for days in range(TREND_DAYS, 0, -1):
        known = [probability for as_of_us, probability in moves if as_of_us <= now_us - days * DAY_US]
        trend.append(known[-1] if known else row["base"])
    return [*trend, row["probability"]]
