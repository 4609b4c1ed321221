"""Account Engagement exports of one simulated CRM: API v4 and v5, Export API, interface, and warehouse tables."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.builders.exports.simulated_crm import (
    Move,
    Row,
    World,
    csv_text,
    moves,
    shifted,
    sql_time,
    values_today,
)

SHAPES = ("airbyte", "export", "interface", "pages_v4", "pages_v5", "warehouse")
STAGES = {"new": "New", "qualified": "Qualified", "proposal": "Proposal", "negotiation": "Negotiation"}
# Kind of the truth -> number of the type, name of its asset, kind of the import.
TYPES = {
    "email_sent": ("6", "Email", "email_sent"), "email_open": ("11", "Email", "email_open"),
    "ad_view": ("1", "Email Tracker", "email_click"), "form_submit": ("4", "Form", "form_submission"),
    "web_visit": ("20", "Visit", "visit"), "demo": ("24", "Webinar", "webinar_attended"),
    "email_reply": ("1", "Custom Redirect", "custom_redirect_click"),
    "social_message": ("26", "Social Message", "social_post_click"),
    "call": ("28", "Event", "event_registered"), "chat": ("22", "Olark Chat", "chat"),
}  # fmt: skip
KINDS = {kind: imported for kind, (_, _, imported) in TYPES.items()}
NAMES = {
    "1": "Click", "4": "Success", "6": "Sent", "9": "Opportunity Won", "10": "Opportunity Lost", "11": "Open",
    "19": "Opportunity Linked", "20": "Visit", "22": "Olark Chat", "24": "Attended Webinar", "26": "Social Post Click",
    "28": "Event Registered",
}  # fmt: skip
ASSET_IDS = {
    "Email": "list_email_id", "Email Tracker": "email_id", "Form": "form_id", "Custom Redirect": "custom_redirect_id",
}  # fmt: skip
CUSTOM = ("industry", "employees", "product", "seats", "newsletter", "profile_fit")
DELETED, STRANGERS, DOUBLES = 6, 8, 20
LABELS = {
    "id": "Id", "email": "Email", "first_name": "First Name", "last_name": "Last Name", "company": "Company",
    "campaign": "Campaign", "owner": "Assigned User", "prospect_account_id": "Account ID", "score": "Score",
    "grade": "Grade", "last_activity_at": "Last Activity", "is_deleted": "Deleted", "opted_out": "Opted Out",
    "crm_contact_fid": "CRM Contact FID", "notes": "Notes", "industry": "Industry", "employees": "Employees",
    "created_at": "Created Date", "updated_at": "Updated Date", "prospect_id": "Prospect ID",
    "visitor_id": "Visitor ID", "visit_id": "Visit ID", "type": "Activity Type", "type_name": "Type Name",
    "details": "Details", "opportunity_id": "Opportunity ID", "name": "Name", "value": "Value", "stage": "Stage",
    "status": "Status", "probability": "Probability", "closed_at": "Closed Date", "next_stage": "Next Stage",
    "next_stage_id": "Next Stage ID", "position": "Position", "ip_address": "IP Address",
}  # fmt: skip


@dataclass(frozen=True)
class Org:
    """Rows of each table by the names of API v4. external: activities that API v5 and its exports have apart.

    set_aside: rows by reason that an import of every shape must count.
    """

    tables: dict[str, list[Row]]
    external: list[Row]
    links: list[Row]
    set_aside: Mapping[str, int]


def prospect_id(lead_id: str) -> str:
    return str(1_000 + int(lead_id[1:]))


def visitor_id(lead_id: str) -> str:
    """Visitors have numbers as prospects have: here those of other prospects."""
    return str(1_001 + int(lead_id[1:]))


def org(world: World) -> Org:
    """The records with deleted prospects, strangers, doubles, visits in two tables, and values of today."""
    activities, external = _touches(world)
    histories, opportunities, links = [], [], []
    for lead, entries in moves(world).items():
        histories += _histories(lead, entries)
        for row in _opportunities(lead, entries):
            opportunities.append(row)
            links += _links(world, lead, row)
            activities += _closings(lead, row)
    visits = [_visit(row) for row in activities if row["type"] == "20"]
    activities += _gone(world) + _strangers(world)
    doubles = activities[:DOUBLES]
    last = max(row["created_at"] for row in activities)
    today = values_today(world)
    tables = {
        "prospects": [_prospect(lead, today[lead["lead_id"]], last) for lead in world.leads] + _deleted(world),
        "visitor_activities": activities + doubles, "visits": visits, "visitors": _visitors(world),
        "opportunities": [{k: v for k, v in row.items() if k != "at"} for row in opportunities],
        "lifecycle_histories": histories,
        "lifecycle_stages": [
            {"id": str(n), "name": name, "position": str(n), "is_locked": "false"}
            for n, name in enumerate([*STAGES.values(), "Won"], 1)
        ],
        "campaigns": [{"id": id_, "name": name, "cost": "500"} for name, id_ in _numbers(world, "source").items()],
        "users": _users(world),
    }  # fmt: skip
    aside = {
        "double": len(doubles) + len(visits), "deleted": DELETED, "erased": DELETED, "of_no_lead": STRANGERS,
        "anonymous_visitor": STRANGERS, "not_the_primary_person": len(links) - len(opportunities),
        "open_opportunity": sum(row["status"] == "Open" for row in opportunities),
        "of_the_opportunity": sum(row["type"] in ("9", "10") for row in activities),
    }  # fmt: skip
    return Org(tables, external, links, aside)


def _numbers(world: World, name: str) -> dict[str, str]:
    """Value -> number of each value of a column."""
    return {value: str(n) for n, value in enumerate(sorted({lead[name] for lead in world.leads}), 50)}


def _users(world: World) -> list[Row]:
    names = sorted({row["owner"] for row in values_today(world).values()})
    return [
        {"id": str(n), "email": f"u{n}@us.example", "first_name": name.split(" ")[0],
         "last_name": " ".join(name.split(" ")[1:]), "role": "Sales"}
        for n, name in enumerate(names, 70)
    ]  # fmt: skip


def _activity(id_: str, person: str, at: str, type_: str, asset: str, **more: str) -> Row:
    row = dict.fromkeys(("visitor_id", "visit_id", *ASSET_IDS.values(), "opportunity_id", "details"), "")
    own = {"id": id_, "prospect_id": person, "created_at": at, "type": type_, "type_name": asset}
    return own | row | {"campaign_id": "50"} | more


def _touches(world: World) -> tuple[list[Row], list[Row]]:
    """Every second visit is known by its visitor alone; chats are external activities where there are such."""
    rows, external = [], []
    for n, row in enumerate(world.interactions):
        type_, asset, _ = TYPES[row["kind"]]
        person, id_ = prospect_id(row["lead_id"]), str(10_000 + n)
        ids = {ASSET_IDS[asset]: "31"} if asset in ASSET_IDS else {}
        made = _activity(id_, person, row["occurred_at"], type_, asset, details="Spring: offer, 1", **ids)
        if row["kind"] == "chat":
            external.append(made)
            continue
        if type_ == "20":
            made |= {"visit_id": str(n), "visitor_id": visitor_id(row["lead_id"])}
            made |= {"prospect_id": ""} if n % 2 else {}
        elif n % 3 == 0:
            made |= {"visitor_id": visitor_id(row["lead_id"])}
        rows.append(made)
    return rows, external


def _visit(row: Row) -> Row:
    return {
        "id": row["visit_id"], "visitor_id": row["visitor_id"], "prospect_id": row["prospect_id"],
        "visitor_page_view_count": "3", "first_visitor_page_view_at": row["created_at"],
        "duration_in_seconds": "70", "created_at": row["created_at"],
    }  # fmt: skip


def _histories(lead: str, entries: Iterable[Move]) -> list[Row]:
    rows, before = [], ""
    stages = [*STAGES, "won"]
    for place, move in enumerate(entries):
        stage = move.stage if move.state == "open" else "won" if move.state == "won" else ""
        if stage:
            rows.append({
                "id": f"{int(lead[1:])}{place:02d}", "prospect_id": prospect_id(lead), "previous_stage_id": before,
                "next_stage_id": str(stages.index(stage) + 1), "seconds_elapsed": "60", "created_at": move.at,
            })  # fmt: skip
            before = rows[-1]["next_stage_id"]
    return rows


def _opportunities(lead: str, entries: list[Move]) -> list[Row]:
    """One from each opening to its decision; a lead that comes back has a second one. `at`: when it closed."""
    rows: list[Row] = []
    opened = entries[0].at
    for place, move in enumerate(entries):
        decided = move.state != "open"
        is_last = place == len(entries) - 1
        if decided or is_last:
            planned = shifted(move.at, timedelta(days=30))
            rows.append({
                "id": f"{int(lead[1:]):05d}{len(rows)}".lstrip("0"), "name": f"Deal of {lead}",
                "value": move.amount or "5000", "probability": "100" if move.state == "won" else "0",
                "stage": "Signed" if move.state == "won" else "Dropped" if decided else "Proposal",
                "status": {"won": "Won", "lost": "Lost", "open": "Open"}[move.state],
                # Every third closed one has no date; an activity has it.
                "closed_at": ("" if int(lead[1:]) % 3 == 0 else move.at) if decided else planned,
                "created_at": opened, "updated_at": move.at, "campaign_id": "50", "at": move.at if decided else "",
            })  # fmt: skip
            opened = "" if is_last else entries[place + 1].at
    return rows


def _closings(lead: str, row: Row) -> list[Row]:
    if row["closed_at"] or not row["at"]:
        return []
    type_ = "9" if row["status"] == "Won" else "10"
    return [
        _activity(
            f"8{row['id']}", prospect_id(lead), row["at"], type_, "Opportunity", opportunity_id=row["id"]
        )
    ]


def _links(world: World, lead: str, row: Row) -> list[Row]:
    """The second person of an opportunity stands first; the one who was created first counts."""
    people = [prospect_id(lead)]
    if lead != world.leads[-1]["lead_id"]:
        people.insert(0, prospect_id(world.leads[-1]["lead_id"]))
    return [{"opportunity_id": row["id"], "prospect_id": person} for person in people]


def _gone(world: World) -> list[Row]:
    at = world.leads[0]["created_at"]
    return [_activity(f"7{n:05d}", str(800_000 + n), at, "6", "Email") for n in range(DELETED)]


def _strangers(world: World) -> list[Row]:
    times = sorted(row["occurred_at"] for row in world.interactions)
    return [
        _activity(f"6{n:05d}", "", times[n], "20", "Visit", visitor_id=str(900_000 + n))
        for n in range(STRANGERS)
    ]


def _visitors(world: World) -> list[Row]:
    known = [
        {"id": visitor_id(lead["lead_id"]), "prospect_id": prospect_id(lead["lead_id"]), "page_view_count": "9",
         "ip_address": "192.0.2.7", "created_at": lead["created_at"], "updated_at": lead["created_at"]}
        for lead in world.leads
    ]  # fmt: skip
    first = known[0]
    return known + [first | {"id": str(900_000 + n), "prospect_id": ""} for n in range(STRANGERS)]


def _prospect(lead: Row, today: Row, last: str) -> Row:
    id_ = prospect_id(lead["lead_id"])
    return {
        "id": id_, "email": f"p{id_}@customer.example", "first_name": "Ada", "last_name": f"Person {id_}",
        "company": lead["company"], "campaign": lead["source"], "owner": today["owner"],
        "prospect_account_id": lead["account_id"], "score": "250", "grade": "B+", "last_activity_at": last,
        "opted_out": "false", "crm_contact_fid": f"003{id_}", "notes": "Signed!", "is_deleted": "false",
        **{name: today[name] for name in CUSTOM}, "created_at": lead["created_at"], "updated_at": last,
    }  # fmt: skip


def _deleted(world: World) -> list[Row]:
    first = world.leads[0]
    row = _prospect(first, first, first["created_at"]) | {"is_deleted": "true"}
    return [row | {"id": str(800_000 + n), "email": f"gone{n}@customer.example"} for n in range(DELETED)]


# ---- shapes


def export(world: World, shape: str, folder: Path) -> Org:
    """Writes one shape; returns the rows, with what this shape sets aside."""
    made = org(world)
    return replace(made, set_aside={**made.set_aside, **write(world, made, shape, folder)})


def write(world: World, made: Org, shape: str, folder: Path) -> Mapping[str, int]:
    """Writes one shape; returns what it sets aside otherwise than the others."""
    folder.mkdir(parents=True)
    writers: dict[str, Callable[[World, Org, Path], Mapping[str, int]]] = {
        "airbyte": write_airbyte, "export": write_export, "interface": write_interface,
        "pages_v4": write_pages_v4, "pages_v5": write_pages_v5, "warehouse": write_warehouse,
    }  # fmt: skip
    return writers[shape](world, made, folder)


def _with_ids(world: World, row: Row) -> Row:
    """A prospect with the ids of its campaign and its user in the place of their names."""
    users = {f"{u['first_name']} {u['last_name']}".strip(): u["id"] for u in _users(world)}
    more = {"campaign_id": _numbers(world, "source")[row["campaign"]], "user_id": users[row["owner"]]}
    return {name: value for name, value in row.items() if name not in ("campaign", "owner")} | more


def _as_activities(made: Org) -> dict[str, list[Row]]:
    """The tables with external activities among the others."""
    return made.tables | {"visitor_activities": made.tables["visitor_activities"] + made.external}


def write_warehouse(world: World, made: Org, folder: Path) -> Mapping[str, int]:
    """Tables of Fivetran: names in the singular, a mark of deleted rows."""
    tables = _as_activities(made) | {"opportunity_prospects": made.links}
    tables["prospects"] = [_with_ids(world, row) for row in tables["prospects"]]
    for name, rows in tables.items():
        singular = (
            name.removesuffix("s").replace("opportunitie", "opportunity").replace("activitie", "activity")
        )
        own = [
            {k: sql_time(v) for k, v in row.items() if k != "is_deleted"}
            | {"_fivetran_synced": "2026-08-01 00:00:00", "_fivetran_deleted": row.get("is_deleted", "false")}
            for row in rows
        ]  # fmt: skip
        (folder / f"{singular}.csv").write_text(csv_text(own), encoding="utf-8")
    return {}


def write_airbyte(world: World, made: Org, folder: Path) -> Mapping[str, int]:
    """Tables of Airbyte as JSON Lines, by the names of API v5."""
    for name, rows in _v5_tables(world, made).items():
        lines = [
            json.dumps({k: v or None for k, v in row.items()} | {"_airbyte_extracted_at": 1_785_000_000_000})
            for row in rows
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return _linked(made)


def write_export(world: World, made: Org, folder: Path) -> Mapping[str, int]:
    """Files of the Export API: CSV in parts of no order, by the names of API v5."""
    for name, rows in _v5_tables(world, made).items():
        half = len(rows) // 2 + 1
        for part, piece in enumerate((rows[half:], rows[:half])):
            if piece:
                (folder / f"{name}-{part}.csv").write_text(csv_text(piece), encoding="utf-8")
    return _linked(made)


def _v5_tables(world: World, made: Org) -> dict[str, list[Row]]:
    """Links of opportunities are activities; chats are external ones of an e-mail address."""
    tables = dict(made.tables)
    linked = [
        _activity(f"5{n:05d}", row["prospect_id"], world.leads[-1]["created_at"], "19", "Opportunity",
                  opportunity_id=row["opportunity_id"])
        for n, row in enumerate(made.links)
    ]  # fmt: skip
    tables["visitor_activities"] = tables["visitor_activities"] + linked
    tables["prospects"] = [_with_ids(world, row) for row in tables["prospects"]]
    tables["external_activities"] = [
        {"id": row["id"], "extension": "Chats", "type": "Chat", "email": f"P{row['prospect_id']}@customer.example",
         "value": "", "activity_date": row["created_at"]}
        for row in made.external
    ]  # fmt: skip
    return {name: [_v5_row(row) for row in rows] for name, rows in tables.items()}


def _v5_row(row: Row) -> Row:
    """createdAt instead of created_at, and times with an offset."""
    return {
        camel({"user_id": "assigned_to_id"}.get(name, name)): value.replace("Z", "+00:00") if is_time(value) else value
        for name, value in row.items()
    }  # fmt: skip


def _linked(made: Org) -> Mapping[str, int]:
    of_opportunities = made.set_aside["of_the_opportunity"] + len(made.links)
    return {"of_the_opportunity": of_opportunities, "not_the_primary_person": 0}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def is_time(text: str) -> bool:
    return len(text) == 20 and text.endswith("Z")


def write_pages_v5(world: World, made: Org, folder: Path) -> Mapping[str, int]:
    """Pages of API v5: numbers, and a link to the next page."""
    for name, rows in _v5_tables(world, made).items():
        half = len(rows) // 2 + 1
        for part, piece in enumerate((rows[:half], rows[half:])):
            more = {"nextPageToken": "abc", "nextPageUrl": "https://pi.pardot.com/api/v5"} if not part else {}
            page = more | {"values": [_typed(row) for row in piece]}
            (folder / f"{name}-{part}.json").write_text(json.dumps(page), encoding="utf-8")
    return _linked(made)


def _typed(row: Mapping[str, str]) -> dict[str, Any]:
    words = {"true": True, "false": False, "": None}
    return {
        name: words[value] if value in words else int(value) if name.lower().endswith("id") and value.isdecimal()
        else value
        for name, value in row.items()
    }  # fmt: skip


def write_pages_v4(world: World, made: Org, folder: Path) -> Mapping[str, int]:
    """Pages of API v4: records below `result`, campaigns, users and prospects as objects within them."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [_typed({k: sql_time(v) for k, v in row.items()}) for row in rows]
        for name, rows in _as_activities(made).items()
    }
    tables["prospects"] = [_v4_prospect(world, row) for row in tables["prospects"]]
    people: dict[str, list[dict[str, Any]]] = {}
    for link in made.links:
        person = {"id": int(link["prospect_id"]), "first_name": "Ada", "email": "a@x.example", "score": 5}
        people.setdefault(link["opportunity_id"], []).append(person | {"created_at": "2026-01-05 10:00:00"})
    for row in tables["opportunities"]:
        linked = people[str(row["id"])]
        row["prospects"] = {"prospect": linked if len(linked) > 1 else linked[0]}
    for name, rows in tables.items():
        singular = (
            name.removesuffix("s").replace("opportunitie", "opportunity").replace("activitie", "activity")
        )
        half = len(rows) // 2 + 1
        for part, piece in enumerate((rows[:half], rows[half:])):
            result = {"total_results": len(rows), singular: piece if len(piece) != 1 else piece[0]}
            page = {"@attributes": {"stat": "ok", "version": 1}, "result": result}
            (folder / f"{name}-{part}.json").write_text(json.dumps(page), encoding="utf-8")

    return {}


