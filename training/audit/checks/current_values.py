"""Tests against the other tables: does a column hold the lead's value at T, such as its stage, last touch or counts?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.calendar import local_us
from history.base.arrays import Floats, Ints, Mask
from history.history import History, Log, Stages
from history.text.outcome_words import match_key
from history.text.times import DAY_US
from training.audit.checks.agreement import Agreement, Pair, agreement_of, largest_share
from training.audit.columns import FIRST_LEVEL, NO_MOMENT, Column
from training.audit.evidence import MIN_EACH, STRONG, Evidence
from training.audit.leads import LeadStates

MIN_COMPARED: Final = 20  # leads whose value at T differs from that at their creation
AGREES: Final = 0.8
MOST_BY_CHANCE: Final = 0.5  # of values agree with another lead's fact
MOST_KINDS: Final = 30  # kinds of interactions that are counted one by one
SETTLES: Final = 0.8  # of the leads that are not in the most frequent stage
ON_ONE_DAY: Final = 0.95  # of dates, or of the days that ages count from


@dataclass(frozen=True)
class CurrentFacts:
    """Facts of n leads at T by the other tables, which no column knows at creation.

    counts and dates map a name for people to values (n,): numbers of rows, and days in the funnel's zone or NO_MOMENT.
    first_stage and latest_stage (n,) index stages, -1 without one.
    """

    counts: Mapping[str, Ints]
    days: Mapping[str, Ints]
    created_day: Ints
    as_of_day: int
    stages: Sequence[str]
    first_stage: Ints
    latest_stage: Ints


def current_facts(history: History) -> CurrentFacts:
    """The facts of a history cut at its T."""
    zone, touches, stages = history.config.zone, history.interactions, history.stages
    counts = {"interactions": np.diff(touches.offsets), "stage entries": np.diff(stages.offsets)}
    counts |= _counts_of_kinds(history)
    days = {
        "last interaction": _row_days(touches, history, last=True),
        "last stage entry": _row_days(stages, history, last=True),
        "first interaction": _row_days(touches, history, last=False),
    }
    created_day, as_of_day = local_us(history.created_us, zone), local_us(np.array([history.as_of_us]), zone)
    return CurrentFacts(
        counts,
        days,
        created_day // DAY_US,
        int(as_of_day[0] // DAY_US),
        stages.stage.values,
        _stage_codes(stages, last=False),
        _stage_codes(stages, last=True),
    )


def value_of_today(column: Column, leads: LeadStates, facts: CurrentFacts) -> Evidence | None:
    """Evidence that a column holds the value at T: of a date, a number or a word of the other tables, or T itself."""
    if column.moment_us is not None:
        return _date_of_today(column, leads, facts)
    if column.numbers is not None and (evidence := _number_of_today(column.numbers, leads, facts)):
        return evidence
    return _latest_stage(column, leads, facts) or _settles_stage(column, facts)


# ---- dates


def _date_of_today(column: Column, leads: LeadStates, facts: CurrentFacts) -> Evidence | None:
    assert column.moment_us is not None
    dated = column.moment_us != NO_MOMENT
    day = np.where(dated, column.moment_us // DAY_US, NO_MOMENT)
    if np.count_nonzero(dated) >= MIN_COMPARED and _is_export_day(day[dated], facts):
        return Evidence(STRONG, "its date is the day of the export on nearly all leads")
    for name, fact in facts.days.items():
        compared = dated & (fact != NO_MOMENT) & (fact > facts.created_day)
        # A day of another time zone is one day off.
        agreement = agreement_of(leads, compared, Pair(day, fact), _within_one)
        if _agrees(agreement):
            return _evidence(agreement, f"its date is the day of the {name}")
    return None


def _is_export_day(day: Ints, facts: CurrentFacts) -> bool:
    values, counts = np.unique(day, return_counts=True)
    most = int(np.argmax(counts))
    return bool(counts[most] >= ON_ONE_DAY * len(day) and values[most] >= facts.created_day.max())


# ---- numbers


def _number_of_today(values: Floats, leads: LeadStates, facts: CurrentFacts) -> Evidence | None:
    known = ~np.isnan(values)
    if (evidence := _days_until_export(values, known, facts)) is not None:
        return evidence
    for name, count in facts.counts.items():
        agreement = agreement_of(leads, known & (count > 0), Pair(values, count), np.equal)
        if _agrees(agreement):
            return _evidence(agreement, f"its number is the number of {name} until T")
    return None


def _days_until_export(values: Floats, known: Mask, facts: CurrentFacts) -> Evidence | None:
    """Days from the creation, or from a row of the other tables, to one and the same day not before T."""
    starts = {"creation": facts.created_day, **facts.days}
    for name, start in starts.items():
        compared = known & (start != NO_MOMENT)
        if np.count_nonzero(compared) < MIN_EACH or largest_share(np.round(values[compared])) > AGREES:
            continue
        end = start[compared] + values[compared]
        middle = float(np.median(end))
        share = float(np.mean(np.abs(end - middle) <= 1.5))
        if share >= AGREES and middle >= facts.as_of_day - 1.5 and np.ptp(start[compared]) > 10:
            return Evidence(
                STRONG,
                f"its number is the days from the {name} to the day of the export on {share:.0%} of leads",
            )
    return None


# ---- words


def _latest_stage(column: Column, leads: LeadStates, facts: CurrentFacts) -> Evidence | None:
    """The latest stage by its word."""
    if not len(facts.stages):
        return None
    code = {match_key(text): code for code, text in enumerate(facts.stages)}
    own = np.array([*(code.get(match_key(text), -1) for text in column.factor.values), -1], dtype=np.int64)
    value = own[column.factor.codes]
    # A won or lost word in place of the stage says nothing about the stage.
    compared = (value >= 0) & (facts.latest_stage >= 0) & (facts.latest_stage != facts.first_stage)
    agreement = agreement_of(leads, compared, Pair(value, facts.latest_stage), np.equal)
    return _evidence(agreement, "its word is the latest stage") if _agrees(agreement) else None


def _settles_stage(column: Column, facts: CurrentFacts) -> Evidence | None:
    """A value for each latest stage, such as its probability; of leads that moved on and of leads that did not.

    A pipeline with stages of its own settles the first stage as well.
    """
    compared = (column.group >= FIRST_LEVEL) & (facts.latest_stage >= 0)
    moved = compared & (facts.latest_stage != facts.first_stage)
    if min(np.count_nonzero(moved), np.count_nonzero(compared & ~moved)) < MIN_COMPARED:
        return None
    value = column.group[compared]
    gain = _gain(value, facts.latest_stage[compared])
    if gain < SETTLES or _gain(value, facts.first_stage[compared]) > SETTLES / 2:
        return None
    return Evidence(
        STRONG,
        f"its value follows from the latest stage on {np.count_nonzero(compared)} leads",
        {"settles_stage": gain},
    )


def _gain(value: Ints, stage: Ints) -> float:
    """Share of the leads outside of the most frequent stage that the stage of most leads of a value explains."""
    table = np.zeros((int(value.max()) + 1, int(stage.max()) + 1), dtype=np.int64)
    np.add.at(table, (value, stage), 1)
    n, base = len(value), int(table.sum(axis=0).max())
    return (int(table.max(axis=1).sum()) - base) / (n - base) if n > base else 0.0


# ---- facts of the tables


def _counts_of_kinds(history: History) -> dict[str, Ints]:
    touches, n = history.interactions, len(history)
    lead, kinds = touches.lead, touches.kind
    frequent = np.argsort(
        -np.bincount(kinds.codes[kinds.codes >= 0], minlength=len(kinds.values)), kind="stable"
    )
    return {
        f"interactions of kind {kinds.values[code]!r}": np.bincount(lead[kinds.codes == code], minlength=n)
        for code in frequent[:MOST_KINDS].tolist()
    }


def _row_days(log: Log, history: History, *, last: bool) -> Ints:
    """The day of each lead's last or first row (n,), NO_MOMENT without one."""
    row = _rows(log, last=last)
    if not len(log.time_us):
        return np.full(len(row), NO_MOMENT)
    day = local_us(log.time_us[np.maximum(row, 0)], history.config.zone) // DAY_US
    return np.where(row >= 0, day, NO_MOMENT)


def _stage_codes(stages: Stages, *, last: bool) -> Ints:
    row = _rows(stages, last=last)
    if not len(stages.time_us):
        return row
    return np.where(row >= 0, stages.stage.codes[np.maximum(row, 0)], -1).astype(np.int64)


def _rows(log: Log, *, last: bool) -> Ints:
    is_empty = np.diff(log.offsets) == 0
    return np.where(is_empty, -1, log.offsets[1:] - 1 if last else log.offsets[:-1])


# ---- agreement


def _within_one(values: Ints, facts: Ints) -> Mask:
    return np.asarray(np.abs(values - facts) <= 1)


def _agrees(agreement: Agreement) -> bool:
    is_enough = agreement.n >= MIN_COMPARED and agreement.by_chance <= MOST_BY_CHANCE
    return is_enough and agreement.share >= AGREES


def _evidence(agreement: Agreement, fact: str) -> Evidence:
    return Evidence(
        STRONG,
        f"{fact} on {agreement.share:.0%} of {agreement.n} leads",
        {"same_as_today": agreement.share, "compared_today": float(agreement.n)},
    )
