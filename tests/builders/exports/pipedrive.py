"""Pipedrive exports of one simulated CRM in three shapes, with the traps that real exports have."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.builders.exports.simulated_crm import (
    Row,
    World,
    csv_text,
    interaction_counts,
    moves,
    number_of,
    owners,
    sql_time,
    values_today,
)

STAGE_IDS = {"new": "11", "qualified": "12", "proposal": "13", "negotiation": "14"}
STAGE_LABELS = {
    "new": "Incoming",
    "qualified": "Qualified",
    "proposal": "Proposal made",
    "negotiation": "Negotiations",
}
KINDS = {"demo": "meeting", "email_sent": "email", "web_visit": "note"}
PIPELINE, OTHER_PIPELINE = ("1", "Sales"), ("2", "Partners")
OTHER_STAGE = "21"
CUSTOM = ("industry", "employees", "product", "seats", "profile_fit", "newsletter")
DELETED, MERGED, OF_OTHER_PIPELINE, PLANNED = 7, 5, 9, 4
OPTIONS = {"currency": "EUR"}
ONE_CURRENCY = 50  # small exports need no option
OTHER_CURRENCY_EVERY = 20  # Pipedrive exports no rates: the amounts of these deals are unknown


@dataclass(frozen=True)
class Company:
    """The rows of each object by API names; times in ISO 8601 with Z. flow: changes of deals, oldest first."""

    deals: list[Row]
    flow: list[Row]
    activities: list[Row]
    notes: list[Row]
    users: dict[str, str]
    merged: list[tuple[str, str]]


def deal_id(lead_id: str) -> str:
    return str(int(lead_id[1:]))


def merged_id(lead_id: str) -> str:
    return str(900_000 + int(lead_id[1:]))


def field_hash(name: str) -> str:
    """The 40 characters by which Pipedrive names a custom field."""
    return (name.encode().hex() * 40)[:40]


def currency_of(lead_id: str) -> str:
    number = int(lead_id[1:])
    return "USD" if number > ONE_CURRENCY and number % OTHER_CURRENCY_EVERY == 0 else "EUR"


def company(world: World) -> Company:
    """The objects of the account, with deleted, merged and other pipelines' deals, and planned activities."""
    users = {name: str(400 + place) for place, name in enumerate(owners(world))}
    today, counts = values_today(world), interaction_counts(world)
    by_lead = moves(world)
    merged = [(deal_id(lead["lead_id"]), merged_id(lead["lead_id"])) for lead in world.leads[:MERGED]]
    merged += [(deal_id(new), deal_id(old)) for old, new in world.merged]
    deals, flow = [], []
    for lead in world.leads:
        changes = list(_changes(world, lead, by_lead[lead["lead_id"]], users))
        flow += changes
        deals.append(
            _deal(lead, by_lead[lead["lead_id"]], today[lead["lead_id"]], counts[lead["lead_id"]], users)
        )
    by_id = {row["id"]: row for row in deals}
    for new, old in merged:
        by_id[new]["merge_what_id"] = ";".join(filter(None, (by_id[new].get("merge_what_id"), old)))
    deals += [_other_deal(number) for number in range(DELETED + OF_OTHER_PIPELINE)]
    deals += [
        _other_deal(0)
        | {"id": deal_id(old), "add_time": world.gone_created[old], "update_time": world.gone_at}
        for old in world.deleted
    ]
    activities = [
        _activity(place, row, merged)
        for place, row in enumerate(world.interactions)
        if row["kind"] != "web_visit"
    ]
    activities += [_planned(number, world.leads[number]["lead_id"]) for number in range(PLANNED)]
    notes = [_note(place, row) for place, row in enumerate(world.interactions) if row["kind"] == "web_visit"]
    return Company(deals, flow, activities, notes, users, merged)


