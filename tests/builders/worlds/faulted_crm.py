"""A CRM with a fault of nearly every rule in each of its tables, and whether histories are equal to the last bit."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from history.history import History
from history.snapshot import take_leads

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def changed(folder: Path, table: str, change: Callable[[list[Row]], list[Row]]) -> None:
    """Rewrites a table of the folder."""
    path = folder / f"{table}.csv"
    write_rows(path, change(read_rows(path)))


def faulted_crm(crm: Path, folder: Path) -> Path:
    """A copy of the CRM with faults in all tables."""
    shutil.copytree(crm, folder)
    shutil.rmtree(folder / "truth")
    changed(folder, "leads", _leads)
    changed(folder, "interactions", _interactions)
    changed(folder, "stages", _stages)
    changed(folder, "outcomes", _outcomes)
    changed(folder, "attribute_changes", _changes)
    changed(folder, "costs", lambda rows: [*rows, {**rows[0], "amount": "much"}])
    with (folder / "stages.csv").open("a", encoding="utf-8") as file:
        file.write("L0000003,2025-12-01,too,many,values,here\nL0000300,x\n")
    return folder


def _leads(rows: list[Row]) -> list[Row]:
    for i in range(0, len(rows), 3):
        rows[i]["country"] = f" {rows[i]['country'].lower()} "
    for i in (20, 120, 220):
        rows[i]["created_at"] = ("", "yesterday", "1971-03-04")[i // 100]
    rows[7]["lead_id"] = rows[7]["lead_id"].lower()
    copies = [{**rows[i], "source": "copied"} for i in (5, 105, 205, 305)]
    return [*rows, *copies, {**rows[9], "lead_id": ""}, {**rows[11], "lead_id": "  00042.0"}]


def _interactions(rows: list[Row]) -> list[Row]:
    n = len(rows)
    for i in range(0, n, 17):
        rows[i]["kind"] = rows[i]["kind"].upper()
    for i in range(0, n, 97):
        rows[i]["occurred_at"] = f"{1 + i % 12}/{1 + i % 28}/2025 2:05 PM"
    for i in range(5, n, 301):
        rows[i]["value"] = ("1.234,50", "7", "2.345", "free")[i % 4]
    for i in range(8, n, 401):
        rows[i]["lead_id"] = rows[i]["lead_id"].lower()
    for i in range(9, n, 503):
        rows[i]["lead_id"] = ("nobody", "42", "0042", "", "42.0")[i % 5]
    for i in range(11, n, 211):
        rows[i]["interaction_id"] = rows[i - 1]["interaction_id"]
    for i in range(13, n, 307):
        rows[i]["direction"] = "sideways"
    rows[30]["recorded_at"], rows[31]["occurred_at"] = "2031-01-01", "2030-05-05"
    return rows


def _stages(rows: list[Row]) -> list[Row]:
    n = len(rows)
    for i in range(0, n, 11):
        rows[i]["stage"] = rows[i]["stage"].title() + " "
    for i in range(3, n, 50):
        rows[i]["stage"] = ("Closed Won", "Closed Lost", "demo", "")[i % 4]
    rows[8]["entered_at"] = "2001-01-01"
    return rows


def _outcomes(rows: list[Row]) -> list[Row]:
    rows = [{**row, "merged_into": ""} for row in rows]
    ids = sorted(row["lead_id"] for row in rows)
    blank = dict.fromkeys(rows[0], "")
    for i in (40, 41, 42, 43):
        rows[i]["amount"] = ("-5", "12 apples", "3.500,00", "1.234")[i - 40]
    for i in range(50, len(rows), 13):
        rows[i]["closed_at"] = ""
    rows[44]["closed_at"], rows[45]["outcome"] = "2032-01-01", "perhaps"
    merges = [(3, 60), (60, 61), (62, 62), (100, 7)]
    rows += [
        {**blank, "lead_id": ids[one], "outcome": "merged", "merged_into": ids[other]}
        for one, other in merges
    ]
    rows += [{**blank, "lead_id": "elsewhere", "outcome": "merged", "merged_into": ids[12]}]
    rows += [{**blank, "lead_id": ids[14], "outcome": "merged", "merged_into": "gone too"}]
    return [*rows, *({**blank, "lead_id": ids[i], "outcome": "deleted"} for i in (70, 71, 90))]


def _changes(rows: list[Row]) -> list[Row]:
    ids = sorted({row["lead_id"] for row in rows})
    blank = {**dict.fromkeys(rows[0], ""), "changed_at": rows[-1]["changed_at"]}
    for place, lead_id in enumerate(ids[:60]):
        mine = {**blank, "lead_id": lead_id}
        rows.append({**mine, "attribute": "Land", "value": ("FR", "DE", "GB", "US")[place % 4]})
        rows.append({**mine, "attribute": "Lead Source", "value": "events"})
        rows.append({**mine, "attribute": "contry", "value": "FR"})
        rows += [{**mine, "attribute": "industry", "value": value} for value in ("retail", f"{place:03}")]
    return rows


def check_same(one: Any, other: Any, where: str = "") -> None:
    """Fails unless both are equal to the last bit."""
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes()), where
    elif is_dataclass(one):
        for field in fields(one):
            check_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for key in one:
            check_same(one[key], other[key], f"{where}.{key}")
    elif one is None or isinstance(one, str | int | float | tuple):
        assert one == other, where
    else:
        assert list(one) == list(other), where


def of_leads(history: History, lead_ids: list[str]) -> History:
    """What a history has of some leads, without what it has beside them.

    A history in which `settled` would say what `outcomes` does has none.
    """
    place = {lead_id: i for i, lead_id in enumerate(history.lead_ids)}
    order = np.array([place[lead_id] for lead_id in lead_ids], dtype=np.int64)
    own = take_leads(history, order)
    return replace(own, settled=own.decisions, reports={}, warnings=(), costs=None)
