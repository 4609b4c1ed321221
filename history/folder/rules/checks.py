"""The checks of each table: a row is set aside for the first rule that it breaks, in the order of CHECKS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from history.folder.rules.rules import (
    BAD_COST,
    BAD_OUTCOME,
    BAD_TIME,
    BAD_VALUE,
    EMPTY_ATTRIBUTE,
    EMPTY_ID,
    EMPTY_KIND,
    EMPTY_STAGE,
    FIXED_ATTRIBUTE,
    ID_CASE,
    ID_ZEROS,
    LEAD_SET_ASIDE,
    LISTED_IDS,
    LONG_ID,
    MISSING_AMOUNT,
    MISSING_TIME,
    NUL_IN_ID,
    PERIOD_ENDS_BEFORE_START,
    ROUNDED_ID,
    TIME_BEFORE_1990,
    TIME_IN_FUTURE,
    UNCLEAR_TIME,
    UNKNOWN_LEAD,
    Rule,
)


@dataclass(frozen=True)
class Check:
    """A rule for one column; shown: the columns in the message, by default the tested one."""

    rule: Rule
    column: str
    shown: tuple[str, ...] = ()

    @property
    def shown_columns(self) -> tuple[str, ...]:
        return self.shown or (self.column,)


def _of_time(column: str, *rules: Rule) -> tuple[Check, ...]:
    return tuple(Check(rule, column) for rule in rules)


def _of_own_time(column: str) -> tuple[Check, ...]:
    return _of_time(column, MISSING_TIME, UNCLEAR_TIME, BAD_TIME, TIME_BEFORE_1990, TIME_IN_FUTURE)


_LEAD_ID: Final = tuple(Check(rule, "lead_id") for rule in (EMPTY_ID, NUL_IN_ID, LONG_ID, ROUNDED_ID))
_OF_A_LEAD: Final = (
    *_LEAD_ID,
    *(Check(rule, "lead_id") for rule in (ID_CASE, ID_ZEROS, LISTED_IDS, UNKNOWN_LEAD, LEAD_SET_ASIDE)),
)
_RECORDED_AT: Final = _of_time("recorded_at", UNCLEAR_TIME, BAD_TIME, TIME_BEFORE_1990, TIME_IN_FUTURE)

CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "leads": (*_LEAD_ID, *_of_own_time("created_at"), *_RECORDED_AT),
    "interactions": (
        *_OF_A_LEAD,
        *_of_own_time("occurred_at"),
        *_RECORDED_AT,
        Check(EMPTY_KIND, "kind", ("lead_id", "occurred_at")),
        Check(NUL_IN_ID, "interaction_id", ("lead_id", "interaction_id")),
        Check(BAD_VALUE, "value"),
    ),
    "stages": (
        *_OF_A_LEAD,
        *_of_own_time("entered_at"),
        *_RECORDED_AT,
        Check(EMPTY_STAGE, "stage", ("lead_id", "entered_at")),
    ),
    "outcomes": (
        *_OF_A_LEAD,
        Check(BAD_OUTCOME, "outcome", ("lead_id", "outcome")),
        # closed_at may be empty, and may lie in the future: such an outcome is not visible before.
        *_of_time("closed_at", UNCLEAR_TIME, BAD_TIME, TIME_BEFORE_1990),
        *_RECORDED_AT,
    ),
    "attribute_changes": (
        *_OF_A_LEAD,
        *_of_own_time("changed_at"),
        *_RECORDED_AT,
        Check(EMPTY_ATTRIBUTE, "attribute", ("lead_id", "changed_at")),
        Check(FIXED_ATTRIBUTE, "attribute"),
    ),
    "costs": (
        *_of_own_time("period_start"),
        *_RECORDED_AT,
        *_of_time("period_end", UNCLEAR_TIME, BAD_TIME, TIME_BEFORE_1990),
        Check(MISSING_AMOUNT, "amount", ("amount", "period_start")),
        Check(BAD_COST, "amount"),
        Check(PERIOD_ENDS_BEFORE_START, "period_end", ("period_start", "period_end")),
    ),
}
