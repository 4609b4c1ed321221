"""Salesforce exports of one simulated CRM in four shapes, with the traps that real exports have."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from history.folder.values.id_forms import long_id
from tests.builders.exports.salesforce_reports import write_all_reports, write_reports
from tests.builders.exports.simulated_crm import (
    Row,
    World,
    csv_text,
    moves,
    owners,
    shifted,
    snake,
    sql_time,
    values_today,
)

STAGE_LABELS = {
    "new": "Prospecting",
    "qualified": "Qualification",
    "proposal": "Proposal/Quote",
    "negotiation": "Negotiation",
}
PROBABILITY = {"Prospecting": "10", "Qualification": "30", "Proposal/Quote": "60", "Negotiation": "80"}
CLOSING = {"won": "Closed Won", "lost": "Closed Lost"}
EVENT_KINDS = ("demo",)
DELETED_DEALS, DEALS_OF_LEADS = 7, 40
CUSTOM = (
    "industry", "employees", "product", "seats", "profile_fit", "newsletter", "campaign", "contact_role", "age_group",
    "country", "city", "annual_budget", "is_customer", "work_email", "trial_started_on",
)  # fmt: skip


@dataclass(frozen=True)
class Objects:
    """The rows of each Salesforce object, by API names, times as datetimes in ISO with Z."""

    tables: Mapping[str, list[Row]]


def record_id(prefix: str, number: int) -> str:
    """A Salesforce id of 18 characters with capitals and small letters."""
    digits = "".join("aAbBcCdDeE"[int(digit)] for digit in f"{number:06d}")
    return long_id(f"{prefix}xx00{digits}AAj"[:15].ljust(15, "0"))


def deal_id(lead_id: str) -> str:
    return record_id("006", int(lead_id[1:]))


def objects(world: World) -> Objects:
    """The objects of the org: opportunities with history, tasks, events, converted leads, users, deleted records."""
    owner_ids = {name: record_id("005", place) for place, name in enumerate(owners(world))}
    history, today = _history(world), values_today(world)
    changes = sorted(world.attribute_changes, key=lambda row: row["changed_at"])
    opportunities = [
        _opportunity(lead, history[lead["lead_id"]], today[lead["lead_id"]], owner_ids)
        for lead in world.leads
    ]
    converted = {lead["lead_id"] for lead in world.leads[:DEALS_OF_LEADS]}
    tables = {
        "Opportunity": opportunities
        + [_deleted(number) for number in range(DELETED_DEALS)]
        + [
            _deleted(0)
            | {"Id": deal_id(old), "CreatedDate": world.gone_created[old], "LastModifiedDate": world.gone_at}
            for old in world.deleted
        ],
        "OpportunityHistory": [row for rows in history.values() for row in rows],
        "OpportunityFieldHistory": _field_history(changes, owner_ids),
        "Lead": [_lead(lead) for lead in world.leads if lead["lead_id"] in converted] + [_unconverted()],
        "Task": [_task(row, converted) for row in world.interactions if row["kind"] not in EVENT_KINDS],
        "Event": [_event(row) for row in world.interactions if row["kind"] in EVENT_KINDS],
        "User": [
            {"Id": id_, "Name": name, "Username": f"u{id_}@x.example", "Alias": name[:4]}
            for name, id_ in owner_ids.items()
        ],
    }
    tables["Task"].append(_task_of_deleted())
    return Objects(tables)


def _history(world: World) -> dict[str, list[Row]]:
    """OpportunityHistory by lead: a row for each stage entry, win, loss, and change of the planned closing date."""
    number = 0
    by_lead = moves(world)
    history: dict[str, list[Row]] = {}
    for lead in world.leads:
        rows = []
        plan = lead["planned_close_on"] or lead["created_at"][:10]
        for move in by_lead[lead["lead_id"]]:
            number += 1
            closed = move.state in CLOSING
            stage = CLOSING[move.state] if closed else STAGE_LABELS[move.stage]
            rows.append(
                {
                    "Id": record_id("008", number), "OpportunityId": deal_id(lead["lead_id"]), "StageName": stage,
                    "Amount": move.amount or "5000",
                    "Probability": PROBABILITY.get(stage, "100" if move.state == "won" else "0"),
                    "CloseDate": move.at[:10] if closed else plan, "CreatedDate": move.at, "IsDeleted": "false",
                }
            )  # fmt: skip
        history[lead["lead_id"]] = rows
    return history


def _opportunity(lead: Row, history: list[Row], now: Row, owner_ids: Mapping[str, str]) -> Row:
    last = history[-1]
    closed, won = last["StageName"] in CLOSING.values(), last["StageName"] == "Closed Won"
    return {
        "Id": deal_id(lead["lead_id"]), "IsDeleted": "false",
        "Name": f"{lead['company'] or 'Deal'} - {lead['product']}",
        "AccountId": record_id("001", int(lead["account_id"][1:])) if lead["account_id"] else "",
        "StageName": last["StageName"], "Amount": last["Amount"], "Probability": last["Probability"],
        "CloseDate": last["CloseDate"], "CreatedDate": lead["created_at"], "IsClosed": str(closed).lower(),
        "IsWon": str(won).lower(), "OwnerId": owner_ids[now["owner"]], "LeadSource": lead["source"],
        "ForecastCategory": "Closed" if won else "Pipeline", "NextStep": "" if closed else "call",
        "LastActivityDate": last["CreatedDate"][:10],
        "LastModifiedDate": last["CreatedDate"], "HasOpenActivity": str(not closed).lower(),
        **{f"{name.title()}__c": now[name] for name in CUSTOM},
    }  # fmt: skip


def _deleted(number: int) -> Row:
    return {
        "Id": record_id("006", 900_000 + number), "IsDeleted": "true", "Name": "Gone", "StageName": "Prospecting",
        "CloseDate": "2026-01-31", "CreatedDate": "2025-09-01T10:00:00Z", "IsClosed": "false", "IsWon": "false",
    }  # fmt: skip


def _field_history(changes: list[Row], owner_ids: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    before: dict[tuple[str, str], str] = {}
    for change in changes:
        if change["attribute"] not in (*CUSTOM, "owner"):
            continue
        key = (change["lead_id"], change["attribute"])
        base = {
            "OpportunityId": deal_id(change["lead_id"]),
            "CreatedDate": change["changed_at"],
            "IsDeleted": "false",
        }
        old, new = before.get(key, ""), change["value"]
        before[key] = new
        if change["attribute"] == "owner":
            ids = {"OldValue": owner_ids.get(old, ""), "NewValue": owner_ids[new], "DataType": "EntityId"}
            rows.append({**base, "Field": "Owner", **ids, "Id": record_id("017", len(rows))})
        field = "Owner" if change["attribute"] == "owner" else f"{change['attribute'].title()}__c"
        rows.append(
            {
                **base,
                "Field": field,
                "OldValue": old,
                "NewValue": new,
                "DataType": "Text",
                "Id": record_id("017", len(rows)),
            }
        )
    return rows


def old_values(world: World, rows: list[Row]) -> list[Row]:
    """Field history with the value at the creation as the first old value."""
    first = {(deal_id(lead["lead_id"]), f): lead[f] for lead in world.leads for f in (*CUSTOM, "owner")}
    result = []
    for row in rows:
        name = row["Field"].removesuffix("__c").lower()
        if not row["OldValue"] and row["DataType"] == "Text":
            row = {**row, "OldValue": first[row["OpportunityId"], name]}
        result.append(row)
    return result


def _lead(lead: Row) -> Row:
    created = shifted(lead["created_at"], -timedelta(days=3))
    return {
        "Id": record_id("00Q", int(lead["lead_id"][1:])), "IsDeleted": "false", "IsConverted": "true",
        "LastName": "Doe",
        "Company": "ACME", "Status": "Qualified", "LeadSource": lead["source"], "CreatedDate": created,
        "ConvertedOpportunityId": deal_id(lead["lead_id"]), "ConvertedDate": lead["created_at"][:10],
    }  # fmt: skip


def _unconverted() -> Row:
    return {
        "Id": record_id("00Q", 800_000), "IsDeleted": "false", "IsConverted": "false", "LastName": "Roe",
        "Company": "Other", "Status": "New", "LeadSource": "web", "CreatedDate": "2026-01-05T08:00:00Z",
        "ConvertedOpportunityId": "", "ConvertedDate": "",
    }  # fmt: skip


def _task(row: Row, converted: set[str]) -> Row:
    """A completed task; every third one of a converted lead hangs on the lead."""
    of_lead = row["lead_id"] in converted and row["interaction_id"].endswith(("0", "3", "6", "9", "c"))
    number = int(row["lead_id"][1:])
    return {
        "Id": row["interaction_id"], "WhatId": "" if of_lead else deal_id(row["lead_id"]),
        "WhoId": record_id("00Q", number) if of_lead else "", "Type": row["kind"], "TaskSubtype": "Task",
        "Status": "Completed", "IsClosed": "true", "ActivityDate": row["occurred_at"][:10],
        "CompletedDateTime": row["occurred_at"], "CreatedDate": row["recorded_at"], "IsDeleted": "false",
        "CallType": row["direction"].title() if row["kind"] == "call" else "", "Subject": "x, \"y\"",
    }  # fmt: skip


def _task_of_deleted() -> Row:
    return {
        "Id": record_id("00T", 1), "WhatId": record_id("006", 900_000), "WhoId": "", "Type": "call",
        "TaskSubtype": "Call", "Status": "Completed", "IsClosed": "true", "ActivityDate": "2026-01-02",
        "CompletedDateTime": "2026-01-02T10:00:00Z",
        "CreatedDate": "2026-01-02T10:00:00Z", "IsDeleted": "false", "CallType": "", "Subject": "",
    }  # fmt: skip


def _event(row: Row) -> Row:
    return {
        "Id": row["interaction_id"], "WhatId": deal_id(row["lead_id"]), "WhoId": "", "Type": row["kind"],
        "StartDateTime": row["occurred_at"], "EndDateTime": row["occurred_at"], "CreatedDate": row["recorded_at"],
        "IsDeleted": "false", "Subject": "Demo",
    }  # fmt: skip


# ---- shapes


def write_objects(made: Objects, folder: Path) -> None:
    """Object CSV by API names, as Data Loader writes it."""
    folder.mkdir(parents=True)
    for name, rows in made.tables.items():
        written = [{k: _api_time(k, v) for k, v in row.items()} for row in rows]
        (folder / f"{name}.csv").write_text(csv_text(written, quoting=csv.QUOTE_ALL), encoding="utf-8")


def write_warehouse(made: Objects, folder: Path) -> None:
    """Tables as Fivetran names them; the history as versions of the whole opportunity."""
    folder.mkdir(parents=True)
    names = {
        "User": "user_data",
        "Task": "task",
        "Event": "event",
        "Lead": "lead",
        "Opportunity": "opportunity",
    }
    for name, file in names.items():
        rows = [
            {"_fivetran_synced": "2026-07-01 00:00:00", **{snake(k): sql_time(v) for k, v in row.items()}}
            for row in made.tables[name]
        ]
        (folder / f"sf_{file}.csv").write_text(csv_text(rows), encoding="utf-8")
    rows = [{snake(k): sql_time(v) for k, v in row.items()} for row in made.tables["OpportunityFieldHistory"]]
    (folder / "sf_opportunity_field_history.csv").write_text(csv_text(rows), encoding="utf-8")
    (folder / "sf_opportunity_history.csv").write_text(csv_text(_versions(made)), encoding="utf-8")
    (folder / "LICENSE").write_text("Not a table.\n", encoding="utf-8")


def _versions(made: Objects) -> list[Row]:
    current = {row["Id"]: row for row in made.tables["Opportunity"]}
    history = made.tables["OpportunityHistory"]
    rows = []
    for place, row in enumerate(history):
        is_last = place + 1 == len(history) or history[place + 1]["OpportunityId"] != row["OpportunityId"]
        state = {
            "IsClosed": str("Closed" in row["StageName"]).lower(),
            "IsWon": str(row["StageName"] == "Closed Won").lower(),
        }
        version = (
            current[row["OpportunityId"]]
            | state
            | {k: row[k] for k in ("StageName", "Amount", "CloseDate", "Probability")}
        )
        end = "9999-12-31 23:59:59" if is_last else sql_time(history[place + 1]["CreatedDate"])
        marks = {
            "_fivetran_active": str(is_last).lower(),
            "_fivetran_start": sql_time(row["CreatedDate"]),
            "_fivetran_end": end,
        }
        rows.append(marks | {snake(k): sql_time(v) for k, v in version.items()})
    return rows


def _api_time(name: str, text: str) -> str:
    return (
        text.replace("Z", ".000+0000") if text.endswith("Z") and name.endswith(("Date", "DateTime")) else text
    )


SHAPES: Mapping[str, Callable[[Objects, Path], None]] = {
    "objects": write_objects,
    "warehouse": write_warehouse,
    "reports": lambda made, folder: write_reports(made.tables, folder),
    "all_reports": lambda made, folder: write_all_reports(made.tables, folder),
}


def export(world: World, shape: str, folder: Path) -> Objects:
    """Writes one shape; returns the objects."""
    made = objects(world)
    tables = dict(made.tables)
    tables["OpportunityFieldHistory"] = old_values(world, tables["OpportunityFieldHistory"])
    made = Objects(tables)
    SHAPES[shape](made, folder)
    return made
