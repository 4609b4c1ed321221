"""HubSpot exports of one simulated CRM in three shapes, with the traps that real exports have."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.builders.exports.simulated_crm import (
    Row,
    World,
    csv_text,
    currency_of,
    in_currency,
    interaction_counts,
    milliseconds,
    moves,
    number_of,
    owners,
    sql_time,
    values_today,
)
from tests.builders.exports.workbook import write_workbook

STAGE_IDS = {
    "new": "appointmentscheduled", "qualified": "qualifiedtobuy", "proposal": "153180554",
    "negotiation": "contractsent", "won": "closedwon", "lost": "closedlost",
}  # fmt: skip
# The stages were renamed: their ids still say what they were.
LABELS = {
    "appointmentscheduled": "Discovery", "qualifiedtobuy": "Qualified", "153180554": "Proposal sent",
    "contractsent": "Negotiation", "closedwon": "Closed won", "closedlost": "Closed lost",
}  # fmt: skip
STAGE_LABELS = {stage: LABELS[id_] for stage, id_ in STAGE_IDS.items()}
PROBABILITY = {"appointmentscheduled": "0.2", "qualifiedtobuy": "0.4", "153180554": "0.6", "contractsent": "0.8",
               "closedwon": "1.0", "closedlost": "0.0"}  # fmt: skip
PIPELINE, OTHER_PIPELINE = ("default", "Sales Pipeline"), ("7512", "Renewals")
KINDS = {
    "call": "call", "demo": "meeting", "email_sent": "email", "email_reply": "incoming_email",
    "email_open": "email_open", "ad_view": "email_click", "form_submit": "form_submission", "web_visit": "note",
    "chat": "whats_app", "social_message": "linkedin_message",
}  # fmt: skip
TYPES = {"call": "CALL", "demo": "MEETING", "email_sent": "EMAIL", "email_reply": "INCOMING_EMAIL", "web_visit": "NOTE",
         "chat": "COMMUNICATION", "social_message": "COMMUNICATION"}  # fmt: skip
CHANNELS = {"chat": "WHATS_APP", "social_message": "LINKEDIN_MESSAGE"}
CUSTOM = ("industry", "employees", "product", "seats", "profile_fit", "newsletter")
DELETED, MERGED, OF_OTHER_PIPELINE, BOTS, OPEN_TASKS = 7, 5, 9, 11, 4
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Portal:
    """The rows of each object by internal names; times in ISO 8601 with Z. history: versions of deals' properties."""

    deals: list[Row]
    history: list[Row]
    contacts: list[Row]
    engagements: list[Row]
    email_events: list[Row]
    submissions: list[Row]
    owners: list[Row]
    merged: list[tuple[str, str]]


def deal_id(lead_id: str) -> str:
    return str(9_000_000_000 + int(lead_id[1:]))


def merged_id(lead_id: str) -> str:
    """The id of the deal that was merged into this one."""
    return str(8_000_000_000 + int(lead_id[1:]))


def contact_id(lead_id: str) -> str:
    return str(50_000 + int(lead_id[1:]))


def company_id(account_id: str) -> str:
    return str(7_000_000 + int(account_id[1:])) if account_id else ""


def email_of(lead_id: str) -> str:
    return f"{lead_id.lower()}@customer.example"


