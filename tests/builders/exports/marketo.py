"""Marketo exports of one simulated CRM: bulk extracts, REST pages, lists of the interface, and warehouse tables."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.persons.rows import slug
from tests.builders.exports.simulated_crm import (
    Row,
    World,
    csv_text,
    currency_of,
    in_currency,
    moves,
    shifted,
    snake,
    sql_time,
    values_today,
)  # fmt: skip

SHAPES = ("bulk", "interface", "pages", "warehouse")
STAGES = {"new": "New", "qualified": "Qualified", "proposal": "Proposal", "negotiation": "Negotiation"}
# Kind of the truth -> type id and name of the activity.
TYPES = {
    "email_sent": ("6", "Send Email"), "email_open": ("10", "Open Email"), "ad_view": ("11", "Click Email"),
    "form_submit": ("2", "Fill Out Form"), "web_visit": ("1", "Visit Webpage"), "demo": ("46", "Interesting Moment"),
    "email_reply": ("45", "Receive Sales Email"), "social_message": ("3", "Click Link"),
    "call": ("100001", "Phone Call"), "chat": ("100002", "Dialogue Engaged"),
}  # fmt: skip
KINDS = {kind: slug(name) for kind, (_, name) in TYPES.items()}
MORE_TYPES = {
    "13": "Change Data Value", "22": "Change Score", "23": "Change Owner", "101": "Change Revenue Stage",
    "32": "Merge Leads", "37": "Delete Lead", "12": "New Lead", "110": "Call Webhook", "36": "Update Opportunity",
}  # fmt: skip
NAMES = dict(TYPES.values()) | MORE_TYPES
CUSTOM = ("industry", "employees", "product", "seats", "newsletter", "profile_fit")
MERGED, DELETED, ANONYMOUS, SKIPPED, DOUBLES, OF_THE_SYSTEM = 5, 7, 4, 6, 20, 9
LABELS = {
    "id": "Id", "email": "Email Address", "company": "Company Name", "leadSource": "Lead Source",
    "ownerName": "Lead Owner", "externalCompanyId": "External Company ID", "leadScore": "Lead Score",
    "leadStatus": "Lead Status", "createdAt": "Created At", "updatedAt": "Updated At", "isAnonymous": "Is Anonymous",
    "marketoGUID": "Marketo GUID", "leadId": "Person ID", "activityDate": "Activity Date",
    "activityTypeId": "Activity Type ID", "activityTypeName": "Activity Type", "campaignId": "Campaign ID",
    "primaryAttributeValueId": "Primary Attribute Value ID", "primaryAttributeValue": "Primary Attribute Value",
    "attributes": "Attributes", "actionResult": "Action Result", "externalOpportunityId": "External Opportunity ID",
    "name": "Name", "amount": "Amount", "stage": "Stage", "isClosed": "Is Closed", "isWon": "Is Won",
    "closeDate": "Close Date", "externalCreatedDate": "External Created Date", "isPrimary": "Is Primary",
    "role": "Role",
}  # fmt: skip


@dataclass(frozen=True)
class Instance:
    """Rows by REST names; attributes of activities are objects. set_aside: rows by reason that an import must count."""

    leads: list[Row]
    activities: list[dict[str, Any]]
    opportunities: list[Row]
    roles: list[Row]
    set_aside: Mapping[str, int]


def person_id(lead_id: str) -> str:
    return str(1_000 + int(lead_id[1:]))


def merged_id(lead_id: str) -> str:
    return str(900_000 + int(lead_id[1:]))


def instance(world: World, currencies: bool = False) -> Instance:
    """The records with merges, deletes, anonymous people, skipped steps, doubles, and values of today."""
    today = values_today(world)
    activities = [*_touches(world), *_changes(world), *_scores(world)]
    opportunities, roles = [], []
    for lead, entries in moves(world).items():
        activities += _stage_entries(lead, entries)
        for row in _opportunities(lead, entries, currencies):
            opportunities.append(row)
            roles += _roles(lead, row)
    activities += _traps(world)
    doubles = activities[:DOUBLES]
    leads = [_lead(lead, today[lead["lead_id"]], activities) for lead in world.leads]
    leads += [_stranger(number, world) for number in range(ANONYMOUS)]
    aside = {
        "double": len(doubles), "anonymous": ANONYMOUS, "failed_or_skipped": SKIPPED, "erased": 2 * DELETED,
        "of_the_system": OF_THE_SYSTEM, "not_the_primary_person": len(opportunities),
        "open_opportunity": sum(row["isClosed"] == "false" for row in opportunities),
    }  # fmt: skip
    return Instance(leads, activities + doubles, opportunities, roles, aside)


def _activity(
    id_: str, person: str, at: str, type_: str, primary: str = "", **attributes: Any
) -> dict[str, Any]:
    return {
        "marketoGUID": id_, "leadId": person, "activityDate": at, "activityTypeId": type_, "campaignId": "",
        "primaryAttributeValueId": "", "primaryAttributeValue": primary,
        "attributes": {name.replace("_", " "): value for name, value in attributes.items()},
        "actionResult": "succeeded",
    }  # fmt: skip


def _touches(world: World) -> list[dict[str, Any]]:
    """Early touches of the first people are those of a record that was merged into theirs."""
    first = {lead["lead_id"] for lead in world.leads[:MERGED]}
    return [
        _activity(
            row["interaction_id"], (merged_id if row["lead_id"] in first and n % 2 else person_id)(row["lead_id"]),
            row["occurred_at"], TYPES[row["kind"]][0], "Nurture: step, 1",
            **({"User_Agent": "Mozilla/5.0", "Link_ID": 5, "Is_Mobile": False} if n % 3 else {}),
        )
        for n, row in enumerate(world.interactions)
    ]  # fmt: skip


def _changes(world: World) -> list[dict[str, Any]]:
    values = {(lead["lead_id"], name): lead[name] for lead in world.leads for name in lead}
    rows = []
    for row in sorted(world.attribute_changes, key=lambda row: row["changed_at"]):
        key = (row["lead_id"], row["attribute"])
        old, values[key] = values[key], row["value"]
        person, id_ = person_id(row["lead_id"]), "-".join((*key, row["changed_at"]))
        if row["attribute"] == "owner":
            rows.append(
                _activity(id_, person, row["changed_at"], "23", New_Owner=row["value"], Old_Owner=old)
            )
        else:
            name = row["attribute"].title()
            more = {"New_Value": row["value"], "Old_Value": old, "Reason": "Form fill", "Source": "Web form"}
            rows.append(_activity(id_, person, row["changed_at"], "13", name, **more))
    return rows


def _scores(world: World) -> list[dict[str, Any]]:
    """Every second person gains 5 points an hour after the creation."""
    return [
        _activity(
            f"score-{lead['lead_id']}", person_id(lead["lead_id"]), shifted(lead["created_at"], timedelta(hours=1)),
            "22", "Lead Score", Change_Value="+5", New_Value=15, Old_Value=10, Reason="Visited pricing",
        )
        for n, lead in enumerate(world.leads) if n % 2
    ]  # fmt: skip


def _stage_entries(lead: str, entries: Iterable[Any]) -> list[dict[str, Any]]:
    rows = []
    before = ""
    for place, move in enumerate(entries):
        if move.state == "open":
            stage = STAGES[move.stage]
            more = {"New_Stage": stage, "Old_Stage": before, "Model_ID": 7}
            rows.append(_activity(f"{lead}-stage-{place}", person_id(lead), move.at, "101", "Model", **more))
            before = stage
    return rows


def _opportunities(lead: str, entries: list[Any], currencies: bool) -> list[Row]:
    """One from each opening to its decision; a lead that comes back has a second one."""
    rows: list[Row] = []
    opened = entries[0].at
    for place, move in enumerate(entries):
        decided = move.state != "open"
        is_last = place == len(entries) - 1
        if decided or is_last:
            code = currency_of(lead) if currencies else "EUR"
            amount = in_currency(move.amount, code) if currencies and move.amount else move.amount
            rows.append({
                "externalOpportunityId": f"006{int(lead[1:]):09d}{len(rows)}", "name": f"Deal of {lead}",
                "amount": amount or "5000", "currencyIsoCode": code,
                "stage": "Closed Won" if move.state == "won" else "Closed Lost" if decided else "Proposal",
                "isClosed": str(decided).lower(), "isWon": str(move.state == "won").lower(),
                "closeDate": move.at if decided else shifted(move.at, timedelta(days=30)),
                "externalCreatedDate": opened, "updatedAt": move.at, "lossReason": move.reason,
            })  # fmt: skip
            opened = "" if is_last else entries[place + 1].at
    return rows


def _roles(lead: str, row: Row) -> list[Row]:
    """The second person of an opportunity stands first, and is not the primary one."""
    second = "1001" if person_id(lead) != "1001" else "1002"
    return [_role(second, row, "false"), _role(person_id(lead), row, "true")]


def _role(person: str, row: Row, primary: str) -> Row:
    return {
        "externalOpportunityId": row["externalOpportunityId"], "leadId": person, "role": "Decision Maker",
        "isPrimary": primary, "externalCreatedDate": row["externalCreatedDate"],
    }  # fmt: skip


def _traps(world: World) -> list[dict[str, Any]]:
    """Merges, deletes, skipped flow steps, and what the system does by itself."""
    at = max(row["occurred_at"] for row in world.interactions)
    rows = [
        _activity(f"merge-{n}", person_id(lead["lead_id"]), at, "32", person_id(lead["lead_id"]),
                  Merge_IDs=[int(merged_id(lead["lead_id"]))])
        for n, lead in enumerate(world.leads[:MERGED])
    ]  # fmt: skip
    rows += [
        _activity(f"merge-{old}", person_id(new), at, "32", person_id(new), Merge_IDs=[int(person_id(old))])
        for old, new in world.merged
    ]
    rows += [_activity(f"deleted-{old}", person_id(old), at, "37") for old in world.deleted]
    for n in range(DELETED):
        rows += [
            _activity(f"gone-{n}", str(800_000 + n), world.leads[0]["created_at"], "1", "Pricing"),
            _activity(f"deleted-{n}", str(800_000 + n), at, "37"),
        ]
    first = person_id(world.leads[0]["lead_id"])
    rows += [
        _activity(f"skipped-{n}", first, at, "6") | {"actionResult": ("skipped", "failed")[n % 2]}
        for n in range(SKIPPED)
    ]  # fmt: skip
    rows += [_activity(f"hook-{n}", first, at, ("110", "36")[n % 2]) for n in range(OF_THE_SYSTEM)]
    return rows


def _lead(lead: Row, today: Row, activities: list[dict[str, Any]]) -> Row:
    id_ = person_id(lead["lead_id"])
    row = {
        "id": id_, "email": f"p{id_}@customer.example", "firstName": "Ada", "lastName": f"Person {id_}",
        "company": lead["company"], "leadSource": lead["source"], "ownerName": today["owner"],
        "externalCompanyId": lead["account_id"], "leadScore": "15", "leadStatus": "Customer", "priority": "7",
        "urgency": "3", "rating": "Hot", "isAnonymous": "false",
    }  # fmt: skip
    return (
        row | {name: today[name] for name in CUSTOM}
        | {"createdAt": lead["created_at"], "updatedAt": max(r["activityDate"] for r in activities)}
    )  # fmt: skip


def _stranger(number: int, world: World) -> Row:
    return {
        "id": str(700_000 + number), "isAnonymous": "true", "createdAt": world.leads[0]["created_at"],
        "updatedAt": world.leads[0]["created_at"],
    }  # fmt: skip


# ---- shapes


def export(world: World, shape: str, folder: Path, currencies: bool = False) -> Instance:
    """Writes one shape; returns the rows."""
    made = instance(world, currencies)
    write(made, shape, folder)
    return made


def write(made: Instance, shape: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    {"bulk": write_bulk, "pages": write_pages, "interface": write_interface, "warehouse": write_warehouse}[
        shape
    ](made, folder)


def write_bulk(made: Instance, folder: Path) -> None:
    """Bulk extracts: two files of activities, with the literal `null` in empty cells; the rest as REST pages."""
    rows = [_bulk_row(row) for row in made.activities]
    half = len(rows) // 2
    for name, part in (("activities-1.csv", rows[:half]), ("activities-2.csv", rows[half:])):
        (folder / name).write_text(csv_text(part), encoding="utf-8")
    (folder / "leads.csv").write_text(
        csv_text([_with_nulls(row) for row in _same_keys(made.leads)]), encoding="utf-8"
    )
    write_objects(made, folder)
    (folder / "README.md").write_text("Not a table.\n", encoding="utf-8")


def _bulk_row(row: dict[str, Any]) -> Row:
    return _with_nulls({**row, "attributes": json.dumps(row["attributes"]) if row["attributes"] else ""})


def _with_nulls(row: Mapping[str, str]) -> Row:
    return {name: value or "null" for name, value in row.items()}


def _same_keys(rows: list[Row]) -> list[Row]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name, "") for name in names} for row in rows]


def write_objects(made: Instance, folder: Path) -> None:
    types = [
        {"id": int(id_), "name": name, "description": name, "attributes": []} for id_, name in NAMES.items()
    ]
    for name, rows in (("opportunities", made.opportunities), ("roles", made.roles), ("types", types)):
        _write_page(folder / f"{name}.json", rows)


def _write_page(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    page = {"requestId": "e42b#14272d07d78", "result": list(rows), "success": True}
    path.write_text(json.dumps(page), encoding="utf-8")


def write_pages(made: Instance, folder: Path) -> None:
    """Pages of the REST API: attributes are lists of names and values."""
    rows = [
        {**row, "leadId": int(row["leadId"]), "activityTypeId": int(row["activityTypeId"]),
         "attributes": [{"name": name, "value": value} for name, value in row["attributes"].items()]}
        for row in made.activities
    ]  # fmt: skip
    half = len(rows) // 2
    _write_page(folder / "activities-1.json", rows[:half])
    _write_page(folder / "activities-2.json", rows[half:])
    leads = [
        {name: value or None for name, value in row.items()} | {"id": int(row["id"])} for row in made.leads
    ]
    (folder / "leads.jsonl").write_text("\n".join(map(json.dumps, leads)) + "\n", encoding="utf-8")
    write_objects(made, folder)


def write_interface(made: Instance, folder: Path) -> None:
    """Lists as the interface exports them: labels, local times, notes above the header; types by name."""
    people = csv_text([_labelled(row) for row in _same_keys(made.leads)])
    (folder / "People.csv").write_text(f"All People\nExported by Ada\n\n{people}", encoding="utf-8-sig")
    rows = [_bulk_row(row) | {"activityTypeName": NAMES[row["activityTypeId"]]} for row in made.activities]
    for row in rows:
        del row["activityTypeId"]
    tables = {"Activities": rows, "Opportunities": made.opportunities, "Roles": made.roles}
    for name, table in tables.items():
        text = csv_text([_labelled(row) for row in table], delimiter=";")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def _labelled(row: Mapping[str, str]) -> Row:
    return {LABELS.get(name, name): local_time(value) for name, value in row.items()}


def local_time(text: str) -> str:
    """2026-01-31T10:00:00Z as 31/01/2026 10:00:00; any other text as it is."""
    if len(text) != 20 or not text.endswith("Z"):
        return text
    return datetime.fromisoformat(text).strftime("%d/%m/%Y %H:%M:%S")


def write_warehouse(made: Instance, folder: Path) -> None:
    """Tables of Fivetran: one a type of activity, with its attributes as columns."""
    tables: dict[str, list[Row]] = {}
    for row in made.activities:
        own = {
            snake_case(name): str(value) for name, value in row["attributes"].items() if name != "Merge IDs"
        }
        own |= (
            {"merge_ids": json.dumps(row["attributes"]["Merge IDs"])}
            if "Merge IDs" in row["attributes"]
            else {}
        )
        base = {snake_case(name): str(value) for name, value in row.items() if name != "attributes"}
        base["id"] = base.pop("marketo_guid")
        tables.setdefault(f"activity_{slug(NAMES[row['activityTypeId']])}", []).append(base | own)
    tables |= {
        "lead": [snaked(row) for row in made.leads],
        "opportunity": [snaked(row) for row in made.opportunities],
        "opportunity_role": [snaked(row) for row in made.roles],
        "activity_type": [{"id": id_, "name": name, "description": name} for id_, name in NAMES.items()],
    }
    for name, rows in tables.items():
        stamped = [
            {k: sql_time(v) for k, v in row.items()} | {"_fivetran_synced": "2026-08-01 00:00:00"}
            for row in rows
        ]
        (folder / f"{name}.csv").write_text(csv_text(stamped), encoding="utf-8")


def snake_case(name: str) -> str:
    return snake(name).replace("g_u_i_d", "guid").replace(" ", "_").replace("__", "_").lower()


def snaked(row: Mapping[str, str]) -> Row:
    return {snake_case(name): value for name, value in row.items()}
