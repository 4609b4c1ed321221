"""Amplitude exports of one simulated CRM: the Export API's archive of pages, and CSV with JSON in its cells."""

import gzip
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.builders.exports.event_stream import LOST, STAGE_EVENTS, WON, Event, Stream, stream
from tests.builders.exports.segment import seconds_between, typed
from tests.builders.exports.simulated_crm import World, csv_text, shifted, sql_time

OPTIONS: dict[str, Any] = {"stages": tuple(STAGE_EVENTS.values()), "lost": (LOST,)}
SHAPES = ("archive", "csv", "pages")
TEXT_SHAPES = ("csv", "pages")
PAGES = 3
ROBOT_FAMILY = "Spider"


def export(world: World, shape: str, folder: Path, currencies: bool = False) -> Stream:
    """Writes one shape; returns the stream."""
    made = stream(world, currencies)
    write(made, shape, folder)
    return made


def write(made: Stream, shape: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    records = [*_records(made)]
    merges = [
        {
            "amplitude_id": str(old),
            "merged_amplitude_id": str(new),
            "merge_event_time": at,
            "merge_server_time": at,
        }
        for old, new, at in _merges(made)
    ]
    (folder / "merge_ids.csv").write_text(csv_text(merges), encoding="utf-8")
    if shape == "archive":
        with zipfile.ZipFile(folder / "export.zip", "w") as archive:
            for page in range(PAGES):
                lines = "\n".join(map(json.dumps, records[page::PAGES])) + "\n"
                archive.writestr(f"187520/187520_2026-01-01_{page}#1.json.gz", gzip.compress(lines.encode()))
        return
    if shape == "pages":
        for page in range(PAGES):
            lines = "\n".join(map(json.dumps, records[page::PAGES])) + "\n"
            (folder / f"187520_2026-01-01_{page}.json").write_text(lines, encoding="utf-8")
        return
    cells = [
        {
            name: json.dumps(value) if isinstance(value, dict) else str(value or "")
            for name, value in record.items()
        }
        for record in records
    ]
    (folder / "events.csv").write_text(csv_text(cells), encoding="utf-8")


def amplitude_id(event: Event) -> int:
    """That of the user, for whom Amplitude joins the devices; a visitor's own before the first login."""
    if event.user.startswith("user-"):
        return int(event.user.split("-")[1])
    number = int(event.visitor.split(".")[0])
    device, lead = divmod(number, 10_000_000)
    if device in (1, 2) and event.id.startswith("early") and lead % 2:
        return 5_000_000 + lead
    return lead if device in (1, 2) else 9_000_000 + number


def _merges(made: Stream) -> list[tuple[int, int, str]]:
    """The ids of early visits that became those of users: old, new, and when."""
    created = {event.user: event.at for event in made.events if event.id.endswith("-created")}
    merges = []
    for event in made.events:
        own = amplitude_id(event)
        if 5_000_000 < own < 9_000_000:
            merges.append((own, own - 5_000_000, sql_time(created[f"user-{own - 5_000_000}"])))
    return merges


def _records(made: Stream) -> list[dict[str, Any]]:
    """Every event with the user's properties at that time."""
    properties: dict[str, dict[str, str]] = {}
    accounts: dict[str, str] = {}
    by_time = {}
    for event in sorted(made.events, key=lambda event: event.at):
        if event.user:
            properties.setdefault(event.user, {}).update(event.traits)
            if account := event.properties.get("account"):
                accounts[event.user] = account
        by_time[id(event)] = (dict(properties.get(event.user, {})), accounts.get(event.user))
    return [record(event, *by_time[id(event)]) for event in made.events]


def record(event: Event, traits: dict[str, str], account: str | None) -> dict[str, Any]:
    client = shifted(event.at, timedelta(seconds=event.skew))
    upload = shifted(client, timedelta(seconds=seconds_between(event.at, event.recorded)))
    names = {"identify": "$identify", "page": "[Amplitude] Page Viewed"}
    values = {name: typed(value) for name, value in event.properties.items() if value and name != "account"}
    if event.name == WON:
        values["$revenue"] = values.pop("revenue", None)
        values["products"] = [{"name": "Chair", "price": 5}]
    said: dict[str, Any] = {name: typed(value) for name, value in traits.items()}
    if event.source:
        said["initial_utm_source"] = event.source
    if event.is_test:
        said["is_test"] = True
    return {
        "$insert_id": event.id, "uuid": f"uuid-{event.id}", "amplitude_id": amplitude_id(event),
        "user_id": event.user or None, "device_id": event.visitor, "event_type": names.get(event.kind, event.name),
        "event_time": micros(event.at), "client_event_time": micros(client), "client_upload_time": micros(upload),
        "server_received_time": micros(event.recorded), "server_upload_time": micros(event.recorded),
        "processed_time": micros(shifted(event.recorded, timedelta(seconds=30))), "event_properties": values,
        "user_properties": said, "groups": {"company": [account]} if account else {}, "platform": "Web",
        "country": "Germany", "paying": event.name == WON or None, "session_id": 1_700_000_000_000,
        "device_family": ROBOT_FAMILY if "bot" in event.agent else "Chrome", "$schema": 12,
    }  # fmt: skip


def micros(text: str) -> str:
    return sql_time(text) + ".000000"
