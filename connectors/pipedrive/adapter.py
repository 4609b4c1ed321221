"""Pipedrive: deals with their flow, activities and notes -> the tables of a data folder."""

from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts, Money, in_one_currency, numbers
from connectors.deals.attributes import Changes, Text
from connectors.deals.deals import LOST, NO_TIME, OPEN, WON, Deals, deal_tables, times
from connectors.deals.people import People
from connectors.deals.records import exported_at
from connectors.deals.stage_table import StageRow, StageTable, of_kept_pipelines, stage_table
from connectors.folder.tables import Result, Sink
from connectors.pipedrive.activities import interactions
from connectors.pipedrive.changes import (
    AMOUNT,
    CLOSE_DATE,
    CLOSING,
    STAGE,
    Flow,
    add_field_changes,
    owners,
    present_stages,
    read_flow,
    stage_moves,
)
from connectors.pipedrive.company import Company, plain_ids, read_company, refuse_incomplete, state_of
from connectors.pipedrive.objects import ALL_KINDS
from connectors.pipedrive.progress import flow_of_progress
from connectors.reading.export import Export, column
from connectors.reading.lacks import stage_lack
from connectors.reading.values import end_of_day, read_numbers
from history.base.arrays import Codes, Ints

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("deal",)
TIMES: Final = ("add_time", "update_time", "stage_change_time", "won_time", "lost_time", "close_time")
IDENTITY: Final = {"name": "title", "organization": "org_name", "contact": "person_name"}


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    refuse_incomplete(export)
    export.leave_unused()
    rows, pipelines = _stage_rows(export)
    company = read_company(export, export.table("Deal"), pipelines)
    flow, entries = read_flow(company), flow_of_progress(company)
    flow = flow if len(flow.of(STAGE)) else entries.beside(flow)
    amounts = _amounts(company)
    moves = stage_moves(company, flow)
    present = present_stages(company)
    stages = stage_table([*rows, *CLOSING], [id_ for id_ in (*present, *moves.stage) if id_], export.options)
    codes = of_kept_pipelines(export, rows, present, moves.stage, stages)
    deals = _deals(company, stages, stages.codes(present), amounts)
    exported_us = _exported(company, flow)
    tables = deal_tables(deals, stages.moves(moves, codes), exported_us)
    export.lack(stage_lack(export.system, tables.stages))
    changes = Changes()
    first = add_field_changes(company, flow, amounts, changes)
    leads = _lead_table(company, first)
    _list_ignored(company)

    sink.erase(company.erased)
    sink.merge(company.ids.survivors)
    sink.leads(leads, exported_us, {*first, *changes.attribute, CLOSE_DATE, AMOUNT})
    sink.add("stages", tables.stages)
    sink.add("outcomes", tables.outcomes)
    sink.add("attribute_changes", changes.table(company.ids.own))
    persons = plain_ids(column(company.deals, "person_id")).to_pylist()
    people = People([(id_, place) for place, id_ in enumerate(persons) if id_], company.created_us)
    for batch in interactions(company, people):
        sink.add("interactions", batch)
    identity = tuple(name for name in IDENTITY if name in leads.column_names)
    return Result("deal", amounts.currency, stages.order, identity, exported_us)


def _stage_rows(export: Export) -> tuple[list[StageRow], dict[str, str]]:
    """The stages, none of which closes a deal, and the labels of pipelines."""
    table = export.table("Pipeline")
    export.use(table)
    pairs = zip(plain_ids(column(table, "id")).to_pylist(), column(table, "name").to_pylist(), strict=True)
    pipelines = {id_: name for id_, name in pairs if id_ and name}
    table = export.table("Stage")
    export.use(table)
    order = read_numbers(column(table, "order_nr"), ".").value.tolist()
    ids, names, pipeline_ids = (column(table, name) for name in ("id", "name", "pipeline_id"))
    cells = zip(
        plain_ids(ids).to_pylist(), names.to_pylist(), plain_ids(pipeline_ids).to_pylist(), order, strict=True
    )
    rows = [StageRow(id_, name, pipeline, rank, OPEN) for id_, name, pipeline, rank in cells if id_ and name]
    return rows, pipelines