def _changes(world: World, lead: Row, entries: list[Any], users: Mapping[str, str]) -> Iterator[Row]:
    """What the flow of a deal says."""
    id_ = deal_id(lead["lead_id"])

    def change(at: str, field: str, old: str, new: str) -> Row:
        return {"item_id": id_, "field_key": field, "old_value": old, "new_value": new, "log_time": at}

    stage, status = STAGE_IDS[entries[0].stage], "open"
    plan = lead["planned_close_on"] or lead["created_at"][:10]
    for move in entries[1:]:
        if move.state == "open":
            if status != "open":
                yield change(move.at, "status", status, "open")
                status = "open"
            if STAGE_IDS[move.stage] != stage:
                yield change(move.at, "stage_id", stage, STAGE_IDS[move.stage])
                stage = STAGE_IDS[move.stage]
        else:
            yield change(move.at, "status", status, move.state)
            status = move.state
        if move.state == "won":
            yield change(move.at, "value", "5000", move.amount)
            yield change(move.at, "expected_close_date", plan, move.at[:10])
    before = {"owner": users[lead["owner"]], **{name: lead[name] for name in CUSTOM}}
    for row in sorted(world.attribute_changes, key=lambda r: r["changed_at"]):
        name = row["attribute"]
        if row["lead_id"] == lead["lead_id"] and name in before:
            value = users[row["value"]] if name == "owner" else row["value"]
            if value != before[name]:
                field = "user_id" if name == "owner" else field_hash(name)
                yield change(row["changed_at"], field, before[name], value)
                before[name] = value
    yield change(lead["created_at"], "add_time", "", lead["created_at"])


def _deal(lead: Row, entries: list[Any], now: Row, count: int, users: Mapping[str, str]) -> Row:
    stages = [move for move in entries if move.state == "open"]
    changed = [b.at for a, b in pairwise(stages) if a.stage != b.stage]
    last = entries[-1]
    won = next((move for move in reversed(entries) if move.state == "won"), None)
    value = last.amount if last.state == "won" else won.amount if won else "5000"
    plan = lead["planned_close_on"] or lead["created_at"][:10]
    return {
        "id": deal_id(lead["lead_id"]), "title": f"{lead['company'] or 'Deal'}: {lead['product']}", "value": value,
        "currency": currency_of(lead["lead_id"]), "status": last.state, "stage_id": STAGE_IDS[stages[-1].stage],
        "pipeline_id": PIPELINE[0], "add_time": lead["created_at"], "update_time": last.at,
        "stage_change_time": changed[-1] if changed else "",
        "won_time": last.at if last.state == "won" else "", "lost_time": last.at if last.state == "lost" else "",
        "close_time": last.at if last.state != "open" else "", "lost_reason": last.reason,
        "expected_close_date": last.at[:10] if won else plan,
        "user": users[now["owner"]], "owner_name": now["owner"], "channel": lead["source"],
        "person": str(70_000 + int(lead["lead_id"][1:])), "org": lead["account_id"][1:].lstrip("0"),
        "weighted_value": value if last.state == "won" else "0", "activities_count": str(count),
        "done_activities_count": str(count), "last_activity_date": last.at[:10], "deleted": "false",
        "formatted_value": f"€{value}", "probability": "100" if last.state == "won" else "",
        **{name: now[name] for name in CUSTOM},
    }  # fmt: skip


def _other_deal(number: int) -> Row:
    """A deleted deal, or one of another pipeline."""
    deleted = number < DELETED
    return {
        "id": str(800_000 + number), "title": "Gone", "value": "1", "currency": "EUR",
        "status": "deleted" if deleted else "open", "stage_id": STAGE_IDS["new"] if deleted else OTHER_STAGE,
        "pipeline_id": PIPELINE[0] if deleted else OTHER_PIPELINE[0], "add_time": "2025-09-01T10:00:00Z",
        "deleted": str(deleted).lower(),
    }  # fmt: skip


def _activity(place: int, row: Row, merged: list[tuple[str, str]]) -> Row:
    """A done activity; every third one of a merged deal still hangs on the deal that is gone, some on the person."""
    id_ = deal_id(row["lead_id"])
    gone = dict(merged).get(id_)
    deal = gone if gone and place % 3 == 0 else "" if place % 7 == 0 else id_
    is_meeting = row["kind"] == "demo"
    minutes = int(float(row["value"])) if row["value"] else 0
    return {
        "id": str(number_of(row)), "type": KINDS.get(row["kind"], row["kind"]), "done": "true", "deal_id": deal,
        "person_id": str(70_000 + int(row["lead_id"][1:])), "due_date": row["occurred_at"][:10],
        "due_time": row["occurred_at"][11:16] if is_meeting else "", "marked_as_done_time": row["occurred_at"],
        "add_time": row["recorded_at"], "duration": f"{minutes // 60:02d}:{minutes % 60:02d}" if minutes else "",
        "subject": "x; \"y\"", "active_flag": "true",
    }  # fmt: skip