def _v4_prospect(world: World, row: dict[str, Any]) -> dict[str, Any]:
    ids = _with_ids(world, {name: str(row[name]) for name in ("campaign", "owner")})
    user = {"id": int(ids["user_id"]), "email": "u@us.example"}
    more = {
        "campaign": {"id": int(ids["campaign_id"]), "name": row["campaign"], "cost": 500},
        "assigned_to": {"user": user},
        "last_activity": {"visitor_activity": {"id": 1, "type": 6, "details": "x"}},
    }
    return {name: value for name, value in row.items() if name != "owner"} | more


def write_interface(world: World, made: Org, folder: Path) -> Mapping[str, int]:
    """Lists as the interface exports them: labels, local times, semicolons; types and stages by name."""
    tables = _as_activities(made) | {"opportunity_prospects": made.links}
    names = {row["id"]: row["name"] for row in tables.pop("lifecycle_stages")}
    tables["lifecycle_histories"] = [
        {name: value for name, value in row.items() if "stage_id" not in name}
        | {"next_stage": names[row["next_stage_id"]]}
        for row in tables["lifecycle_histories"]
    ]  # fmt: skip
    tables["visitor_activities"] = [
        row | {"type": NAMES[row["type"]]} for row in tables["visitor_activities"]
    ]
    for name, rows in tables.items():
        labelled = [{LABELS.get(k, k): local_time(v) for k, v in row.items()} for row in rows]
        (folder / f"{name}.csv").write_text(csv_text(labelled, delimiter=";"), encoding="utf-8-sig")
    (folder / "README.md").write_text("Not a table.\n", encoding="utf-8")
    return {}


def local_time(text: str) -> str:
    """2026-01-31T10:00:00Z as 31/01/2026 10:00:00; any other text as it is."""
    return datetime.fromisoformat(text).strftime("%d/%m/%Y %H:%M:%S") if is_time(text) else text