def _deals(
    company: Company,
    stages: StageTable,
    stage: Codes,
    amounts: Amounts,
) -> Deals:
    """The deals with the state of their status; --won and --lost come first."""
    table, export = company.deals, company.export
    by_status = [state_of(text) for text in column(table, "status").to_pylist()]
    state = np.array([OPEN if value is None else value for value in by_status], dtype=np.int8)
    chosen = np.array([code in stages.chosen for code in range(len(stages.labels))] + [False])[stage]
    state = np.where(chosen, stages.states_of(stage), state).astype(np.int8)
    closed = np.full(len(table), NO_TIME, dtype=np.int64)
    for name, of_state in (("close_time", (WON, LOST)), ("won_time", (WON,)), ("lost_time", (LOST,))):
        read = export.times(table, name)
        ends = np.where(read.is_date, end_of_day(read.us, export.options.zone), read.us)
        closed = np.where(read.known & np.isin(state, of_state), ends, closed)
    since = export.times(table, "stage_change_time")
    closed = np.where(chosen & (closed == NO_TIME) & since.known, since.us, closed)
    unchanged = company.created_us if since.known.any() else NO_TIME  # no time of a change: there was none
    return Deals(
        company.ids.own, company.created_us, state, stage, np.where(since.known, since.us, unchanged), closed,
        amounts.value, column(table, "lost_reason").to_pylist(),
    )  # fmt: skip


def _amounts(company: Company) -> Amounts:
    """The amounts of deals; of several currencies those of --currency, since Pipedrive exports no rates."""
    own = numbers(company.export, company.deals, "value", "Deal")
    money = Money(
        amount=own,
        codes=column(company.deals, "currency"),
        converted=np.full(len(own), np.nan),
        home=None,
        rates={},
        name="Deal.value",
        mend="convert them in Pipedrive before the export",
        texts=column(company.deals, "value"),
    )
    return in_one_currency(money, company.export.options.currency)


def _exported(company: Company, flow: Flow) -> int:
    """When the export was made: the latest past time of the deals and their flow."""
    now_us = company.export.options.now_us
    past: Ints = flow.us[flow.us <= now_us]
    latest = exported_at(company.export, [(company.deals, TIMES)])
    return max(latest, int(past.max())) if len(past) else latest


def _lead_table(company: Company, first: dict[str, dict[int, Text]]) -> pa.Table:
    """The leads; an attribute with changes has its value at the creation, others the export's value."""
    deals, count = company.deals, len(company.deals)
    accounts = plain_ids(column(deals, "org_id")).to_pylist()
    names = column(deals, "org_name").to_pylist()
    columns: dict[str, list[Text]] = {
        "account_id": [id_ or name for id_, name in zip(accounts, names, strict=True)],
        "owner": owners(company),
        "source": column(deals, "source").to_pylist(),
    }
    columns |= {label: column(deals, name).to_pylist() for label, name in IDENTITY.items()}
    for name, attribute in company.attribute_columns().items():
        columns[attribute] = [company.shown(name, value) for value in column(deals, name).to_pylist()]
    for attribute, by_lead in first.items():
        columns[attribute] = [by_lead.get(place) for place in range(count)]
    leads = {"lead_id": pa.array(company.ids.own, pa.string()), "created_at": times(company.since_us)}
    leads |= {name: pa.array(values, pa.string()) for name, values in columns.items() if any(values)}
    return pa.table(leads)


def _list_ignored(company: Company) -> None:
    """Lists the columns that hold today's value or the outcome, and Pipedrive's own ones."""
    company.export.ignore_trapped()
    company.export.ignore("Deal", company.own_columns())