def portal(world: World) -> Portal:
    """The objects of the portal, with deleted, merged and other pipelines' deals, bots, and open tasks."""
    owner_ids = {name: str(300 + place) for place, name in enumerate(owners(world))}
    today, counts = values_today(world), interaction_counts(world)
    merged = [(deal_id(lead["lead_id"]), merged_id(lead["lead_id"])) for lead in world.leads[:MERGED]]
    merged += [(deal_id(new), deal_id(old)) for old, new in world.merged]
    deals, history = [], []
    by_lead = moves(world)
    for lead in world.leads:
        versions = list(_versions(world, lead, by_lead[lead["lead_id"]], owner_ids))
        history += versions
        deals.append(_deal(lead, versions, today[lead["lead_id"]], counts[lead["lead_id"]], owner_ids))
    by_id = {row["hs_object_id"]: row for row in deals}
    for new, old in merged:
        ids = filter(None, (by_id[new]["hs_merged_object_ids"], old, str(int(old) + 500_000)))
        by_id[new]["hs_merged_object_ids"] = ";".join(ids)
    deals += [_other_deal(number) for number in range(DELETED + OF_OTHER_PIPELINE)]
    deals += [
        _other_deal(0)
        | {
            "hs_object_id": deal_id(old),
            "createdate": world.gone_created[old],
            "hs_lastmodifieddate": world.gone_at,
        }
        for old in world.deleted
    ]
    events = [row for row in world.interactions if row["kind"] in ("email_open", "ad_view")]
    return Portal(
        deals=deals,
        history=history,
        contacts=[_contact(lead) for lead in world.leads],
        engagements=[
            _engagement(place, row, merged)
            for place, row in enumerate(world.interactions)
            if row["kind"] in TYPES
        ]
        + [_open_task(number, world.leads[number]["lead_id"]) for number in range(OPEN_TASKS)],
        email_events=[_email_event(row) for row in events] + [_bot(row) for row in events[:BOTS]],
        submissions=[_submission(row) for row in world.interactions if row["kind"] == "form_submit"],
        owners=[
            {"id": id_, "email": f"o{id_}@seller.example", "firstName": name.partition(" ")[0],
             "lastName": name.partition(" ")[2], "userId": f"9{id_}"}
            for name, id_ in owner_ids.items()
        ],
        merged=merged,
    )  # fmt: skip


def _versions(world: World, lead: Row, entries: list[Any], owner_ids: Mapping[str, str]) -> Iterator[Row]:
    """Every value that a property of the deal has had."""
    id_, created = deal_id(lead["lead_id"]), lead["created_at"]
    code = currency_of(lead["lead_id"])

    def version(name: str, value: str, at: str) -> Row:
        return {"deal_id": id_, "name": name, "value": value, "timestamp": at, "source": "CRM_UI"}

    plan = lead["planned_close_on"] or created[:10]
    yield version("closedate", f"{plan}T00:00:00Z", created)
    yield version("amount", in_currency("5000", code), created)
    yield version("hubspot_owner_id", owner_ids[lead["owner"]], created)
    for name in CUSTOM:
        yield version(name, lead[name], created)
    for move in entries:
        yield version("dealstage", STAGE_IDS[move.stage or move.state], move.at)
        if move.state != "open":
            yield version("closedate", move.at, move.at)
        if move.state == "won":
            yield version("amount", in_currency(move.amount, code), move.at)
    for change in world.attribute_changes:
        if change["lead_id"] == lead["lead_id"] and change["attribute"] in (*CUSTOM, "owner"):
            is_owner = change["attribute"] == "owner"
            name = "hubspot_owner_id" if is_owner else change["attribute"]
            value = owner_ids[change["value"]] if is_owner else change["value"]
            yield version(name, value, change["changed_at"])
    yield version("hs_deal_stage_probability", "0.5", created)


