"""The data folder of `make demo`: a simulated CRM with leaks and a target, and the same folder as on earlier days."""

import csv
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from history.config.schema import TABLES

LATEST_DAYS: Final = 365
MONTH_DAYS: Final = 30
LEAK_DAYS: Final = 90  # the leaks began so many days ago
FADING: Final = "referral"  # a source of which every second lead stays away
UNDERCUT: Final = "paid_search"  # a source of which three of four wins go to a cheaper competitor

Rows = list[dict[str, str]]


def plant_leaks(folder: Path, end: datetime) -> None:
    """Changes the leads of the last LEAK_DAYS before `end`: one source fades, another is lost on price."""
    start = _text(end - timedelta(days=LEAK_DAYS))
    leads = _read(folder / "leads.csv")
    recent = {
        source: [
            lead["lead_id"] for lead in leads if lead["source"] == source and lead["created_at"] >= start
        ]
        for source in (FADING, UNDERCUT)
    }
    gone, undercut = set(recent[FADING][::2]), set(recent[UNDERCUT])
    for table in TABLES:
        path = folder / f"{table}.csv"
        if path.exists():
            _write(path, [row for row in _read(path) if row.get("lead_id") not in gone])
    outcomes = _read(folder / "outcomes.csv")
    wins = [row for row in outcomes if row["outcome"] == "won" and row["lead_id"] in undercut]
    for number, row in enumerate(wins):
        if number % 4:
            row |= {"outcome": "lost", "amount": "", "reason": "price"}
    _write(folder / "outcomes.csv", outcomes)


def complete_settings(folder: Path, end: datetime) -> None:
    """Completes funnel.toml: a target of revenue a month, that of the last year up to `end` on average, and simulated
    sales people side by side."""
    start = _text(end - timedelta(days=LATEST_DAYS))
    wins = [
        row for row in _read(folder / "outcomes.csv") if row["outcome"] == "won" and row["closed_at"] >= start
    ]
    revenue = sum(float(row["amount"]) for row in wins if row["amount"])
    target = round(revenue * MONTH_DAYS / LATEST_DAYS, -3)
    path = folder / "funnel.toml"
    settings = path.read_text("utf-8")
    settings = settings.replace("[targets]\n", f"[targets]\nrevenue_per_month = {target:.0f}\n")
    path.write_text(f"{settings}\n[display]\ncompare_owners = true\n", "utf-8")


def month_start(moment: datetime, months: int) -> datetime:
    """The first instant of the month that lies so many months before that of `moment`."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def write_folder_as_of(folder: Path, out: Path, end: datetime) -> None:
    """Writes a simulated folder into `out` without the rows that happened or became known after `end`."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.copy(folder / "funnel.toml", out)
    last = _text(end)
    for table, layout in TABLES.items():
        path = folder / f"{table}.csv"
        if path.exists():
            times = (layout.own_time, "recorded_at")
            rows = [row for row in _read(path) if all(row.get(name, "") <= last for name in times)]
            _write(out / path.name, rows)


def _read(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _text(moment: datetime) -> str:
    """A UTC time as the simulator writes it; such texts are in the order of their times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
