"""Stages of deals and contacts, and every move between them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts
from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals
from connectors.deals.property_history import PropertyHistory
from connectors.deals.stage_table import StageMoves, StageRow, StageTable, stage_table
from connectors.hubspot.entries import entry_moves, stage_order
from connectors.hubspot.objects import CURRENT_STAGE
from connectors.hubspot.portal import Portal
from connectors.hubspot.stays import read_stays
from connectors.reading.export import Export, booleans, column
from connectors.reading.recognise import key_of
from connectors.reading.values import end_of_day, read_numbers
from connectors.reading.words import is_true, outcome_of
from history.base.arrays import Codes, Mask

# Of every portal, in case the export has no table of pipelines.
DEFAULT_STAGES: Final = {
    "appointmentscheduled": "Appointment Scheduled", "qualifiedtobuy": "Qualified To Buy",
    "presentationscheduled": "Presentation Scheduled", "decisionmakerboughtin": "Decision Maker Bought-In",
    "contractsent": "Contract Sent", "closedwon": "Closed Won", "closedlost": "Closed Lost",
}  # fmt: skip
# Lifecycle stages in their order; a customer is won.
LIFECYCLE: Final = {
    "subscriber": "Subscriber", "lead": "Lead", "marketingqualifiedlead": "Marketing Qualified Lead",
    "salesqualifiedlead": "Sales Qualified Lead", "opportunity": "Opportunity", "customer": "Customer",
    "evangelist": "Evangelist", "other": "Other",
}  # fmt: skip
WON_LIFECYCLE: Final = ("customer", "evangelist")


def read_stage_rows(export: Export, pipelines: pa.Table) -> list[StageRow]:
    """The stages of all pipelines of deals, HubSpot's default ones first; of one id the last row counts."""
    rows = [
        StageRow(id_, label, "", place, None) for place, (id_, label) in enumerate(DEFAULT_STAGES.items())
    ]
    table = export.table("Stage")
    export.use(table)
    names = ("stage_id", "label", "pipeline_id", "displayOrder", "probability", "isClosed", "closed_won")
    cells = zip(*(column(table, name).to_pylist() for name in names), strict=True)
    rows += [_stage_row(*texts) for texts in cells]
    ids, nested = (column(pipelines, name).to_pylist() for name in ("pipeline_id", "stages"))
    for pipeline, cell in zip(ids, nested, strict=True):
        rows += _rows_of_cell(pipeline, cell)
    return [row for row in rows if row.id and row.label]


def _rows_of_cell(pipeline: str | None, cell: str | None) -> list[StageRow]:
    """Stages as a JSON list in a cell, as loaders without nested tables write them."""
    try:
        entries = json.loads(cell) if cell else []
    except (ValueError, RecursionError):
        return []
    rows = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            inner = entry.get("metadata")
            metadata: dict[str, Any] = inner if isinstance(inner, dict) else {}
            texts = (
                None if value is None else str(value)
                for value in (
                    entry.get("id") or entry.get("stageId"), entry.get("label"), pipeline, entry.get("displayOrder"),
                    metadata.get("probability"), metadata.get("isClosed"), None,
                )
            )  # fmt: skip
            rows.append(_stage_row(*texts))
    return rows


def _stage_row(
    id_: str | None, label: str | None, pipeline: str | None, order: str | None, *meaning: str | None
) -> StageRow:
    probability, closed, won = meaning
    (share,) = read_numbers(pa.array([probability], pa.string()), ".").value.tolist()
    (rank,) = read_numbers(pa.array([order], pa.string()), ".").value.tolist()
    return StageRow(
        id_ or "", label or "", pipeline, rank, _meaning(share, is_true(closed), is_true(won), label or id_)
    )


def _meaning(share: float, is_closed: bool | None, is_won: bool | None, label: str | None) -> int | None:
    """What a stage means by its probability and flags; of a closed stage that has only this flag, by its label."""
    if is_won or (share == 1 and is_closed is not False):
        return WON
    if is_closed and np.isnan(share) and is_won is None:
        return WON if outcome_of(label or "") == "won" else LOST
    if is_closed or (is_closed is None and share == 0 and is_won is None):
        return LOST
    return OPEN if is_closed is False else None