def _deal(lead: Row, versions: list[Row], now: Row, count: int, owner_ids: Mapping[str, str]) -> Row:
    latest = {row["name"]: row["value"] for row in sorted(versions, key=lambda row: row["timestamp"])}
    stage = latest["dealstage"]
    code = currency_of(lead["lead_id"])
    closed = stage in ("closedwon", "closedlost")
    stays = stage_properties([row for row in versions if row["name"] == "dealstage"])
    home = f"{float(latest['amount']) / float(in_currency('1', code)):.2f}" if latest["amount"] else ""
    return {
        "hs_object_id": deal_id(lead["lead_id"]), "dealname": f"{lead['company'] or 'Deal'}, {lead['product']}",
        "dealstage": stage, "pipeline": PIPELINE[0], "amount": latest["amount"], "deal_currency_code": code,
        "amount_in_home_currency": home, "closedate": latest["closedate"], "createdate": lead["created_at"],
        "hs_lastmodifieddate": max(row["timestamp"] for row in versions),
        "hubspot_owner_id": owner_ids[now["owner"]], "hs_analytics_source": lead["source"],
        "hs_is_closed": str(closed).lower(), "hs_is_closed_won": str(stage == "closedwon").lower(),
        "hs_deal_stage_probability": PROBABILITY[stage], "num_notes": str(count), "num_contacted_notes": str(count),
        "notes_last_updated": latest["closedate"], "days_to_close": "12" if closed else "",
        "hs_projected_amount": latest["amount"] if closed else "1", "hs_merged_object_ids": "",
        "closed_lost_reason": "price" if stage == "closedlost" else "", "archived": "false",
        "company": company_id(lead["account_id"]), "contact": contact_id(lead["lead_id"]),
        **{name: now[name] for name in CUSTOM}, **stays,
    }  # fmt: skip


def stage_properties(versions: list[Row]) -> Row:
    """What HubSpot keeps for each stage of a deal's path: times of the latest visit, durations in milliseconds.

    Durations are those of finished visits: of the present stage they tell about the visits before.
    """
    path = sorted(versions, key=lambda row: row["timestamp"])
    kept: Row = {}
    for row, following in zip(path, [*path[1:], None], strict=True):
        stage = row["value"]
        kept[f"hs_v2_date_entered_{stage}"] = row["timestamp"]
        if following is not None:
            stay = milliseconds(following["timestamp"]) - milliseconds(row["timestamp"])
            total = int(kept.get(f"hs_v2_cumulative_time_in_{stage}", "0")) + stay
            kept[f"hs_v2_date_exited_{stage}"] = following["timestamp"]
            kept[f"hs_v2_latest_time_in_{stage}"] = str(stay)
            kept[f"hs_v2_cumulative_time_in_{stage}"] = str(total)
    return kept


def _other_deal(number: int) -> Row:
    """A deleted deal, or one of another pipeline."""
    deleted = number < DELETED
    return {
        "hs_object_id": str(6_000_000_000 + number), "dealname": "Gone", "amount": "1",
        "dealstage": "appointmentscheduled" if deleted else "998877",
        "pipeline": PIPELINE[0] if deleted else OTHER_PIPELINE[0], "closedate": "2026-05-01T00:00:00Z",
        "createdate": "2025-09-01T10:00:00Z", "hs_is_closed": "false", "archived": str(deleted).lower(),
        "deal_currency_code": "EUR", "amount_in_home_currency": "1",
    }  # fmt: skip


def _contact(lead: Row) -> Row:
    return {
        "hs_object_id": contact_id(lead["lead_id"]), "email": email_of(lead["lead_id"]), "firstname": "Ada",
        "lastname": lead["lead_id"], "lifecyclestage": "opportunity", "createdate": lead["created_at"],
        "lastmodifieddate": lead["created_at"], "hs_analytics_source": lead["source"],
        "num_associated_deals": "1", "archived": "false",
    }  # fmt: skip


def _engagement(place: int, row: Row, merged: list[tuple[str, str]]) -> Row:
    """An engagement; every third one of a merged deal still hangs on the deal that is gone."""
    gone = dict(merged).get(deal_id(row["lead_id"]))
    duration = str(int(float(row["value"]) * MINUTE_MS)) if row["kind"] == "call" and row["value"] else ""
    return {
        "id": str(20_000_000_000_000 + number_of(row)), "type": TYPES[row["kind"]],
        "deal": gone if gone and place % 3 == 0 else deal_id(row["lead_id"]),
        "hs_timestamp": row["occurred_at"], "hs_createdate": row["recorded_at"],
        "hs_call_direction": row["direction"].upper() if row["kind"] == "call" else "", "hs_call_duration": duration,
        "hs_communication_channel_type": CHANNELS.get(row["kind"], ""), "hs_task_status": "",
    }  # fmt: skip


