"""The data folder of `make demo`: a simulated CRM with a target, and the same folder as it was on earlier days."""

import csv
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from history.config.schema import TABLES

AMBITION: Final = 1.1  # the target as a multiple of the latest revenue a month
LATEST_DAYS: Final = 90
MONTH_DAYS: Final = 30

Rows = list[dict[str, str]]


def complete_settings(folder: Path, end: datetime) -> None:
    """Completes funnel.toml: a target of revenue a month, a little above that of the latest months up to `end`, and
    simulated sales people side by side."""
    start = _text(end - timedelta(days=LATEST_DAYS))
    wins = [
        row for row in _read(folder / "outcomes.csv") if row["outcome"] == "won" and row["closed_at"] >= start
    ]
    revenue = sum(float(row["amount"]) for row in wins if row["amount"])
    target = round(AMBITION * revenue * MONTH_DAYS / LATEST_DAYS, -3)
    path = folder / "funnel.toml"
    settings = path.read_text("utf-8")
    settings = settings.replace("[targets]\n", f"[targets]\nrevenue_per_month = {target:.0f}\n")
    path.write_text(f"{settings}\n[display]\ncompare_owners = true\n", "utf-8")


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