def _planned(number: int, lead_id: str) -> Row:
    return {
        "id": str(2_000_000 + number), "type": "call", "done": "false", "deal_id": deal_id(lead_id),
        "due_date": "2026-08-01", "add_time": "2026-05-01T08:00:00Z", "active_flag": "true",
    }  # fmt: skip


def _note(place: int, row: Row) -> Row:
    return {
        "id": str(number_of(row)), "content": "<b>visit</b>", "deal_id": deal_id(row["lead_id"]),
        "add_time": row["occurred_at"], "active_flag": "true",
    }  # fmt: skip


def _stages() -> list[Row]:
    rows = [
        {"id": id_, "name": STAGE_LABELS[stage], "order_nr": str(place), "pipeline_id": PIPELINE[0]}
        for place, (stage, id_) in enumerate(STAGE_IDS.items(), 1)
    ]
    return [*rows, {"id": OTHER_STAGE, "name": "Talks", "order_nr": "1", "pipeline_id": OTHER_PIPELINE[0]}]


def _pipelines() -> list[Row]:
    return [
        {"id": id_, "name": name, "url_title": name.lower(), "order_nr": id_, "deal_probability": "1"}
        for id_, name in (PIPELINE, OTHER_PIPELINE)
    ]


# ---- shapes


def write_objects(made: Company, folder: Path) -> None:
    """Pages of the API: linked records nested, custom fields by their hash, the flow newest first."""
    folder.mkdir(parents=True)
    names = {id_: name for name, id_ in made.users.items()}
    _write_pages(folder / "deals", [_deal_record(row, names) for row in made.deals])
    flow = [
        {"object": "dealChange", "timestamp": sql_time(row["log_time"]),
         "data": {"id": place, "user_id": 1, **{k: sql_time(v) or None for k, v in row.items()}}}
        for place, row in enumerate(made.flow)
    ]  # fmt: skip
    mail = {"object": "mailMessage", "timestamp": "2026-01-01 10:00:00", "data": {"id": 1, "subject": "x"}}
    _write_pages(folder / "flow", [*flow[::-1], mail])
    for name, rows in (("activities", made.activities), ("notes", made.notes)):
        _write_pages(folder / name, [{k: sql_time(v) or None for k, v in row.items()} for row in rows])
    _write_pages(folder / "stages", _stages())
    _write_pages(folder / "pipelines", _pipelines())
    users = [
        {"id": id_, "name": name, "email": f"u{id_}@x.example", "is_admin": 0}
        for name, id_ in made.users.items()
    ]
    _write_pages(folder / "users", users)
    fields = [
        {"id": place, "key": field_hash(name), "name": name, "field_type": "varchar", "edit_flag": True}
        for place, name in enumerate(CUSTOM)
    ]
    _write_pages(folder / "dealFields", fields)