def _open_task(number: int, lead_id: str) -> Row:
    return {
        "id": str(30_000_000_000 + number), "type": "TASK", "deal": deal_id(lead_id), "hs_task_status": "NOT_STARTED",
        "hs_timestamp": "2026-08-01T08:00:00Z", "hs_createdate": "2026-05-01T08:00:00Z",
    }  # fmt: skip


def _email_event(row: Row) -> Row:
    return {
        "id": row["interaction_id"], "type": "OPEN" if row["kind"] == "email_open" else "CLICK",
        "created": row["occurred_at"], "recipient": email_of(row["lead_id"]), "filteredEvent": "false",
    }  # fmt: skip


def _bot(row: Row) -> Row:
    return _email_event(row) | {"id": f"bot-{row['interaction_id']}", "filteredEvent": "true"}


def _submission(row: Row) -> Row:
    return {
        "conversion_id": row["interaction_id"], "contact_id": contact_id(row["lead_id"]), "form_id": "f1",
        "timestamp": row["occurred_at"], "email": email_of(row["lead_id"]), "page_url": "https://x.example/demo",
    }  # fmt: skip


# ---- shapes


def write_objects(made: Portal, folder: Path) -> None:
    """Pages of the API: properties and their history nested, times in milliseconds or ISO."""
    folder.mkdir(parents=True)
    versions: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in sorted(made.history, key=lambda row: row["timestamp"], reverse=True):
        entry = {"value": row["value"], "timestamp": row["timestamp"], "sourceType": "CRM_UI"}
        versions.setdefault(row["deal_id"], {}).setdefault(row["name"], []).append(entry)
    deals = [_deal_record(row, versions.get(row["hs_object_id"], {})) for row in made.deals]
    half = len(deals) // 2
    for name, records in (("deals_1", deals[:half]), ("deals_2", deals[half:])):
        _write_page(folder / f"{name}.json", records)
    contacts = [
        {"id": row["hs_object_id"], "properties": row, "createdAt": row["createdate"], "archived": False}
        for row in made.contacts
    ]
    _write_page(folder / "contacts.json", contacts)
    for kind in ("CALL", "MEETING", "EMAIL", "NOTE", "COMMUNICATION", "TASK"):
        rows = [row for row in made.engagements if row["type"].endswith(kind)]
        _write_page(folder / f"{kind.lower()}s.json", [_engagement_record(row) for row in rows])
    events = [row | {"created": milliseconds(row["created"])} for row in made.email_events]
    (folder / "events.json").write_text(json.dumps({"hasMore": False, "offset": "x", "events": events}))
    lines = [
        {"conversionId": row["conversion_id"], "submittedAt": milliseconds(row["timestamp"]),
         "pageUrl": row["page_url"],
         "values": [{"name": "email", "value": row["email"], "objectTypeId": "0-1"}]}
        for row in made.submissions
    ]  # fmt: skip
    (folder / "submissions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    _write_page(folder / "owners.json", [row | {"createdAt": "2020-01-01T00:00:00Z"} for row in made.owners])
    _write_page(folder / "pipelines.json", _pipelines())


def _deal_record(row: Row, history: Mapping[str, Any]) -> dict[str, Any]:
    properties = {k: v or None for k, v in row.items() if k not in ("company", "contact", "archived")}
    properties = {k: v for k, v in properties.items() if not k.startswith("hs_v2_")}
    record: dict[str, Any] = {
        "id": row["hs_object_id"], "properties": properties, "createdAt": row["createdate"],
        "updatedAt": row.get("hs_lastmodifieddate", row["createdate"]), "archived": row["archived"] == "true",
    }  # fmt: skip
    if history:
        record["propertiesWithHistory"] = history
    links = {"companies": row.get("company"), "contacts": row.get("contact")}
    record["associations"] = {
        name: {"results": [{"id": id_, "type": f"deal_to_{name}"}]} for name, id_ in links.items() if id_
    }
    return record


def _engagement_record(row: Row) -> dict[str, Any]:
    properties = {k: v for k, v in row.items() if k.startswith("hs_") and v}
    if row["type"] in ("EMAIL", "INCOMING_EMAIL"):
        properties["hs_email_direction"] = row["type"]
    if row["type"] == "MEETING":
        properties["hs_meeting_title"] = "Demo"
    if row["type"] == "NOTE":
        properties["hs_note_body"] = "<p>x</p>"
    deals = {"results": [{"id": row["deal"], "type": "to_deal"}]}
    return {"id": row["id"], "properties": properties, "archived": False, "associations": {"deals": deals}}


def _pipelines() -> list[dict[str, Any]]:
    stages = [
        {"id": id_, "label": label, "displayOrder": place,
         "metadata": {"probability": PROBABILITY[id_], "isClosed": str(id_.startswith("closed")).lower()}}
        for place, (id_, label) in enumerate(LABELS.items())
    ]  # fmt: skip
    other = {
        "id": "998877",
        "label": "Due",
        "displayOrder": 0,
        "metadata": {"probability": "0.5", "isClosed": "false"},
    }
    return [
        {"id": PIPELINE[0], "label": PIPELINE[1], "displayOrder": 0, "stages": stages},
        {"id": OTHER_PIPELINE[0], "label": OTHER_PIPELINE[1], "displayOrder": 1, "stages": [other]},
    ]


def _write_page(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"results": records, "paging": {"next": {"after": "1"}}}))


