"""Validated tables to one History: what is visible at T, and the funnel that it shows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.bulk_creations import BULK, days_of
from history.config.config import FunnelConfig
from history.folder.change_rows import ChangeRows
from history.folder.currencies import currency_warnings, refuse_currencies
from history.folder.lead_table import LeadTable, VisibleLeads
from history.folder.logs import CostRows, InteractionRows, StageRows
from history.folder.outcome_rows import OutcomeRows
from history.folder.rules.acceptance import mend_sentence
from history.folder.rules.row_filter import TableCounts
from history.folder.rules.rules import GONE_LEAD, REJECTED, UNDECIDED_OUTCOME
from history.folder.validate import ReadOptions, ValidatedTable
from history.history import (
    Changes,
    Costs,
    History,
    Interactions,
    Outcomes,
    Stages,
    no_changes,
    no_interactions,
    no_outcomes,
    no_stages,
)
from history.outcomes.closing_stages import CLOSING_WORDS, separate_closings
from history.outcomes.closings_found import with_found_closings
from history.outcomes.settled import UNDATED, decided_leads, settle
from history.row_warnings import row_warnings
from history.stage_ties import infer_stages


class ReadHistory(NamedTuple):
    """A history, the row of each of its leads (n,) in their table, and what was set aside of each table."""

    history: History
    rows: Ints
    counts: dict[str, TableCounts]


def history_at(
    tables: dict[str, ValidatedTable], leads: LeadTable, options: ReadOptions, as_of_us: int, end_us: int
) -> ReadHistory:
    """The history as of as_of_us; end_us is the end of the data.

    Raises InvalidInput if no lead is visible with an outcome that is clear.
    """
    decisions = tables.get("outcomes")
    visible = leads.visible(as_of_us)
    if isinstance(decisions, OutcomeRows):
        visible = _without_left_out(leads, visible, decisions, end_us)
        refuse_currencies(leads, decisions, visible)
    rows = _visible_rows(tables, visible, as_of_us)
    pending = decisions.pending(visible, end_us) if isinstance(decisions, OutcomeRows) else None
    funnel = _funnel(rows, visible, options)
    attributes = leads.attributes(visible.rows)  # before the counts: it flags values, too
    counts = {name: table.rows.counts() for name, table in tables.items()}
    reports = {name: counted.report() for name, counted in counts.items()}
    history = History(
        config=funnel.config,
        as_of_us=as_of_us,
        lead_ids=[leads.ids.values[code] for code in leads.ids.codes[visible.rows].tolist()],
        created_us=visible.created_us,
        lead_known_us=leads.known_us()[visible.rows] if "recorded_at" in leads.raw.columns else None,
        attributes=attributes,
        interactions=rows.interactions,
        stages=funnel.stages,
        outcomes=funnel.outcomes,
        changes=rows.changes,
        costs=rows.costs,
        reports=reports,
    )
    history = settle(history, pending)
    warnings = (
        *options.whole.note(CLOSING_WORDS, funnel.closing_words),
        *row_warnings(reports),
        *currency_warnings(leads, visible.rows),
        *options.whole.note(UNDATED, decided_leads(history)),
        *options.whole.note(BULK, days_of(history.created_us)),
    )
    return ReadHistory(replace(history, warnings=warnings), visible.rows, counts)


def _without_left_out(
    leads: LeadTable, visible: VisibleLeads, decisions: OutcomeRows, end_us: int
) -> VisibleLeads:
    """The leads without the undecided ones and those that are gone; raises InvalidInput if none is left."""
    whole = decisions.options.whole
    if not whole.has_any("visible leads", bool(len(visible.rows))):
        return visible
    visible = leads.without(visible, decisions.undecided(visible, end_us), UNDECIDED_OUTCOME)
    if not whole.has_any("leads with a clear outcome", bool(len(visible.rows))):
        whole.require("the only outcomes of all its leads are set aside")
        raise InvalidInput(_no_decisions(decisions))
    is_gone = decisions.gone(visible, end_us)
    if not whole.has_any("leads that are not gone", not is_gone.all()):
        whole.require("all its leads are gone")
        raise InvalidInput(
            f"outcomes: no lead is left, since all {len(is_gone):,} are gone ({GONE_LEAD.message})."
        )
    left = visible if decisions.options.as_stored else leads.without(visible, is_gone, GONE_LEAD)
    return replace(left, merges=decisions.merges(visible, is_gone, left, end_us))


def _no_decisions(outcomes: OutcomeRows) -> list[str]:
    return [
        f"outcomes: no lead is left, since the only outcomes of each are set aside, {broken.count} by {broken.rule} "
        f"({REJECTED[broken.rule]}): {broken.first[0]}.{mend_sentence(outcomes.name, broken)}"
        for broken in outcomes.rows.report().rejected
    ]


class _Rows(NamedTuple):
    """The visible rows of each table beside that of the leads."""

    interactions: Interactions
    stages: Stages
    outcomes: Outcomes
    changes: Changes
    costs: Costs | None


def _visible_rows(tables: dict[str, ValidatedTable], visible: VisibleLeads, as_of_us: int) -> _Rows:
    n = len(visible.rows)
    rows = _Rows(no_interactions(n), no_stages(n), no_outcomes(n), no_changes(n), None)
    for table in tables.values():
        if isinstance(table, InteractionRows):
            rows = rows._replace(interactions=table.build(visible))
        elif isinstance(table, StageRows):
            rows = rows._replace(stages=table.build(visible))
        elif isinstance(table, OutcomeRows):
            rows = rows._replace(outcomes=table.build(visible))
        elif isinstance(table, ChangeRows):
            rows = rows._replace(changes=table.build(visible))
        elif isinstance(table, CostRows):
            rows = rows._replace(costs=table.build(as_of_us))
    return rows


class _Funnel(NamedTuple):
    """The configuration with what the rows tell of it, the entries of open stages, and the outcomes.

    closing_words: stages that mean a win or a loss, with the number of their entries.
    """

    config: FunnelConfig
    stages: Stages
    outcomes: Outcomes
    closing_words: Mapping[str, int]


def _funnel(rows: _Rows, visible: VisibleLeads, options: ReadOptions) -> _Funnel:
    """The funnel by its rows; options.as_stored leaves the rows as they are written."""
    config = with_found_closings(rows.stages, rows.outcomes, options.config, options.whole)
    decided = separate_closings(rows.stages, rows.outcomes, visible.created_us, config)
    stages = decided.stages
    if not config.stages:
        stages, config = infer_stages(stages, config, options.whole)
    if options.as_stored:
        return _Funnel(config, rows.stages, rows.outcomes, decided.words)
    return _Funnel(config, stages, decided.outcomes, decided.words)
