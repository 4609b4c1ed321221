"""Odoo exports of one simulated CRM in five shapes, with the traps that real ones have."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

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
    sql_time,
    values_today,
)

Record = dict[str, Any]
Models = dict[str, list[Record]]
LEAD_MODEL = "crm.lead"
GONE = "gone"  # records that were deleted or merged; a file of its own in no export
STAGE_LABELS = {
    "new": "New",
    "qualified": "Qualified",
    "proposal": "Proposition",
    "negotiation": "Negotiation",
}
OLD_LABELS = {"proposal": "Proposal sent"}  # before the stage was renamed; its changes keep this text
STAGE_IDS = {"new": 1, "qualified": 2, "proposal": 3, "negotiation": 7}
WON_STAGE = (4, "Won")
FIELDS = {
    "stage_id": (901, "Stage", "many2one"), "user_id": (902, "Salesperson", "many2one"),
    "active": (903, "Active", "boolean"), "x_newsletter": (904, "Newsletter", "boolean"),
    "x_seats": (905, "Seats", "integer"),
}  # fmt: skip
ACTIVITIES = {
    "call": (2, "Call"), "form_submit": (11, "Form Submit"), "chat": (12, "Chat"), "web_visit": (13, "Web Visit"),
    "social_message": (14, "Social Message"), "email_open": (15, "Email Open"), "ad_view": (16, "Ad View"),
}  # fmt: skip
NOTE, DISCUSSIONS, DONE = (2, "Note"), (1, "Discussions"), (3, "Activities")
KINDS = {"email_reply": "email", "email_sent": "message", "demo": "meeting"}
CURRENCY_IDS = {"EUR": 1, "USD": 2, "JPY": 25}
SOURCES = (
    "organic_search",
    "paid_search",
    "referral",
    "events",
    "webinar",
    "partner",
    "outbound",
    "paid_social",
)
CUSTOM = (
    "industry", "employees", "product", "seats", "profile_fit", "newsletter", "campaign", "contact_role", "age_group",
    "country", "city", "annual_budget", "is_customer", "work_email", "trial_started_on",
)  # fmt: skip
NUMBERS, BOOLEANS = (
    ("employees", "seats", "profile_fit", "annual_budget"),
    ("newsletter", "is_customer", "work_email"),
)
TAGS = ((1, "Product"), (2, "Services"), (3, "Training"))
DELETED, UNQUALIFIED, MERGED, PLANNED = 5, 4, 3, 6
FIRST_OF_SYSTEM = 1 << 50  # ids of messages that are no interaction


@dataclass(frozen=True)
class Truth:
    """A simulated CRM, and what its tables of today are made from."""

    world: World
    moves: Mapping[str, list[Move]]
    today: Mapping[str, Row]
    counts: Mapping[str, int]
    users: Mapping[str, int]
    now: str


def deal_id(lead_id: str) -> str:
    return str(int(lead_id[1:]))


def spelling(precision: int) -> Spelling:
    """How an import of Odoo writes the truth."""
    return Spelling(deal_id, STAGE_LABELS, KINDS, precision)


def database(world: World) -> Models:
    """The records of each model, links as (id, name), empty fields as None; some leads are deleted or unqualified."""
    users = {name: 20 + place for place, name in enumerate(owners(world))}
    now = shifted(max(text for row in (*world.interactions, *world.stages, *world.outcomes, *world.attribute_changes)
                      for name, text in row.items() if name.endswith("_at")), timedelta(hours=1))  # fmt: skip
    truth = Truth(world, moves(world), values_today(world), interaction_counts(world), users, now)
    messages, tracking = _messages(truth)
    return {
        LEAD_MODEL: [*(_lead(truth, lead) for lead in world.leads), *_unqualified()],
        "mail.message": messages,
        "mail.tracking.value": tracking,
        "calendar.event": [_meeting(number_of(row), row) for row in _rows(world, demo=True)],
        "mail.activity": [_planned(number, lead) for number, lead in enumerate(world.leads[:PLANNED], 1)],
        "crm.stage": _stages(),
        "ir.model.fields": [
            {"id": id_, "name": name, "model": LEAD_MODEL, "field_description": label, "ttype": type_}
            for name, (id_, label, type_) in FIELDS.items()
        ],
        "mail.message.subtype": [
            {"id": id_, "name": name, "internal": id_ == NOTE[0], "default": id_ == DISCUSSIONS[0]}
            for id_, name in (DISCUSSIONS, NOTE, DONE)
        ],
        "mail.activity.type": [
            {"id": id_, "name": name, "category": "default", "delay_count": 0} for id_, name in ACTIVITIES.values()
        ],
        "res.users": [
            {"id": id_, "login": f"u{id_}", "name": name, "partner_id": (1000 + id_, name)}
            for name, id_ in users.items()
        ],
        "res.currency": [
            {"id": id_, "name": code, "rate": RATES[code], "rounding": 0.01} for code, id_ in CURRENCY_IDS.items()
        ],
        "res.company": [
            {"id": id_, "name": f"Company {code}", "currency_id": (id_, code)} for code, id_ in CURRENCY_IDS.items()
        ],
        "utm.source": [{"id": place, "name": name} for place, name in enumerate(SOURCES, 1)],
        "crm.tag": [{"id": id_, "name": name} for id_, name in TAGS],
        GONE: [
            {"id": int(deal_id(old)), "create_date": world.gone_created[old], "write_date": world.gone_at}
            for old in world.gone
        ],
    }  # fmt: skip


def _stages() -> list[Record]:
    rows = [
        {"id": id_, "name": STAGE_LABELS[name], "sequence": place, "is_won": False}
        for place, (name, id_) in enumerate(STAGE_IDS.items())
    ]
    return [*rows, {"id": WON_STAGE[0], "name": WON_STAGE[1], "sequence": 70, "is_won": True}]


def _lead(truth: Truth, lead: Row) -> Record:
    """A record as it stands today: won in the won stage, lost ones archived in their last stage."""
    id_ = lead["lead_id"]
    last, today, number = truth.moves[id_][-1], truth.today[id_], int(deal_id(id_))
    entry = [move for move in truth.moves[id_] if move.state == "open"][-1]
    won, code = last.state == "won", currency_of(id_)
    chance = {"won": 100.0, "lost": 0.0, "open": 42.5}[last.state]
    return {
        "id": number, "name": f"{lead['company'] or 'Deal'} - {lead['product']}", "type": "opportunity",
        "active": last.state != "lost", "stage_id": WON_STAGE if won else stage(entry.stage),
        "probability": chance, "automated_probability": chance + 0.01,
        "expected_revenue": float(in_currency(last.amount, code) or 0) if won else 5000.0,
        "company_id": (CURRENCY_IDS[code], f"Company {code}"), "company_currency": (CURRENCY_IDS[code], code),
        "create_date": lead["created_at"], "write_date": last.at, "date_open": lead["created_at"],
        "date_closed": None if last.state == "open" else last.at,
        "date_last_stage_update": last.at if won else in_stage_since(truth.moves[id_]), "date_conversion": None,
        "date_deadline": lead["planned_close_on"] or None,
        "lost_reason_id": (3, last.reason) if last.state == "lost" and last.reason else None,
        "user_id": (truth.users[today["owner"]], today["owner"]), "team_id": (1, "Sales"),
        "source_id": (SOURCES.index(lead["source"]) + 1, lead["source"]),
        "partner_id": (5000 + int(lead["account_id"][1:]), lead["company"]) if lead["account_id"] else None,
        "partner_name": lead["company"] or None, "contact_name": lead["contact_name"],
        "email_from": f"c{number}@example.com", "priority": "3" if won else "1",
        "tag_ids": [tag for tag in TAGS if (number * 2654435761 >> 12) % 7 & tag[0]],
        "duration_tracking": time_by_stage(truth.moves[id_], truth.now),
        "calendar_event_count": truth.counts[id_], "day_close": 0.0 if last.state == "open" else 12.0,
        **{f"x_{name}": custom(name, today[name]) for name in CUSTOM},
    }  # fmt: skip


def in_stage_since(path: list[Move]) -> str:
    """When a lead entered its last stage; a loss and a return to the same stage leave this time."""
    entries = [move for move in path if move.state == "open"]
    since = entries[0].at
    for before, move in pairwise(entries):
        since = since if move.stage == before.stage else move.at
    return since


def time_by_stage(path: list[Move], now: str) -> dict[str, int]:
    """Seconds by the id of the stage, in order of the first visit, until now: lost leads stay in their stage."""
    entries = [(path[0].at, STAGE_IDS[path[0].stage])]
    for at, (name, _, new) in _stage_changes(path):
        if name == "stage_id":
            entries.append((at, new[0]))
    spent: dict[str, int] = {}
    for (start, id_), (end, _) in pairwise([*entries, (now, 0)]):
        seconds = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        spent[str(id_)] = spent.get(str(id_), 0) + int(seconds.total_seconds())
    return spent


def stage(name: str) -> tuple[int, str]:
    return (STAGE_IDS[name], STAGE_LABELS[name])


def custom(name: str, text: str) -> Any:
    if not text:
        return None
    if name in BOOLEANS:
        return text == "true"
    return float(text) if name in NUMBERS else text


def _unqualified() -> list[Record]:
    return [
        {
            "id": 900_000 + number, "name": "Request", "type": "lead", "active": True, "stage_id": stage("new"),
            "create_date": "2026-01-05T08:00:00Z", "write_date": "2026-01-05T08:00:00Z",
        }
        for number in range(UNQUALIFIED)
    ]  # fmt: skip


def _rows(world: World, demo: bool) -> list[Row]:
    """The interactions that are meetings, or the others."""
    return [row for row in world.interactions if (row["kind"] == "demo") == demo]


@dataclass(frozen=True)
class _Post:
    """A message and the change that it tracks, if any: field, old value, new value."""

    at: str
    lead: str
    fields: Record
    change: tuple[str, Any, Any] | None = None
    number: int = 0  # of the interaction, 0 for what the system posts


def _messages(truth: Truth) -> tuple[list[Record], list[Record]]:
    """Messages in order of time and their tracked changes; those of merged leads and of invoices among them."""
    posts = [_touch(truth, row) for row in _rows(truth.world, demo=False)]
    for lead, path in truth.moves.items():
        posts += [_system(at, lead, change) for at, change in _stage_changes(path)]
    posts += [_system(row["changed_at"], row["lead_id"], change) for row, change in _attribute_changes(truth)]
    posts += _merged(truth)
    posts.sort(key=lambda post: post.at)
    messages: list[Record] = []
    tracking: list[Record] = []
    for place, post in enumerate(posts, 1):
        number = post.number or FIRST_OF_SYSTEM + place
        base = {"id": number, "model": LEAD_MODEL, "res_id": int(deal_id(post.lead)), "date": post.at,
                "create_date": post.at, "subject": None, "is_internal": False}  # fmt: skip
        messages.append({**base, "body": '<p>x, "y"</p>', **post.fields})
        if post.change is not None:
            tracking.append(_tracked(len(tracking) + 1, number, *post.change))
    messages.append({**messages[0], "id": FIRST_OF_SYSTEM - 1, "model": "account.move"})
    messages.append({**messages[0], "id": FIRST_OF_SYSTEM - 2, "res_id": 999_999})
    return messages, tracking


def _touch(truth: Truth, row: Row) -> _Post:
    """An interaction: an e-mail, a message to the followers, or a done activity."""
    lead = row["lead_id"]
    user = 1000 + truth.users[truth.today[lead]["owner"]]
    fields: Record = {
        "message_type": "notification", "subtype_id": DONE, "author_id": (user, "x"), "create_date": row["recorded_at"],
        "mail_activity_type_id": ACTIVITIES.get(row["kind"]),
    }  # fmt: skip
    if row["kind"] == "email_reply":
        fields |= {"message_type": "email", "subtype_id": DISCUSSIONS, "author_id": (7000, "y")}
    elif row["kind"] == "email_sent":
        fields |= {"message_type": "comment", "subtype_id": DISCUSSIONS}
    return _Post(row["occurred_at"], lead, fields, number=number_of(row))


def _system(at: str, lead: str, change: tuple[str, Any, Any]) -> _Post:
    fields = {
        "message_type": "notification",
        "subtype_id": NOTE,
        "author_id": None,
        "mail_activity_type_id": None,
    }
    return _Post(at, lead, fields, change)


def _stage_changes(path: list[Move]) -> list[tuple[str, tuple[str, Any, Any]]]:
    """The tracked changes of each move but the first, with their time: a loss archives, a return restores."""
    changes: list[tuple[str, tuple[str, Any, Any]]] = []
    label = path[0].stage
    for before, move in pairwise(path):
        if move.state == "lost":
            changes.append((move.at, ("active", True, False)))
            continue
        if before.state == "lost":
            changes.append((move.at, ("active", False, True)))
        if move.state == "won" or move.stage != label:
            new = WON_STAGE if move.state == "won" else _as_written(move.stage)
            changes.append((move.at, ("stage_id", _as_written(label), new)))
        label = move.stage or label
    return changes


def _as_written(name: str) -> tuple[int, str]:
    return (STAGE_IDS[name], OLD_LABELS.get(name, STAGE_LABELS[name]))


def _attribute_changes(truth: Truth) -> list[tuple[Row, tuple[str, Any, Any]]]:
    value = {(lead["lead_id"], name): text for lead in truth.world.leads for name, text in lead.items()}
    changes: list[tuple[Row, tuple[str, Any, Any]]] = []
    for row in sorted(truth.world.attribute_changes, key=lambda row: row["changed_at"]):
        name, key = row["attribute"], (row["lead_id"], row["attribute"])
        old, value[key] = value[key], row["value"]
        if name == "owner":
            links = tuple((truth.users[text], text) for text in (old, row["value"]))
            changes.append((row, ("user_id", links[0], links[1])))
        elif name in ("newsletter", "seats"):
            changes.append((row, (f"x_{name}", custom(name, old), custom(name, row["value"]))))
    return changes


def _merged(truth: Truth) -> list[_Post]:
    """What a merge leaves: changes of the other lead on the survivor, and a note."""
    posts = []
    for lead in truth.world.leads[:MERGED]:
        post = _system(shifted(lead["created_at"], timedelta(hours=1)), lead["lead_id"],
                       ("stage_id", stage("new"), stage("negotiation")))  # fmt: skip
        posts.append(
            _Post(post.at, post.lead, {**post.fields, "subject": "From Old deal : False"}, post.change)
        )
    return posts


def _tracked(number: int, message: int, name: str, old: Any, new: Any) -> Record:
    """A row of mail.tracking.value in the columns of Odoo 17, with those of Odoo 16 beside them."""
    id_, label, type_ = FIELDS[name]
    row: Record = {
        "id": number, "mail_message_id": (message, "x"), "field_id": (id_, f"{label} (crm.lead)"), "field": id_,
        "field_desc": label, "field_type": type_,
    }  # fmt: skip
    for side, value in (("old", old), ("new", new)):
        linked = isinstance(value, tuple)
        row |= {
            f"{side}_value_integer": value[0] if linked else int(value or 0),
            f"{side}_value_char": value[1] if linked else None, f"{side}_value_float": 0.0,
            f"{side}_value_text": None, f"{side}_value_datetime": None,
        }  # fmt: skip
    return row


def _meeting(number: int, row: Row) -> Record:
    return {
        "id": number, "name": "Demo", "opportunity_id": (int(deal_id(row["lead_id"])), "x"), "active": True,
        "start": row["occurred_at"], "stop": row["occurred_at"], "create_date": row["recorded_at"],
        "duration": float(row["value"] or 0) / 60,
    }  # fmt: skip


def _planned(number: int, lead: Row) -> Record:
    return {
        "id": number, "res_model": LEAD_MODEL, "res_id": int(deal_id(lead["lead_id"])), "date_done": None,
        "activity_type_id": ACTIVITIES["call"], "date_deadline": "2026-12-01", "summary": "Call", "active": True,
    }  # fmt: skip


# ---- shapes


def write_api(models: Models, folder: Path) -> None:
    """Answers of search_read of Odoo 17: links as [id, name], empty fields as false, one file a model."""
    folder.mkdir(parents=True)
    old = ("field", "field_desc", "field_type")
    for model, rows in models.items():
        if model not in ("utm.source", "crm.tag", GONE):  # their names stand in the links
            records = [
                {k: _api(v) for k, v in row.items() if k not in old or model != "mail.tracking.value"}
                for row in rows
            ]
            page = {"jsonrpc": "2.0", "id": 1, "result": records}
            (folder / f"{model.replace('.', '_')}.json").write_text(json.dumps(page), encoding="utf-8")


def _api(value: Any) -> Any:
    if value is None:
        return False
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, list):
        return [id_ for id_, _ in value]
    return sql_time(value) if isinstance(value, str) else value


def write_warehouse(models: Models, folder: Path) -> None:
    """Tables of the database of Odoo 16 as a loader copies them: ids only, names by language, deleted rows marked."""
    folder.mkdir(parents=True)
    for model, rows in models.items():
        if model == GONE:
            continue
        name = model.replace(".", "_")
        lines = [
            {k: _sql(model, k, v) for k, v in row.items() if k not in ("company_currency", "tag_ids", "field_id",
             "calendar_event_count", "duration_tracking")}
            for row in rows
        ]  # fmt: skip
        for line in lines:
            line["_fivetran_deleted"] = "false"
        if model == LEAD_MODEL:
            lines += [
                {**lines[0], "id": str(800_000 + n), "_fivetran_deleted": "true"} for n in range(DELETED)
            ]
            lines += [
                {**lines[0], **{k: _sql(model, k, v) for k, v in row.items()}, "_fivetran_deleted": "true"}
                for row in models[GONE]
            ]
        (folder / f"{name}.csv").write_text(csv_text(lines), encoding="utf-8")
    links = [
        {"lead_id": str(row["id"]), "tag_id": str(tag[0])}
        for row in models[LEAD_MODEL]
        for tag in row.get("tag_ids", [])
    ]
    (folder / "crm_tag_rel.csv").write_text(csv_text(links), encoding="utf-8")


def _sql(model: str, name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "name" and model in ("crm.stage", "crm.tag", "mail.activity.type", "mail.message.subtype"):
        return json.dumps({"de_DE": f"{value} (de)", "en_US": value})
    if isinstance(value, tuple):
        return str(value[0])
    if isinstance(value, bool):
        return "t" if value else "f"
    return sql_time(str(value))


LIST_LABELS = {
    "name": "Opportunity", "stage_id": "Stage/Stage Name", "create_date": "Created on", "write_date": "Last Updated on",
    "active": "Active", "probability": "Probability", "expected_revenue": "Expected Revenue",
    "company_currency": "Currency", "date_closed": "Closed Date", "date_last_stage_update": "Last Stage Update",
    "date_deadline": "Expected Closing", "lost_reason_id": "Lost Reason", "user_id": "Salesperson",
    "team_id": "Sales Team", "source_id": "Source", "partner_name": "Company Name", "contact_name": "Contact Name",
    "priority": "Priority", "calendar_event_count": "# Meetings", "x_industry": "Industry", "x_seats": "Seats",
    "type": "Type",
}  # fmt: skip
MESSAGE_LABELS = {"date": "Messages/Date", "message_type": "Messages/Type", "subtype_id": "Messages/Subtype",
                  "mail_activity_type_id": "Messages/Mail Activity Type"}  # fmt: skip


def write_list(models: Models, folder: Path) -> None:
    """A list export: labels, notes above, external ids, local times, rows of tags and messages below their lead."""
    folder.mkdir(parents=True)
    of_lead: dict[int, list[Record]] = {}
    for message in models["mail.message"]:
        if message["model"] == LEAD_MODEL:
            of_lead.setdefault(message["res_id"], []).append(message)
    rows: list[Row] = []
    for lead in models[LEAD_MODEL]:
        own = {"External ID": f"__export__.crm_lead_{lead['id']}_{lead['id']:08x}"}
        own |= {label: _cell(name, lead.get(name)) for name, label in LIST_LABELS.items()}
        linked = [{"Tags/Tag Name": tag[1]} for tag in lead.get("tag_ids", [])]
        linked += [
            {label: _cell(name, message[name]) for name, label in MESSAGE_LABELS.items()}
            for message in of_lead.get(lead["id"], [])
        ]
        rows += [own | (linked[0] if linked else {}), *linked[1:]]
    group = {
        "External ID": "",
        "Opportunity": f"Total ({len(models[LEAD_MODEL])})",
        "Expected Revenue": "1,234.00",
    }
    text = "Pipeline of all teams\n\n" + csv_text([*rows, group], delimiter=";")
    (folder / "Lead-Opportunity (crm.lead).csv").write_text(text, encoding="utf-8-sig")
    _write_lists_beside(models, folder)


def _write_lists_beside(models: Models, folder: Path) -> None:
    """The list exports of meetings and currencies."""
    meetings = [
        {"ID": str(row["id"]), "Meeting Subject": "Demo", "Opportunity": str(row["opportunity_id"][0]),
         "Start": _cell("start", row["start"]), "Stop": _cell("stop", row["stop"]),
         "Duration": str(row["duration"])}
        for row in models["calendar.event"]
    ]  # fmt: skip
    rates = [{"Currency": row["name"], "Symbol": "", "Current Rate": str(row["rate"]), "Rounding Factor": "0.01"}
             for row in models["res.currency"]]  # fmt: skip
    (folder / "currencies.csv").write_text(csv_text(rates), encoding="utf-8")
    (folder / "meetings.csv").write_text(csv_text(meetings, delimiter=";"), encoding="utf-8")


NESTED_LABELS = {
    **LIST_LABELS, "partner_id": "Customer",
    **{f"x_{name}": name.replace("_", " ").capitalize() for name in CUSTOM},
}  # fmt: skip


def write_timed(models: Models, folder: Path) -> None:
    """The list export of a salesperson: all columns of the leads, their time by stage, messages without changes."""
    folder.mkdir(parents=True)
    messages: dict[int, list[Row]] = {}
    for message in sorted(models["mail.message"], key=lambda row: str(row["date"]), reverse=True):
        if message["model"] == LEAD_MODEL:
            messages.setdefault(message["res_id"], []).append(_nested(message, [])[0])
    rows: list[Row] = []
    for lead in models[LEAD_MODEL]:
        own = {"External ID": f"__export__.crm_lead_{lead['id']}_{lead['id']:08x}"}
        own |= {label: _cell(name, lead.get(name)) for name, label in NESTED_LABELS.items()}
        own["Status time"] = json.dumps(lead["duration_tracking"]) if "duration_tracking" in lead else ""
        posts = messages.get(lead["id"], [])
        rows += [{**own, **(posts[:1] or [{}])[0]}, *posts[1:]]
    (folder / "Lead (crm.lead).csv").write_text(csv_text(rows), encoding="utf-8")
    _write_lists_beside(models, folder)


TRACKED_LABELS = {
    "field_id": "Field", "old_value_integer": "Old Value Integer", "old_value_char": "Old Value Char",
    "old_value_float": "Old Value Float", "new_value_integer": "New Value Integer", "new_value_char": "New Value Char",
    "new_value_float": "New Value Float",
}  # fmt: skip


def write_nested(models: Models, folder: Path) -> None:
    """A list export with messages and their tracked changes: the first of each kind in the lead's own row.

    Messages come newest first. A message with several changes has the others in rows below it, without its date.
    """
    folder.mkdir(parents=True)
    changes: dict[int, list[Record]] = {}
    for row in models["mail.tracking.value"]:
        changes.setdefault(row["mail_message_id"][0], []).append(row)
    messages: dict[int, list[Row]] = {}
    for message in sorted(models["mail.message"], key=lambda row: str(row["date"]), reverse=True):
        if message["model"] == LEAD_MODEL:
            messages.setdefault(message["res_id"], []).extend(
                _nested(message, changes.get(message["id"], []))
            )
    rows: list[Row] = []
    for lead in models[LEAD_MODEL]:
        own = {"External ID": f"__export__.crm_lead_{lead['id']}_{lead['id']:08x}"}
        own |= {label: _cell(name, lead.get(name)) for name, label in NESTED_LABELS.items()}
        tags = [{"Tags/Tag Name": tag[1]} for tag in lead.get("tag_ids", [])]
        posts = messages.get(lead["id"], [])
        rows += [{**own, **(tags[:1] or [{}])[0], **(posts[:1] or [{}])[0]}, *tags[1:], *posts[1:]]
    (folder / "crm.lead.csv").write_text(csv_text(rows), encoding="utf-8")
    stages = [{"Stage Name": row["name"], "Sequence": str(row["sequence"]), "Is Won Stage?": str(row["is_won"]),
               "External ID": f"__export__.crm_stage_{row['id']}_0a"} for row in models["crm.stage"]]  # fmt: skip
    (folder / "crm.stage.csv").write_text(csv_text(stages), encoding="utf-8")
    _write_lists_beside(models, folder)


def _nested(message: Record, changes: list[Record]) -> list[Row]:
    shown = {**MESSAGE_LABELS, "subject": "Messages/Subject"}
    own = {label: _cell(name, message[name]) for name, label in shown.items()}
    if message["message_type"] == "comment":
        own["Messages/Author"] = "Mitchell Admin"
    tracked = [
        {
            f"Messages/Tracking values/{label}": _cell(name, row[name])
            for name, label in TRACKED_LABELS.items()
        }
        for row in changes
    ]
    return [own | (tracked[0] if tracked else {}), *tracked[1:]]


TYPE_LABELS = {"notification": "System notification", "email": "Email", "comment": "Comment"}


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "message_type":
        return TYPE_LABELS[value]
    if name == "expected_revenue":
        return f"{value:,.4f} €"
    if isinstance(value, tuple):
        return str(value[1])
    if isinstance(value, str) and value.endswith("Z") and len(value) == 20:
        return datetime.fromisoformat(value).strftime("%d/%m/%Y %H:%M:%S")
    return str(value)


SHAPES: Mapping[str, Callable[[Models, Path], None]] = {
    "api": write_api, "list": write_list, "nested": write_nested, "timed": write_timed, "warehouse": write_warehouse,
}  # fmt: skip


def export(world: World, shape: str, folder: Path) -> Models:
    """Writes one shape; returns the records."""
    models = database(world)
    SHAPES[shape](models, folder)
    return models
