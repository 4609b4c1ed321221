"""GA4 exports of one simulated CRM: BigQuery rows as JSON Lines, as nested Parquet, and flattened to CSV."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.builders.exports.event_stream import LOST, WON, Event, Stream, stream
from tests.builders.exports.segment import seconds_between, typed
from tests.builders.exports.simulated_crm import RATES, World, csv_text

STAGE_NAMES = {
    "new": "generate_lead",
    "qualified": "qualify_lead",
    "proposal": "working_lead",
    "negotiation": "negotiation_started",
}
OPTIONS: dict[str, Any] = {"stages": tuple(STAGE_NAMES.values())[1:]}
NAMES = {
    "Lead Qualified": "qualify_lead", "Proposal Sent": "working_lead", "Negotiation Started": "negotiation_started",
    "Home": "page_view",
}  # fmt: skip
SHAPES = ("jsonl", "parquet", "csv")
TEXT_SHAPES = ("jsonl", "csv")


def without_returns(world: World) -> World:
    """The world without returns to the first stage, for which GA4 has no event."""
    stages, last = [], dict[str, str]()
    for row in sorted(world.stages, key=lambda row: row["entered_at"]):
        if row["lead_id"] in last and (row["stage"] == "new" or _stays(world, row, last[row["lead_id"]])):
            continue
        last[row["lead_id"]] = row["stage"]
        stages.append(row)
    return replace(world, stages=stages)


def _stays(world: World, row: Mapping[str, str], last: str) -> bool:
    """Whether a stage entry changes nothing: the same stage, and no loss in between."""
    reopens = any(
        o["lead_id"] == row["lead_id"] and o["closed_at"] == row["entered_at"] for o in world.outcomes
    )
    return row["stage"] == last and not reopens


def export(world: World, shape: str, folder: Path, currencies: bool = False) -> Stream:
    """Writes one shape; returns the stream."""
    made = stream(world, currencies)
    made = replace(made, events=[event for event in made.events if "bot" not in event.agent])
    made.set_aside.pop("robot")
    write(made, shape, folder)
    return made


def write(made: Stream, shape: str, folder: Path) -> None:
    """A daily and an intraday table."""
    folder.mkdir(parents=True)
    rows = [record(event) for event in made.events]
    half = len(rows) // 2
    for name, part in (("events_20260101", rows[:half]), ("events_intraday_20260102", rows[half:])):
        if shape == "jsonl":
            text = "\n".join(json.dumps(row) for row in part) + "\n"
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        elif shape == "parquet":
            pq.write_table(pa.Table.from_pylist(part), folder / f"{name}.parquet")
        else:
            (folder / f"{name}.csv").write_text(csv_text(map(flattened, part)), encoding="utf-8")


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def record(event: Event) -> dict[str, Any]:
    """A row of the export; whole numbers are texts, as BigQuery writes them in JSON."""
    name = _name(event)
    parameters: dict[str, Any] = {
        "ga_session_id": 1_700_000_000 + hash_of(event.visitor) % 1000,
        "page_location": "https://x.example/",
    }
    value = event.properties.get("revenue") or event.properties.get("value")
    revenue, in_usd = None, None
    if value:
        parameters["value"] = float(value)
    if code := event.properties.get("currency"):
        parameters["currency"] = code
        in_usd = float(value or 0) / RATES[code] * RATES["USD"]
        revenue = float(value or 0) if name == "purchase" else None
    if event.properties.get("reason"):
        parameters["disqualified_lead_reason"] = event.properties["reason"]
    if event.is_test:
        parameters["debug_mode"] = 1
    said: dict[str, Any] = {name: typed(text) for name, text in event.traits.items() if name != "email"}
    if event.properties.get("account"):
        said["account_id"] = event.properties["account"]
    late = int(seconds_between(event.at, event.recorded)) * 1_000_000
    return {
        "event_date": event.at[:10].replace("-", ""), "event_timestamp": str(micros(event.at)), "event_name": name,
        "event_params": [pair(key, item) for key, item in parameters.items()],
        "event_value_in_usd": in_usd, "event_bundle_sequence_id": str(hash_of(event.id)),
        "event_server_timestamp_offset": str(late), "user_id": event.user or None, "user_pseudo_id": event.visitor,
        "user_properties": [pair(key, item) for key, item in said.items()],
        "user_ltv": {"revenue": 5.0, "currency": "USD"}, "device": {"category": "mobile", "language": "de"},
        "geo": {"country": "Germany", "city": "Berlin"}, "traffic_source": {"source": "restated", "medium": "x"},
        "collected_traffic_source": {"manual_source": event.source or None, "manual_medium": None}, "platform": "WEB",
        "ecommerce": {
            "purchase_revenue": revenue, "purchase_revenue_in_usd": in_usd if revenue is not None else None,
            "transaction_id": "(not set)",
        },
        "items": [{"item_id": "1", "item_name": "Chair"}] if name == "purchase" else [],
    }  # fmt: skip


def hash_of(text: str) -> int:
    """A number of a text that is the same in every process."""
    return int(sum(ord(letter) * 31**place for place, letter in enumerate(text)) % 1_000_000_007)


def _name(event: Event) -> str:
    number = hash_of(event.user) % 2
    if event.name == WON:
        return "purchase" if number else "close_convert_lead"
    if event.name == LOST:
        return "disqualify_lead" if number else "close_unconvert_lead"
    if event.kind == "identify":
        return "generate_lead" if event.id.endswith("-created") else "user_engagement"
    return NAMES.get(event.name, event.name.lower().replace(" ", "_"))


def pair(key: str, item: Any) -> dict[str, Any]:
    """A parameter with the one value of its type."""
    value: dict[str, Any] = {
        "string_value": None,
        "int_value": None,
        "float_value": None,
        "double_value": None,
    }
    kind = (
        "double_value"
        if isinstance(item, float)
        else "int_value"
        if isinstance(item, int)
        else "string_value"
    )
    kind = "string_value" if isinstance(item, bool) else kind
    value[kind] = (
        item if kind == "double_value" else str(item).lower() if isinstance(item, bool) else str(item)
    )
    return {"key": key, "value": value}


def flattened(row: Mapping[str, Any]) -> dict[str, str]:
    """One level, as a query writes it for CSV."""
    flat: dict[str, str] = {}
    for name, value in row.items():
        if name in ("event_params", "user_properties"):
            for entry in value:
                filled = next(item for item in entry["value"].values() if item is not None)
                flat[f"{name}.{entry['key']}"] = str(filled)
        elif isinstance(value, dict):
            flat |= {f"{name}_{key}": str(item) for key, item in value.items() if item is not None}
        elif not isinstance(value, list):
            flat[name] = "" if value is None else str(value)
    return flat