def write_warehouse(made: Portal, folder: Path) -> None:
    """Tables as Fivetran names them; merged deals are still there, histories and stages in tables of their own."""
    folder.mkdir(parents=True)
    names = {"hs_object_id": "deal_id", "dealstage": "deal_pipeline_stage_id", "pipeline": "deal_pipeline_id",
             "hubspot_owner_id": "owner_id", "archived": "is_deleted"}  # fmt: skip
    dropped = ("company", "contact", "hs_merged_object_ids")
    by_id = {row["hs_object_id"]: row for row in made.deals}
    gone = [by_id[new] | {"hs_object_id": old} for new, old in made.merged]
    deals = [
        {names.get(k, f"property_{k}"): v for k, v in row.items() if k not in dropped}
        for row in made.deals + gone
    ]
    deals = [{k: v for k, v in row.items() if "_hs_v2_" not in k} for row in deals]
    stages = [
        {"_fivetran_start": row["timestamp"], "deal_id": row["deal_id"], "date_entered": row["timestamp"],
         "value": row["value"], "source": "CRM_UI"}
        for row in made.history if row["name"] == "dealstage"
    ]  # fmt: skip
    old_history = [
        {**row, "deal_id": old} for new, old in made.merged for row in made.history if row["deal_id"] == new
    ]
    pipelines = _pipelines()
    tables: dict[str, list[Row]] = {
        "deal_data": deals,
        "deal_property_history_data": made.history + old_history,
        "deal_stage_data": stages,
        "deal_pipeline_data": [
            {"pipeline_id": p["id"], "label": p["label"], "display_order": str(p["displayOrder"]), "active": "TRUE"}
            for p in pipelines
        ],
        "deal_pipeline_stage_data": [
            {"stage_id": s["id"], "label": s["label"], "display_order": str(s["displayOrder"]), "pipeline_id": p["id"],
             "probability": s["metadata"]["probability"], "is_closed": s["metadata"]["isClosed"].upper(),
             "closed_won": str(s["id"] == "closedwon").upper(), "active": "TRUE"}
            for p in pipelines for s in p["stages"]
        ],
        "merged_deal_data": [{"deal_id": new, "merged_deal_id": old} for new, old in made.merged],
        "contact_data": [
            {("id" if k == "hs_object_id" else f"property_{k}"): v for k, v in row.items() if k != "archived"}
            for row in made.contacts
        ],
        "deal_company_data": [
            {"company_id": row["company"], "deal_id": row["hs_object_id"], "type_id": "5"}
            for row in made.deals if row.get("company")
        ],
        "deal_contact_data": [
            {"contact_id": row["contact"], "deal_id": row["hs_object_id"], "type_id": "3"}
            for row in made.deals if row.get("contact")
        ],
        "engagement_deal_data": [
            {"deal_id": row["deal"], "engagement_id": row["id"], "engagement_type": row["type"], "type_id": "216"}
            for row in made.engagements
        ],
        "email_event_data": [
            {"id": r["id"], "type": r["type"], "created": r["created"], "recipient": r["recipient"],
             "filtered_event": r["filteredEvent"], "portal_id": "1"}
            for r in made.email_events
        ],
        "email_event_open_data": [{"id": r["id"], "browser": "x", "duration": "1"} for r in made.email_events],
        "contact_form_submission_data": [
            {k: v for k, v in row.items() if k != "email"} for row in made.submissions
        ],
        "owner_data": [
            {"owner_id": r["id"], "email": r["email"], "first_name": r["firstName"], "last_name": r["lastName"],
             "active_user_id": r["userId"], "type": "PERSON"}
            for r in made.owners
        ],
    }  # fmt: skip
    for kind in ("CALL", "MEETING", "EMAIL", "NOTE", "COMMUNICATION", "TASK"):
        tables[f"engagement_{kind.lower()}_data"] = [
            _engagement_row(row) for row in made.engagements if row["type"].endswith(kind)
        ]
    for name, rows in tables.items():
        synced = [
            {"_fivetran_synced": "2026-07-01 00:00:00", **{k: sql_time(v) for k, v in r.items()}}
            for r in rows
        ]
        (folder / f"{name}.csv").write_text(csv_text(synced), encoding="utf-8")
    (folder / "LICENSE").write_text("Not a table.\n", encoding="utf-8")


