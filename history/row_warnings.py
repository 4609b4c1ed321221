"""Warnings about rows whose faults change figures, from the reports of a data folder's tables."""

import re
from collections.abc import Mapping

from history.base.warnings import Warning
from history.data_end import GAP_DAYS
from history.history import Rejected, TableReport


def row_warnings(reports: Mapping[str, TableReport]) -> list[Warning]:
    """The warnings of a history's reports; without any for a history that is not read from a folder."""
    warnings: list[Warning] = []
    if (bad := _flagged(reports, "outcomes", "bad_amount")) is not None:
        detail = (
            f"{bad.count:,} amounts of won leads are unknown, because they are no numbers of at least 0: "
            f"{bad.first[0]}{_mark_hint(bad.value)}"
        )
        warnings.append(Warning("bad_amount", "outcomes", detail))
    if (ahead := _flagged(reports, "outcomes", "closing_ahead")) is not None:
        detail = (
            f"{ahead.count:,} wins and losses are dated after the end of the data; their leads count as decided at "
            f"that end, and are never scored or forecast: {ahead.first[0]}"
        )
        warnings.append(Warning("closing_ahead", "outcomes", detail))
    if (undecided := _flagged(reports, "leads", "undecided_outcome")) is not None:
        detail = (
            f"{undecided.count:,} leads count neither as open nor as decided, because their only outcomes are set "
            f"aside: {undecided.first[0]}"
        )
        warnings.append(Warning("undecided_outcome", "outcomes", detail))
    if (odd := _flagged(reports, "leads", "odd_creation")) is not None:
        detail = (
            f"{odd.count:,} leads were created far before all others, and no training and no period begins with "
            f"them: {odd.first[0]}"
        )
        warnings.append(Warning("odd_creation", "leads", detail))
    for table in reports:
        if (late := _flagged(reports, table, "late_row")) is not None:
            detail = (
                f"{late.count:,} rows lie more than {GAP_DAYS} days after everything else and are not visible: "
                f"{late.first[0]}; --as-of with a date after them reads them"
            )
            warnings.append(Warning("late_rows", table, detail))
    return warnings


def _mark_hint(value: str) -> str:
    """How to name the decimal mark of amounts such as 1,234, which the whole column leaves open."""
    if not re.search(r"\d[.,]\d{3}(?!\d)", value):
        return ""
    return f'; if {value} is one amount, name its mark in [formats.outcomes] of funnel.toml: decimal = "." or ","'


def _flagged(reports: Mapping[str, TableReport], table: str, rule: str) -> Rejected | None:
    report = reports.get(table)
    flagged = () if report is None else report.flagged
    return next((rows for rows in flagged if rows.rule == rule), None)
