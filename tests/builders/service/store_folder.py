"""A small data folder with the awkward cases of each table, and its way into and out of a store."""

import csv
from pathlib import Path
from typing import Any

from history.base.progress import no_progress
from history.read import read_as_stored, read_folder
from serving.store.store import Store
from serving.store.transfer.load import Loaded, load_history
from tests.builders.service.store_fakes import NOW_US

FAR_US = 7_258_118_400_000_000  # 2200: everything is visible

LEADS = [
    {
        "lead_id": "b",
        "created_at": "2026-01-02",
        "owner": "Ann",
        "source": "web",
        "n": "3.0",
        "note": 'a "quoted",\nline',
    },
    {
        "lead_id": "a",
        "created_at": "2026-01-01T10:00:00+02:00",
        "owner": "",
        "source": "",
        "n": "",
        "note": "Zoë",
    },
    {"lead_id": "=c", "created_at": "2026-02-01", "owner": "Bob", "source": "web", "n": "01", "note": ""},
]
TOUCH = {
    "lead_id": "a",
    "occurred_at": "2026-01-05T10:00:00Z",
    "kind": "call",
    "channel": "phone",
    "direction": "inbound",
    "value": "2.5",
    "interaction_id": "",
    "recorded_at": "",
}
TABLES: dict[str, list[dict[str, str]]] = {
    "leads": LEADS,
    "interactions": [
        TOUCH,
        TOUCH,  # equal rows without an id are two
        {**TOUCH, "kind": "email", "interaction_id": "i1"},
        {**TOUCH, "kind": "email", "interaction_id": "i1", "recorded_at": "2026-01-04T00:00:00Z"},
        {**TOUCH, "lead_id": "b", "interaction_id": "i1", "value": "", "recorded_at": "2026-03-01T00:00:00Z"},
        {**TOUCH, "lead_id": "b", "occurred_at": "2025-12-24"},
    ],
    "stages": [
        {"lead_id": "a", "entered_at": "2026-01-06", "stage": "new", "recorded_at": ""},
        {"lead_id": "a", "entered_at": "2026-01-06", "stage": "offer", "recorded_at": "2026-01-09"},
    ],
    "outcomes": [
        {
            "lead_id": "a",
            "outcome": "won",
            "closed_at": "2026-02-01",
            "amount": "10.5",
            "reason": "",
            "recorded_at": "",
        },
        {
            "lead_id": "a",
            "outcome": "open",
            "closed_at": "2026-02-02",
            "amount": "",
            "reason": "back",
            "recorded_at": "",
        },
        {
            "lead_id": "b",
            "outcome": "lost",
            "closed_at": "",
            "amount": "",
            "reason": "price",
            "recorded_at": "2026-03-03",
        },
        {"lead_id": "=c", "outcome": "lost", "closed_at": "", "amount": "", "reason": "", "recorded_at": ""},
        {"lead_id": "=c", "outcome": "open", "closed_at": "", "amount": "", "reason": "", "recorded_at": ""},
    ],
    "attribute_changes": [
        {"lead_id": "a", "changed_at": "2026-01-10", "attribute": "owner", "value": "Bob", "recorded_at": ""},
        {
            "lead_id": "a",
            "changed_at": "2026-01-12",
            "attribute": "owner",
            "value": "",
            "recorded_at": "2026-01-20",
        },
    ],
    "costs": [{"period_start": "2026-01-01", "amount": "100", "channel": "ads", "source": ""}],
}


def write_folder(folder: Path, tables: dict[str, list[dict[str, str]]]) -> Path:
    """Writes the tables that have rows as CSV files."""
    folder.mkdir()
    for name, rows in tables.items():
        if rows:
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    return folder


def read(folder: Path, as_of_us: int = FAR_US) -> Any:
    """The folder's History as visible at as_of_us."""
    return read_folder(folder, as_of_us=as_of_us, now_us=NOW_US)


def load(store: Store, folder: Path) -> Loaded:
    """Loads the folder into the store."""
    return load_history(store.engine, read_as_stored(folder, NOW_US), store.now_us, no_progress)