def _deal_record(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {
        k: sql_time(v) or None for k, v in row.items() if k not in (*CUSTOM, "user", "person", "org")
    }
    record |= {field_hash(name): row[name] for name in CUSTOM if name in row}
    if row.get("user"):
        user = int(row["user"])
        record["user_id"] = {"id": user, "name": names[row["user"]], "email": "u@x.example", "value": user}
        email = [{"label": "work", "value": "p@x.example", "primary": True}]
        record["person_id"] = {
            "active_flag": True,
            "name": "Ada",
            "email": email,
            "value": int(row["person"]),
        }
    record["org_id"] = (
        {"name": "Org", "people_count": 3, "value": int(row["org"])} if row.get("org") else None
    )
    return record


def _write_pages(path: Path, records: list[Any]) -> None:
    half = max(1, (len(records) + 1) // 2)
    for number, start in enumerate(range(0, len(records), half)):
        more = {"pagination": {"start": start, "limit": half, "more_items_in_collection": start == 0}}
        page = {"success": True, "data": records[start : start + half], "additional_data": more}
        path.with_name(f"{path.name}_{number}.json").write_text(json.dumps(page))


def write_warehouse(made: Company, folder: Path) -> None:
    """Tables as loaders write them; merged deals are still there, marked as deleted."""
    folder.mkdir(parents=True)
    links = {"user": "user_id", "person": "person_id", "org": "org_id"}
    by_id = {row["id"]: row for row in made.deals}
    gone = [by_id[new] | {"id": old, "status": "deleted", "merge_what_id": ""} for new, old in made.merged]
    names = {name: field_hash(name) for name in CUSTOM}
    deals = [{names.get(k, links.get(k, k)): v for k, v in row.items()} for row in made.deals + gone]
    tables: dict[str, list[Row]] = {
        "deal": deals,
        "deal_change": [{"object": "dealChange", **{f"data__{k}": v for k, v in row.items()}} for row in made.flow],
        "activity": made.activities,
        "note": made.notes,
        "stage": _stages(),
        "pipeline": _pipelines(),
        "user": [{"id": id_, "name": name, "email": "u@x.example", "role_id": "1"} for name, id_ in made.users.items()],
        "deal_field": [{"key": key, "name": name, "field_type": "varchar"} for name, key in names.items()],
        "person": [
            {"id": row["person"], "name": "Ada", "first_name": "Ada", "open_deals_count": "1"}
            for row in made.deals if row.get("person")
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        loaded = [
            {**{k: sql_time(v) for k, v in row.items()}, "_dlt_id": str(n)} for n, row in enumerate(rows)
        ]
        (folder / f"{name}.csv").write_text(csv_text(loaded), encoding="utf-8")
    (folder / "LICENSE").write_text("Not a table.\n", encoding="utf-8")


DEAL_LABELS = {
    "id": "ID", "title": "Title", "value": "Value", "currency": "Currency of Value", "stage": "Stage",
    "pipeline": "Pipeline", "status": "Status", "owner_name": "Owner", "org": "Organization ID",
    "add_time": "Deal created",
    "update_time": "Update time", "stage_change_time": "Last stage change", "won_time": "Won time",
    "lost_time": "Lost time", "close_time": "Deal closed on", "lost_reason": "Lost reason",
    "expected_close_date": "Expected close date", "weighted_value": "Weighted value", "probability": "Probability",
    "activities_count": "Total activities", "last_activity_date": "Last activity date", "person": "Contact person ID",
    "channel": "Source channel", **{name: name.replace("_", " ").title() for name in CUSTOM},
}  # fmt: skip


def write_reports(made: Company, folder: Path) -> None:
    """Exports of the list view: "Deal - Title", local dates, currency signs, a note above and a total below."""
    folder.mkdir(parents=True)
    labels = {id_: STAGE_LABELS[stage] for stage, id_ in STAGE_IDS.items()}
    pipelines = dict((PIPELINE, OTHER_PIPELINE))
    deals = []
    for row in made.deals:
        if row["status"] == "deleted":
            continue  # the list view does not export them
        shown = {
            **row, "stage": labels.get(row["stage_id"], "Talks"), "pipeline": pipelines[row["pipeline_id"]],
            "status": row["status"].title(), "value": _money(row["value"], row["currency"]),
        }  # fmt: skip
        deals.append(
            {f"Deal - {label}": _shown(field, shown.get(field, "")) for field, label in DEAL_LABELS.items()}
        )
    text = "All deals\n" + csv_text(deals, delimiter=";") + "Total;;99999\n"
    (folder / "deals.csv").write_text(text, encoding="utf-8-sig")
    of_survivor = {old: new for new, old in made.merged}
    activities = [
        {"Activity - ID": row["id"], "Activity - Type": row["type"],
         "Activity - Done": "Done" if row["done"] == "true" else "To do",
         "Activity - Deal ID": of_survivor.get(row["deal_id"], row["deal_id"]),
         "Activity - Contact person ID": row.get("person_id", ""),
         "Activity - Due date": _shown("date", row["due_date"]),
         "Activity - Marked as done time": _shown("time", row.get("marked_as_done_time", "")),
         "Activity - Duration": row.get("duration", ""), "Activity - Subject": row.get("subject", "")}
        for row in made.activities
    ]  # fmt: skip
    (folder / "activities.csv").write_text(csv_text(activities), encoding="utf-16")
    notes = [
        {"Note - ID": r["id"], "Note - Content": r["content"], "Note - Deal ID": r["deal_id"],
         "Note - Add time": _shown("time", r["add_time"])}
        for r in made.notes
    ]  # fmt: skip
    (folder / "notes.csv").write_text(csv_text(notes), encoding="utf-8")


def write_progress(made: Company, folder: Path) -> None:
    """The exports of the list view, and the table of a progress report of Insights: every entry into a stage."""
    write_reports(made, folder)
    labels = {id_: STAGE_LABELS[stage] for stage, id_ in STAGE_IDS.items()}
    first: dict[str, str] = {}
    moved: list[Row] = []
    for row in sorted(made.flow, key=lambda row: row["log_time"]):
        if row["field_key"] == "stage_id":
            first.setdefault(row["item_id"], row["old_value"])
            moved.append(_entered(row["item_id"], labels.get(row["new_value"], "Talks"), row["log_time"]))
    begun = [
        _entered(row["id"], labels.get(first.get(row["id"], row["stage_id"]), "Talks"), row["add_time"])
        for row in made.deals if row["status"] != "deleted"
    ]  # fmt: skip
    text = csv_text([*begun, *moved])
    (folder / "Deal progress.csv").write_text(text, encoding="utf-8-sig")


def _entered(deal: str, stage: str, at: str) -> Row:
    return {"Deal - ID": deal, "Deal - Title": "x", "Deal - Stage entered": stage,
            "Deal - Date of entering stage": datetime.fromisoformat(at).strftime("%d.%m.%Y %H:%M:%S")}  # fmt: skip


def _money(amount: str, code: str) -> str:
    return f"{float(amount):,.2f} {code}" if amount else ""


def _shown(field: str, text: str) -> str:
    if text and field.endswith(("_date", "date")):
        return datetime.fromisoformat(text).strftime("%d.%m.%Y")
    if text and field.endswith("time"):
        return datetime.fromisoformat(text).strftime("%d.%m.%Y %H:%M")
    return text


def known_amounts(world: World) -> World:
    """The truth without the amounts of deals in another currency."""
    outcomes = [
        row if currency_of(row["lead_id"]) == "EUR" else row | {"amount": ""} for row in world.outcomes
    ]
    return replace(world, outcomes=outcomes)


def seen_in_reports(world: World) -> World:
    """What the list view knows: the present stage of open deals since its last change, and the present status."""
    stages: list[Row] = []
    outcomes: list[Row] = []
    decided = {(row["lead_id"], row["closed_at"]): row for row in world.outcomes}
    entered = {(row["lead_id"], row["entered_at"]): row for row in world.stages}
    for lead, entries in moves(world).items():
        opened = [move for move in entries if move.state == "open"]
        changed = [b for a, b in pairwise(opened) if a.stage != b.stage]
        if entries[-1].state == "open":
            stages.append(entered[lead, (changed[-1] if changed else opened[0]).at])
        else:
            outcomes.append(decided[lead, entries[-1].at])
    return replace(world, stages=stages, outcomes=outcomes)


def seen_in_progress(world: World) -> World:
    """What a progress report knows beside the list view: every entry into another stage."""
    entered = {(row["lead_id"], row["entered_at"]): row for row in world.stages}
    stages: list[Row] = []
    for lead, entries in moves(world).items():
        opened = [move for move in entries if move.state == "open"]
        kept = [opened[0], *(b for a, b in pairwise(opened) if a.stage != b.stage)]
        stages += [entered[lead, move.at] for move in kept]
    return replace(seen_in_reports(world), stages=stages)


SHAPES: Mapping[str, Callable[[Company, Path], None]] = {
    "objects": write_objects, "warehouse": write_warehouse, "reports": write_reports, "progress": write_progress,
}  # fmt: skip


def export(world: World, shape: str, folder: Path) -> Company:
    """Writes one shape; returns the rows."""
    made = company(world)
    SHAPES[shape](made, folder)
    return made