def with_probabilities(
    portal: Portal, rows: Sequence[StageRow], present: Sequence[str | None]
) -> list[StageRow]:
    """The stages; one without a meaning is a win if its deals' probability is 1 throughout, a loss if it is 0."""
    read = read_numbers(column(portal.table, "hs_deal_stage_probability"), ".")
    seen: dict[str, set[float]] = {}
    for id_, value, good in zip(present, read.value.tolist(), read.good.tolist(), strict=True):
        if id_ and good:
            seen.setdefault(id_, set()).add(value / 100 if value > 1 else value)
    known = {row.id: row for row in rows}
    for id_, values in seen.items():
        row = known.get(id_, StageRow(id_, id_, None, np.nan, None))
        if row.state is None and values in ({1.0}, {0.0}):
            known[id_] = replace(row, state=WON if values == {1.0} else LOST)
    return list(known.values())


def lifecycle_rows() -> list[StageRow]:
    """The lifecycle stages of contacts."""
    return [
        StageRow(id_, label, "", place, WON if id_ in WON_LIFECYCLE else OPEN)
        for place, (id_, label) in enumerate(LIFECYCLE.items())
    ]


def stage_ids(rows: Sequence[StageRow], names: Sequence[str | None]) -> list[str | None]:
    """The ids of stages that may be written as ids, labels, or labels with the pipeline in brackets."""
    ids = {row.id for row in rows}
    by_label = {row.label.casefold(): row.id for row in reversed(rows)}
    by_key = {key_of(row.id): row.id for row in reversed(rows)}
    meanings: dict[str, str] = {}
    for name in {name for name in names if name}:
        bare = name.rpartition(" (")[0] if name.endswith(")") else name
        candidates = (name if name in ids else None, by_label.get(name.casefold()), by_label.get(bare.casefold()),
                      by_key.get(key_of(name)), by_key.get(key_of(name.rpartition("_")[0])), bare or name)  # fmt: skip
        meanings[name] = next(candidate for candidate in candidates if candidate)
    return [meanings.get(name) if name else None for name in names]


def read_moves(portal: Portal, history: PropertyHistory, rows: Sequence[StageRow]) -> StageMoves:
    """Stage moves by the history; of leads without one by their columns of stages."""
    lead, us, values = history.of(portal.lead.stage)
    stays = read_stays(portal)
    ids = stage_ids([*rows, *_present(portal, rows)], stays.stages)
    orders = {row.id: row.order for row in rows}
    order = stage_order(stays, [orders.get(id_ or "", np.nan) for id_ in ids])
    wanted = np.ones(len(portal), dtype=np.bool_)
    wanted[lead] = False
    entries = entry_moves(portal, stays, ids, order, wanted)
    return StageMoves(
        np.concatenate((lead, entries.deal)),
        np.concatenate((us, entries.us)),
        [*stage_ids(rows, values), *entries.stage],
    )


def _present(portal: Portal, rows: Sequence[StageRow]) -> list[StageRow]:
    """The stages that leads are in and no table describes, so that columns name them in any case."""
    known = {row.id for row in rows}
    found = dict.fromkeys(stage_ids(rows, column(portal.table, portal.lead.stage).to_pylist()))
    return [StageRow(id_, id_, None, np.nan, None) for id_ in found if id_ and id_ not in known]


def read_deals(portal: Portal, stages: StageTable, stage: Codes, amounts: Amounts) -> Deals:
    """The leads as deals; --won and --lost come before the deal's own flags, these before the stage's meaning."""
    table = portal.table
    state = stages.states_of(stage)
    won, not_won = booleans(column(table, "hs_is_closed_won"))
    closed, is_open = booleans(column(table, "hs_is_closed"))
    lost: Mask = closed & not_won
    by_flag = np.where(won, WON, np.where(lost, LOST, np.where(is_open, OPEN, state)))
    chosen = np.array([code in stages.chosen for code in range(len(stages.labels))] + [False])[stage]
    state = np.where(chosen, state, by_flag).astype(np.int8)
    plan = portal.export.times(table, "closedate" if portal.lead.object == "deal" else "")
    ends = np.where(plan.is_date, end_of_day(plan.us, portal.export.options.zone), plan.us)
    since = portal.export.times(table, CURRENT_STAGE)
    return Deals(
        portal.ids.own, portal.created_us, state, stage, np.where(since.known, since.us, NO_TIME),
        np.where(plan.known, ends, NO_TIME), amounts.value, column(table, "closed_lost_reason").to_pylist(),
    )  # fmt: skip


def stages_of(portal: Portal, rows: list[StageRow], used: list[str | None]) -> StageTable:
    """The table of the stages in use."""
    return stage_table(rows, [id_ for id_ in used if id_], portal.export.options)