def _engagement_row(row: Row) -> Row:
    properties = {f"property_{k}": v for k, v in row.items() if k.startswith("hs_")}
    return {"engagement_id": row["id"], "_fivetran_deleted": "false", "type": row["type"], **properties}


DEAL_LABELS = {
    "hs_object_id": "Record ID", "dealname": "Deal Name", "dealstage": "Deal Stage", "pipeline": "Pipeline",
    "amount": "Amount", "deal_currency_code": "Currency", "amount_in_home_currency": "Amount in company currency",
    "closedate": "Close Date", "createdate": "Create Date", "hs_lastmodifieddate": "Last Modified Date",
    "owner": "Deal owner", "hs_analytics_source": "Original Traffic Source", "hs_is_closed_won": "Is Closed Won",
    "hs_is_closed": "Is Deal Closed?", "num_notes": "Number of Sales Activities", "days_to_close": "Days to close",
    "hs_deal_stage_probability": "Deal probability", "notes_last_updated": "Last Activity Date",
    "hs_merged_object_ids": "Merged Deal IDs", "company": "Associated Company IDs", "contact": "Associated Contact IDs",
    "closed_lost_reason": "Closed Lost Reason", **{name: name.replace("_", " ").title() for name in CUSTOM},
}  # fmt: skip


