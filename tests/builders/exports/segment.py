"""Segment and RudderStack exports of one simulated CRM: raw calls as JSON Lines, and the tables of a warehouse."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.persons.rows import slug
from tests.builders.exports.event_stream import LOST, STAGE_EVENTS, Event, Stream, stream
from tests.builders.exports.simulated_crm import World, csv_text, shifted, sql_time

OPTIONS: dict[str, Any] = {"stages": tuple(STAGE_EVENTS.values()), "lost": (LOST,)}
SHAPES = ("calls", "warehouse")


def export(world: World, shape: str, folder: Path, currencies: bool = False) -> Stream:
    """Writes one shape; returns the stream."""
    made = stream(world, currencies)
    write(made, shape, folder)
    return made


def write(made: Stream, shape: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    if shape == "calls":
        write_calls(made, folder)
    else:
        write_warehouse(made, folder)


def write_calls(made: Stream, folder: Path) -> None:
    """Two files of raw calls, as a bucket holds them; the second one as a RudderStack dump, without `timestamp`."""
    half = len(made.events) // 2
    for name, events in (("raw-1.json", made.events[:half]), ("rudder-2.jsonl", made.events[half:])):
        lines = [json.dumps(call(event, stated=name == "raw-1.json")) for event in events]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "README.md").write_text("Not a table.\n", encoding="utf-8")


def call(event: Event, stated: bool) -> dict[str, Any]:
    """A raw call; the device's clock is wrong by `skew`, and only the sent and received times tell."""
    sent = shifted(event.at, timedelta(seconds=event.skew))
    late = timedelta(seconds=seconds_between(event.at, event.recorded))
    context: dict[str, Any] = {
        "userAgent": event.agent,
        "library": {"name": "analytics.js", "version": "5.1"},
    }
    if event.source:
        context["campaign"] = {"source": event.source, "medium": "cpc"}
    if event.properties.get("account"):
        context["groupId"] = event.properties["account"]
    record: dict[str, Any] = {
        "type": event.kind, "messageId": event.id, "anonymousId": event.visitor, "userId": event.user or None,
        "channel": "browser", "context": context, "originalTimestamp": millis(sent),
        "sentAt": millis(shifted(sent, late)), "receivedAt": millis(event.recorded),
    }  # fmt: skip
    if stated:
        record["timestamp"] = millis(event.at)
    if event.kind == "identify":
        record["traits"] = {name: typed(value) for name, value in event.traits.items()}
    else:
        properties = {name: typed(value) for name, value in event.properties.items() if value}
        record["properties"] = properties | ({"is_test": True} if event.is_test else {})
        record["event" if event.kind == "track" else "name"] = event.name
        if event.name == "Order Completed":
            products = [{"name": "Chair", "url": "/chair", "price": 5}, {"name": "Desk", "price": 7.5}]
            record["properties"]["products"] = products
    return record


def typed(value: str) -> Any:
    """A number or boolean as JSON has it."""
    if value in ("true", "false"):
        return value == "true"
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number


def millis(text: str) -> str:
    return text.replace("Z", ".000Z")


def seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def write_warehouse(made: Stream, folder: Path) -> None:
    """identifies, users, pages, tracks, groups and one table an event, columns in snake case."""
    tables: dict[str, list[dict[str, str]]] = {
        "identifies": [],
        "pages": [],
        "tracks": [],
        "groups": [],
        "users": [],
    }
    traits: dict[str, dict[str, str]] = {}
    for event in made.events:
        base = warehouse_row(event)
        if event.kind == "identify":
            tables["identifies"].append({**base, **event.traits})
            traits.setdefault(event.user, {}).update(event.traits | {"received_at": base["received_at"]})
            if event.properties.get("account"):
                tables["groups"].append(
                    {**base, "id": f"{event.id}-group", "group_id": event.properties["account"]}
                )
        elif event.kind == "page":
            tables["pages"].append(
                {**base, "name": event.name, "path": "/", "url": "https://x.example/", "title": "Home"}
            )
        else:
            own = base | {"event": slug(event.name), "event_text": event.name}
            tables["tracks"].append(own)
            tables.setdefault(slug(event.name), []).append(
                own | event.properties | ({"is_test": "true"} if event.is_test else {})
            )
    tables["users"] = [
        {"id": user, **values, "uuid_ts": values["received_at"]} for user, values in traits.items()
    ]
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")


def warehouse_row(event: Event) -> dict[str, str]:
    return {
        "id": event.id, "received_at": sql_time(event.recorded), "sent_at": sql_time(event.at),
        "original_timestamp": sql_time(event.at), "timestamp": sql_time(event.at), "user_id": event.user,
        "anonymous_id": event.visitor, "context_user_agent": event.agent, "context_campaign_source": event.source,
        "context_library_name": "analytics.js", "uuid_ts": sql_time(event.recorded),
    }  # fmt: skip
