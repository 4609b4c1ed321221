"""The limit for rows that are set aside: tables of which too much breaks rules."""

from collections.abc import Mapping
from typing import Final

from history.base.errors import InvalidInput
from history.folder.rules.rules import (
    DUPLICATE_INTERACTION,
    DUPLICATE_LEAD,
    LEAD_SET_ASIDE,
    RULE_OF,
    TIME_IN_FUTURE,
    UNKNOWN_LEAD,
)
from history.history import Rejected, TableReport

MOST_REJECTED: Final = 0.2  # of a table's rows
# Exports of activities often hold those of other records too: only a table that is nearly all of them has a fault.
MOST_UNKNOWN: Final = 0.8
NEVER_COUNTED: Final = frozenset(
    rule.name for rule in (DUPLICATE_LEAD, DUPLICATE_INTERACTION, TIME_IN_FUTURE)
)
OF_OTHER_LEADS: Final = frozenset(rule.name for rule in (UNKNOWN_LEAD, LEAD_SET_ASIDE))
ACCEPTING_OPTION: Final = "--accept-rejected"


def require_acceptable(reports: Mapping[str, TableReport], accepting: str = ACCEPTING_OPTION) -> None:
    """Raises InvalidInput if more than MOST_REJECTED of the rows of any table break rules.

    accepting: the option that goes on without these rows, for the message.
    """
    problems = excess_problems(reports)
    if problems:
        problems[-1] += f" To go on without these rows: {accepting}."
        raise InvalidInput(problems)


def excess_problems(reports: Mapping[str, TableReport]) -> list[str]:
    """A problem for each rule of each table of which too many rows are set aside, most rows first.

    Later duplicates and planned rows never count; rows of other leads do only above MOST_UNKNOWN of the table.
    """
    return [
        _problem(table, rule, report)
        for table, report in reports.items()
        for rule in sorted(_excess(report), key=lambda rule: -rule.count)
    ]


def _excess(report: TableReport) -> list[Rejected]:
    """The rules that count, if their rows are more than MOST_REJECTED of the rows that count."""
    of_others = sum(rule.count for rule in report.rejected if rule.rule in OF_OTHER_LEADS)
    uncounted = NEVER_COUNTED
    if of_others <= MOST_UNKNOWN * report.rows:
        uncounted |= OF_OTHER_LEADS
    counted = [rule for rule in report.rejected if rule.rule not in uncounted]
    rejected_count = sum(rule.count for rule in counted)
    row_count = report.rows - sum(rule.count for rule in report.rejected if rule.rule in uncounted)
    return counted if rejected_count > MOST_REJECTED * row_count else []


def _problem(table: str, rejected: Rejected, report: TableReport) -> str:
    rule = RULE_OF[rejected.rule]
    share = f"{rejected.count:,} of {report.rows:,} rows are set aside"
    first = f"{rejected.first[0]}.{mend_sentence(table, rejected)}"
    return f"{table}: {share} by {rule.name} ({rule.message}): {first}"


def mend_sentence(table: str, rejected: Rejected) -> str:
    """What to change for rows that are set aside, as a sentence after a blank; "" if nothing general helps."""
    mend = RULE_OF[rejected.rule].mend_text(table, rejected.column, rejected.value)
    return f" {mend}." if mend else ""