def write_reports(made: Portal, folder: Path) -> None:
    """Exports of the user interface: labels, local dates, currency signs, a note above and a total below."""
    folder.mkdir(parents=True)
    names = {row["id"]: f"{row['firstName']} {row['lastName']}" for row in made.owners}
    deals = []
    for row in made.deals:
        if row["archived"] == "true":
            continue  # the user interface does not export them
        pipeline = dict((PIPELINE, OTHER_PIPELINE))[row["pipeline"]]
        label = LABELS.get(row["dealstage"], "Due")
        shown = {
            **row, "owner": names.get(row.get("hubspot_owner_id", ""), ""), "pipeline": pipeline,
            "dealstage": f"{label} ({pipeline})", "amount": _money(row["amount"], row["deal_currency_code"]),
        }  # fmt: skip
        cells = {title: _shown(field, shown.get(field, "")) for field, title in DEAL_LABELS.items()}
        for id_, stage in LABELS.items():
            named = f'"{stage} ({PIPELINE[1]})"'
            cells |= {
                f"Date entered {named}": _shown("date", row.get(f"hs_v2_date_entered_{id_}", "")),
                f"Date exited {named}": _shown("date", row.get(f"hs_v2_date_exited_{id_}", "")),
                f"Latest time in {named} (HH:mm:ss)": _clock(row.get(f"hs_v2_latest_time_in_{id_}", "")),
                f"Cumulative time in {named} (HH:mm:ss)": _clock(
                    row.get(f"hs_v2_cumulative_time_in_{id_}", "")
                ),
            }
        deals.append(cells)
    note, total = "All deals, exported by Ada Lang\n\n", "Total,,,,99999\n"
    (folder / "all-deals.csv").write_text(note + csv_text(deals) + total, encoding="utf-8")
    contacts = [
        {"Record ID": row["hs_object_id"], "First Name": row["firstname"], "Last Name": row["lastname"],
         "Email": row["email"], "Lifecycle Stage": "Opportunity", "Create Date": _shown("date", row["createdate"])}
        for row in made.contacts
    ]  # fmt: skip
    header, *_ = contacts
    write_workbook(
        folder / "all-contacts.xlsx", {"Contacts": [list(header), *(list(c.values()) for c in contacts)]}
    )
    for kind in ("CALL", "MEETING", "EMAIL", "NOTE", "COMMUNICATION", "TASK"):
        rows = [_shown_activity(row) for row in made.engagements if row["type"].endswith(kind)]
        (folder / f"all-{kind.lower()}s.csv").write_text(csv_text(rows, delimiter=";"), encoding="utf-8-sig")
    forms = [
        {"Conversion Date": _shown("date", row["timestamp"]), "Conversion Page": row["page_url"], "Email": row["email"],
         "Conversion ID": row["conversion_id"], "First Name": "Ada"}
        for row in made.submissions
    ]  # fmt: skip
    (folder / "form-submissions.csv").write_text(csv_text(forms), encoding="utf-16")


def _money(amount: str, code: str) -> str:
    return f"{code} {float(amount):,.2f}" if amount else ""


def _clock(ms: str) -> str:
    """Milliseconds as hours, minutes and seconds."""
    seconds = int(ms or 0) // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if ms else ""


def _shown_activity(row: Row) -> Row:
    return {
        "Record ID": row["id"], "Activity type": row["type"], "Activity date": _shown("date", row["hs_timestamp"]),
        "Create date": _shown("date", row["hs_createdate"]), "Associated Deal IDs": row["deal"],
        "Call direction": row.get("hs_call_direction", ""), "Call duration": row.get("hs_call_duration", ""),
        "Communication channel type": row.get("hs_communication_channel_type", ""),
        "Task status": row.get("hs_task_status", ""),
    }  # fmt: skip


def _shown(field: str, text: str) -> str:
    if text and field.endswith(("date", "last_updated")):
        return datetime.fromisoformat(text).strftime("%m/%d/%Y %H:%M")
    return text


def seen_in_reports(world: World) -> World:
    """What the user interface knows: no e-mail events."""
    shown = [row for row in world.interactions if row["kind"] not in ("email_open", "ad_view")]
    return replace(world, interactions=shown)


SHAPES: Mapping[str, Callable[[Portal, Path], None]] = {
    "objects": write_objects, "warehouse": write_warehouse, "reports": write_reports,
}  # fmt: skip


def export(world: World, shape: str, folder: Path) -> Portal:
    """Writes one shape; returns the rows."""
    made = portal(world)
    SHAPES[shape](made, folder)
    return made
