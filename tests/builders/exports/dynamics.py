"""Exports of Dynamics 365 Sales from one simulated CRM in four shapes, with the traps that real ones have."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from connectors.dynamics.objects import FORMATTED
from tests.builders.exports.imported_folder import Spelling
from tests.builders.exports.simulated_crm import (
    RATES,
    Move,
    Row,
    World,
    csv_text,
    currency_of,
    in_currency,
    interaction_counts,
    moves,
    number_of,
    owners,
    shifted,
    values_today,
)

Record = dict[str, Any]
Tables = dict[str, list[Record]]
STAGE_LABELS = {"new": "Discover", "qualified": "Develop", "proposal": "Propose", "negotiation": "Close"}
LEAD_STAGE = "Qualify"
STATE = {"open": (0, "Open"), "won": (1, "Won"), "lost": (2, "Lost")}
REASON = {"open": (1, "In Progress"), "won": (3, "Won"), "lost": (4, "Canceled")}
CURRENCIES = {"EUR": "Euro", "USD": "US Dollar", "JPY": "Japanese Yen"}
TYPES = {"call": "phonecall", "email_reply": "email", "email_sent": "email", "demo": "appointment"}
TYPE_LABELS = {"phonecall": "Phone Call", "email": "Email", "appointment": "Appointment"}
KINDS = {"email_reply": "email", "email_sent": "email", "demo": "meeting"}
CUSTOM = (
    "industry", "employees", "product", "seats", "profile_fit", "newsletter", "campaign", "contact_role", "age_group",
    "country", "city", "annual_budget", "is_customer", "work_email", "trial_started_on",
)  # fmt: skip
NUMBERS, BOOLEANS = (
    ("employees", "seats", "profile_fit", "annual_budget"),
    ("newsletter", "is_customer", "work_email"),
)
FROM_LEADS, MERGED_LEADS, DELETED, OPEN_TASKS = 15, 2, 4, 5
DELETED_TABLE = "deleted"  # opportunities that were deleted; a file of its own in no export


@dataclass(frozen=True)
class Choice:
    """A code with its label, and a link with its name."""

    code: Any
    label: str


@dataclass(frozen=True)
class Truth:
    """A simulated CRM, and what its tables of today are made from."""

    world: World
    moves: Mapping[str, list[Move]]
    today: Mapping[str, Row]
    counts: Mapping[str, int]


def guid(group: int, number: int) -> str:
    return str(UUID(int=(group << 96) + (0x4_0000 << 60) + number))


def deal_id(lead_id: str) -> str:
    return guid(0xAB000006, int(lead_id[1:]))


def lead_guid(lead_id: str) -> str:
    return guid(0xAB000001, int(lead_id[1:]))


def stage_guid(label: str) -> str:
    return guid(0xAB000009, [LEAD_STAGE, *STAGE_LABELS.values()].index(label))


def spelling(precision: int, shape: str = "api") -> Spelling:
    """How an import of Dynamics writes the truth; views have the labels of types, other shapes their names."""
    others = ("form_submit", "chat", "web_visit", "social_message", "email_open", "ad_view")
    prefix = "" if shape in ("audited", "view") else "new_"
    return Spelling(deal_id, STAGE_LABELS, KINDS | {kind: f"{prefix}{kind}" for kind in others}, precision)


def tables(world: World) -> Tables:
    """The rows of each table; choices and links are Choice."""
    truth = Truth(world, moves(world), values_today(world), interaction_counts(world))
    users = {name: guid(0xAB000005, place) for place, name in enumerate(owners(world))}
    from_lead = {lead["lead_id"] for lead in world.leads[:FROM_LEADS]}
    return {
        "opportunity": [_opportunity(truth, lead, users, lead["lead_id"] in from_lead) for lead in world.leads],
        "lead": [
            *(_lead(lead) for lead in world.leads[:FROM_LEADS]), *_merged(world), _unqualified(),
        ],
        "activitypointer": [_activity(row, from_lead) for row in world.interactions] + _open_tasks(world),
        "phonecall": [_activity(row, from_lead) | _detail(row) for row in world.interactions if row["kind"] == "call"],
        "email": [
            _activity(row, from_lead) | _detail(row) for row in world.interactions if TYPES.get(row["kind"]) == "email"
        ],
        "process": [_process(truth, lead, lead["lead_id"] in from_lead) for lead in world.leads],
        "processstage": [
            {"processstageid": stage_guid(label), "stagename": label, "stagecategory": Choice(place, label)}
            for place, label in enumerate([LEAD_STAGE, *STAGE_LABELS.values()])
        ],
        "audit": _audit(truth, users, from_lead),
        "opportunityclose": [
            {"activityid": guid(0xAB000008, place), "opportunityid": Choice(deal_id(lead), "x"),
             "actualend": move.at[:10], "createdon": move.at, "opportunitystatecode": Choice(*STATE[move.state])}
            for lead, path in truth.moves.items() for place, move in enumerate(path, 100 * int(lead[1:]))
            if move.state != "open"
        ],
        "systemuser": [{"systemuserid": id_, "fullname": name, "domainname": "x"} for name, id_ in users.items()],
        "transactioncurrency": [
            {"transactioncurrencyid": guid(0xAB000003, place), "isocurrencycode": code,
             "currencyname": CURRENCIES[code], "exchangerate": rate}
            for place, (code, rate) in enumerate(RATES.items())
        ],
        DELETED_TABLE: [
            {"opportunityid": deal_id(old), "createdon": world.gone_created[old], "modifiedon": world.gone_at}
            for old in world.deleted
        ],
    }  # fmt: skip


def _opportunity(truth: Truth, lead: Row, users: Mapping[str, str], from_lead: bool) -> Record:
    id_ = lead["lead_id"]
    last, today, code = truth.moves[id_][-1], truth.today[id_], currency_of(id_)
    amount = float(in_currency(last.amount, code)) if last.state == "won" and last.amount else None
    place = list(RATES).index(code)
    account = guid(0xAB000002, int(lead["account_id"][1:])) if lead["account_id"] else None
    return {
        "opportunityid": deal_id(id_), "name": f"{lead['company'] or 'Deal'} - {lead['product']} {int(id_[1:])}",
        "statecode": Choice(*STATE[last.state]), "statuscode": Choice(*REASON[last.state]),
        "createdon": lead["created_at"], "modifiedon": last.at,
        "actualclosedate": last.at[:10] if last.state != "open" else None,
        "estimatedclosedate": lead["planned_close_on"] or None, "estimatedvalue": 5000.0 * RATES[code],
        "estimatedvalue_base": 5000.0, "actualvalue": amount,
        "actualvalue_base": float(last.amount) if amount is not None else None, "exchangerate": RATES[code],
        "transactioncurrencyid": Choice(guid(0xAB000003, place), CURRENCIES[code]),
        "originatingleadid": Choice(lead_guid(id_), "x") if from_lead else None,
        "parentaccountid": Choice(account, lead["company"]) if account else None,
        "ownerid": Choice(users[today["owner"]], today["owner"]),
        "stepname": "2-Develop", "closeprobability": 100 if last.state == "won" else 30,
        "opportunityratingcode": Choice(1, "Hot"), "msdyn_opportunityscore": truth.counts[id_],
        "new_source": lead["source"],
        **{f"new_{name}": _custom(name, today[name]) for name in CUSTOM},
    }  # fmt: skip


def _custom(name: str, text: str) -> Any:
    if not text:
        return None
    if name in BOOLEANS:
        return text == "true"
    if name == "industry":
        return Choice(100 + sum(map(ord, text)) % 7919, text)
    return float(text) if name in NUMBERS else text


def _lead(lead: Row) -> Record:
    return {
        "leadid": lead_guid(lead["lead_id"]), "subject": "Request", "companyname": lead["company"] or "ACME",
        "fullname": lead["contact_name"], "statecode": Choice(1, "Qualified"), "statuscode": Choice(3, "Qualified"),
        "createdon": shifted(lead["created_at"], -timedelta(days=3)), "leadqualitycode": Choice(1, "Hot"),
        "qualifyingopportunityid": Choice(deal_id(lead["lead_id"]), "x"), "masterid": None, "merged": False,
    }  # fmt: skip


def _merged(world: World) -> list[Record]:
    """Leads that were merged into one that became an opportunity."""
    return [
        _lead(lead) | {"leadid": guid(0xAB000001, 700_000 + place), "qualifyingopportunityid": None, "merged": True,
                       "masterid": Choice(lead_guid(lead["lead_id"]), "x"), "statecode": Choice(2, "Disqualified")}
        for place, lead in enumerate(world.leads[:MERGED_LEADS])
    ]  # fmt: skip


def _unqualified() -> Record:
    return {
        "leadid": guid(0xAB000001, 800_000), "subject": "Other", "companyname": "Other", "fullname": "Roe",
        "statecode": Choice(0, "Open"), "statuscode": Choice(1, "New"), "createdon": "2026-01-05T08:00:00Z",
        "leadqualitycode": Choice(2, "Warm"), "qualifyingopportunityid": None, "masterid": None, "merged": False,
    }  # fmt: skip


def _activity(row: Row, from_lead: set[str]) -> Record:
    """A completed activity; every third one of a qualified lead hangs on the lead, some of these on a merged one."""
    number = int(row["interaction_id"].rpartition("-")[2], 16)
    regarding = deal_id(row["lead_id"])
    if row["lead_id"] in from_lead and number % 3 == 0:
        place = int(row["lead_id"][1:]) - 1
        is_merged = place < MERGED_LEADS and number % 2 == 0
        regarding = guid(0xAB000001, 700_000 + place) if is_merged else lead_guid(row["lead_id"])
    type_ = TYPES.get(row["kind"], f"new_{row['kind']}")
    label = TYPE_LABELS.get(type_, row["kind"].replace("_", " ").title())
    return {
        "activityid": guid(0xAB000004, number_of(row)), "subject": "x",
        "activitytypecode": Choice(type_, label), "statecode": Choice(1, "Completed"),
        "regardingobjectid": Choice(regarding, "x"), "actualend": row["occurred_at"], "createdon": row["recorded_at"],
        "scheduledend": row["occurred_at"][:10], "actualdurationminutes": float(row["value"] or 0) or None,
    }  # fmt: skip


def _detail(row: Row) -> Record:
    is_outbound = row["direction"] == "outbound"
    return {"directioncode": Choice(is_outbound, "Outgoing" if is_outbound else "Incoming")}


def _open_tasks(world: World) -> list[Record]:
    return [
        {**_activity(row, set()), "activityid": guid(0xAB000004, (1 << 60) + place), "actualend": None,
         "activitytypecode": Choice("task", "Task"), "statecode": Choice(0, "Open")}
        for place, row in enumerate(world.interactions[:OPEN_TASKS])
    ]  # fmt: skip


def entries(path: list[Move]) -> list[Move]:
    """The entries into another stage; a return to the same stage after a loss is none for a process flow."""
    opens = [move for move in path if move.state == "open"]
    return [opens[0], *(move for before, move in pairwise(opens) if move.stage != before.stage)]


def _process(truth: Truth, lead: Row, from_lead: bool) -> Record:
    steps = entries(truth.moves[lead["lead_id"]])
    labels = [STAGE_LABELS[move.stage] for move in steps]
    path = [LEAD_STAGE, *labels] if from_lead else labels
    return {
        "businessprocessflowinstanceid": process_id(lead["lead_id"]), "name": "Sales Process",
        "opportunityid": Choice(deal_id(lead["lead_id"]), _name(truth, lead)),
        "leadid": Choice(lead_guid(lead["lead_id"]), "x") if from_lead else None,
        "activestageid": Choice(stage_guid(labels[-1]), labels[-1]),
        "traversedpath": ",".join(map(stage_guid, path)), "activestagestartedon": steps[-1].at,
        "createdon": shifted(lead["created_at"], -timedelta(days=3)) if from_lead else lead["created_at"],
        "statecode": Choice(0, "Active"),
    }  # fmt: skip


def _name(truth: Truth, lead: Row) -> str:
    return f"{lead['company'] or 'Deal'} - {lead['product']} {int(lead['lead_id'][1:])}"


def process_id(lead_id: str) -> str:
    return guid(0xAB000007, int(lead_id[1:]))


def _audit(truth: Truth, users: Mapping[str, str], from_lead: set[str]) -> list[Record]:
    """Stages of process flows, states, owners and own columns; creations, deletions and other tables among them."""
    rows: list[Record] = []

    def add(at: str, type_: str, object_: str, *changes: tuple[str, Any, Any]) -> None:
        data = [{"logicalName": name, "oldValue": old, "newValue": new} for name, old, new in changes]
        rows.append(
            {"auditid": guid(0xAB00000A, len(rows)), "objectid": Choice(object_, "x"), "objecttypecode": type_,
             "createdon": at, "operation": Choice(2, "Update"), "action": Choice(2, "Update"),
             "changedata": json.dumps({"changedAttributes": data})}
        )  # fmt: skip

    for lead, path in truth.moves.items():
        steps = entries(path)
        if lead in from_lead:
            add(steps[0].at, "leadtoopportunitysalesprocess", process_id(lead), _step(LEAD_STAGE, steps[0]))
        for before, move in pairwise(steps):
            add(move.at, "opportunitysalesprocess", process_id(lead), _step(STAGE_LABELS[before.stage], move))
        for before, move in pairwise(path):
            if move.state != before.state:
                codes = (str(STATE[before.state][0]), str(STATE[move.state][0]))
                add(move.at, "opportunity", deal_id(lead), ("statecode", *codes), ("statuscode", "1", "4"))
    value = {(lead["lead_id"], name): text for lead in truth.world.leads for name, text in lead.items()}
    for row in sorted(truth.world.attribute_changes, key=lambda row: row["changed_at"]):
        key = (row["lead_id"], row["attribute"])
        old, value[key] = value[key], row["value"]
        if row["attribute"] == "owner":
            links = [f"systemuser,{users[text]}" for text in (old, row["value"])]
            add(row["changed_at"], "opportunity", deal_id(row["lead_id"]), ("ownerid", links[0], links[1]))
        elif row["attribute"] == "newsletter":
            add(
                row["changed_at"],
                "opportunity",
                deal_id(row["lead_id"]),
                ("new_newsletter", old, row["value"]),
            )
    add(truth.world.leads[0]["created_at"], "opportunity", deal_id(truth.world.leads[0]["lead_id"]))
    add(truth.world.leads[0]["created_at"], "account", guid(0xAB000002, 999_999), ("name", "a", "b"))
    return rows


def _step(old: str, move: Move) -> tuple[str, str, str]:
    return ("activestageid", stage_guid(old), stage_guid(STAGE_LABELS[move.stage]))


# ---- shapes

LINKS = ("transactioncurrencyid", "originatingleadid", "parentaccountid", "ownerid", "regardingobjectid", "objectid",
         "activestageid", "opportunityid", "leadid", "qualifyingopportunityid", "masterid")  # fmt: skip
PAGE = 500


def write_api(made: Tables, folder: Path) -> None:
    """Pages of the Web API with annotations: links as `_NAME_value`, labels beside codes, GUIDs in capitals."""
    folder.mkdir(parents=True)
    for name, rows in made.items():
        if name == DELETED_TABLE:
            continue  # deleted rows are in no answer
        records = [_annotated(row) for row in rows]
        pages = [records[start : start + PAGE] for start in range(0, len(records), PAGE)]
        for number, page in enumerate(pages, 1):
            document = {"@odata.context": "https://x.crm4.dynamics.com/api", "value": page}
            (folder / f"{name}-{number:03d}.json").write_text(json.dumps(document), encoding="utf-8")


def _annotated(row: Record) -> Record:
    record: Record = {"@odata.etag": 'W/"1"'}
    for name, value in row.items():
        key = f"_{name}_value" if name in LINKS and (value is None or isinstance(value, Choice)) else name
        if isinstance(value, Choice):
            record[key] = value.code.upper() if name in LINKS else value.code
            record[f"{key}{FORMATTED}"] = value.label
        else:
            record[key] = value
    return record


def write_warehouse(made: Tables, folder: Path) -> None:
    """Tables as Synapse Link and loaders write them: codes and ids only, deleted rows marked."""
    folder.mkdir(parents=True)
    for name, rows in made.items():
        if name == DELETED_TABLE:
            continue
        lines = [{"Id": "", "IsDelete": "", **_plain(row)} for row in rows]
        if name == "opportunity":
            lines += [
                lines[0] | {"opportunityid": deal_id(f"L{900_000 + place}"), "IsDelete": "True"}
                for place in range(DELETED)
            ]
            lines += [lines[0] | _plain(row) | {"IsDelete": "True"} for row in made[DELETED_TABLE]]
        (folder / f"{name}.csv").write_text(csv_text(lines), encoding="utf-8")


def _plain(row: Record) -> Row:
    plain: Row = {}
    for name, value in row.items():
        key = f"_{name}_value" if name in LINKS and (value is None or isinstance(value, Choice)) else name
        plain[key] = _text(value.code if isinstance(value, Choice) else value)
    return plain


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


VIEWS: Mapping[str, Mapping[str, str]] = {
    "opportunity": {
        "opportunityid": "(Do Not Modify) Opportunity", "modifiedon": "(Do Not Modify) Modified On", "name": "Topic",
        "parentaccountid": "Account", "estimatedclosedate": "Est. Close Date", "estimatedvalue": "Est. Revenue",
        "closeprobability": "Probability", "opportunityratingcode": "Rating", "ownerid": "Owner", "statecode": "Status",
        "statuscode": "Status Reason", "createdon": "Created On", "actualclosedate": "Actual Close Date",
        "actualvalue": "Actual Revenue", "actualvalue_base": "Actual Revenue (Base)",
        "estimatedvalue_base": "Est. Revenue (Base)", "transactioncurrencyid": "Currency",
        "exchangerate": "Exchange Rate", "new_industry": "Industry", "new_seats": "Seats", "new_source": "Lead Source",
    },
    "phonecall": {"activityid": "(Do Not Modify) Phone Call", "directioncode": "Direction"},
    "email": {"activityid": "(Do Not Modify) Email", "directioncode": "Direction"},
    "activitypointer": {"activityid": "(Do Not Modify) Activity", "activitytypecode": "Activity Type"},
    "process": {
        "businessprocessflowinstanceid": "(Do Not Modify) Opportunity Sales Process", "opportunityid": "Opportunity",
        "activestageid": "Active Stage", "activestagestartedon": "Active Stage Started On", "createdon": "Created On",
        "name": "Name",
    },
}  # fmt: skip
ACTIVITY_VIEW = {"subject": "Subject", "regardingobjectid": "Regarding", "statecode": "Activity Status",
                 "actualend": "Actual End", "createdon": "Date Created"}  # fmt: skip
MONEY = ("estimatedvalue", "actualvalue", "estimatedvalue_base", "actualvalue_base")


def write_view(made: Tables, folder: Path, shown_columns: Mapping[str, str] = VIEWS["opportunity"]) -> None:
    """Exports of views: labels, names for links, local dates with the month first, currency signs, a total below."""
    folder.mkdir(parents=True)
    names = {row["opportunityid"]: row["name"] for row in made["opportunity"]}
    leads = {row["leadid"]: row for row in made["lead"]}
    for name, labels in {**VIEWS, "opportunity": shown_columns}.items():
        shown = {**labels, **(ACTIVITY_VIEW if "activityid" in labels else {})}
        rows = [
            {label: _cell(field, row.get(field), names, leads) for field, label in shown.items()}
            for row in made[name]
        ]
        rows = [{"(Do Not Modify) Row Checksum": "a1/b2==", **row} for row in rows]
        text = csv_text(rows)
        if name == "opportunity":
            text = "All Opportunities\n\n" + text + "Total,,,,,1234\n"
        (folder / f"My View {name}.csv").write_text(text, encoding="utf-16")


AUDIT_LABELS = {"activestageid": "Active Stage", "statecode": "Status", "statuscode": "Status Reason",
                "ownerid": "Owner", "new_newsletter": "Newsletter"}  # fmt: skip


def write_audited(made: Tables, folder: Path) -> None:
    """Views with every column, and the audit history as tools save it: labels of fields and of their values."""
    labels = {f"new_{name}": name.replace("_", " ").title() for name in CUSTOM}
    write_view(made, folder, {**VIEWS["opportunity"], **labels})
    words = {stage_guid(label): label for label in (LEAD_STAGE, *STAGE_LABELS.values())}
    words |= {f"systemuser,{row['systemuserid']}": row["fullname"] for row in made["systemuser"]}
    words |= {"true": "Yes", "false": "No"}
    states, reasons = ({str(code): label for code, label in of.values()} for of in (STATE, REASON))
    rows = []
    for row in reversed(made["audit"]):
        for change in json.loads(row["changedata"])["changedAttributes"]:
            name = change["logicalName"]
            known = {"statecode": states, "statuscode": reasons}.get(name, words)
            old, new = (known.get(change[side], change[side]) for side in ("oldValue", "newValue"))
            rows.append(
                {"Record ID": row["objectid"].code, "Entity": row["objecttypecode"],
                 "Changed Date": _cell("createdon", row["createdon"], {}, {}), "Event": "Update",
                 "Changed Field": AUDIT_LABELS.get(name, name), "Old Value": old, "New Value": new,
                 "Changed By": "Ada Lang"}
            )  # fmt: skip
    (folder / "Audit History.csv").write_text(csv_text(rows), encoding="utf-8-sig")


def _cell(field: str, value: Any, names: Mapping[str, str], leads: Mapping[str, Record]) -> str:
    if value is None:
        return ""
    if field == "regardingobjectid":
        return names.get(_opportunity_of(value.code, leads), "?")
    if isinstance(value, Choice):
        return value.label
    if field in MONEY:
        return f"€{value:,.2f}"
    if isinstance(value, str) and len(value) == 20 and value.endswith("Z"):
        return datetime.fromisoformat(value).strftime("%-m/%-d/%Y %-I:%M %p")
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if field.endswith("date") or (field.endswith("_on") and value):
        return datetime.fromisoformat(value).strftime("%-m/%-d/%Y")
    return _text(value)


def _opportunity_of(id_: str, leads: Mapping[str, Record]) -> str:
    """The opportunity behind the id of a lead, or that id itself."""
    lead = leads.get(id_)
    if lead is None:
        return id_
    master = leads[lead["masterid"].code] if lead["masterid"] else lead
    return str(master["qualifyingopportunityid"].code)


SHAPES: Mapping[str, Callable[[Tables, Path], None]] = {
    "api": write_api, "audited": write_audited, "view": write_view, "warehouse": write_warehouse,
}  # fmt: skip


def export(world: World, shape: str, folder: Path) -> Tables:
    """Writes one shape; returns the rows."""
    made = tables(world)
    SHAPES[shape](made, folder)
    return made
