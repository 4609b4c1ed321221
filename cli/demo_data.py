"""The data folder of `make demo`: a simulated CRM with a target, and the same folder as it was on earlier days."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from history.schema import TABLES

AMBITION: Final = 1.1  # the target as a multiple of the latest revenue a month
LATEST_DAYS: Final = 90
MONTH_DAYS: Final = 30


def set_revenue_target(folder: Path, end: datetime) -> None:
    """Writes a target of revenue a month into funnel.toml, a little above that of the latest months up to `end`."""
    outcomes = _read(folder / "outcomes.csv")
    recent = outcomes[outcomes["closed_at"] >= _text(end - timedelta(days=LATEST_DAYS))]
    revenue = pd.to_numeric(recent.loc[recent["outcome"] == "won", "amount"]).sum()
    target = round(AMBITION * revenue * MONTH_DAYS / LATEST_DAYS, -3)
    path = folder / "funnel.toml"
    settings = path.read_text("utf-8")
    path.write_text(
        settings.replace("[targets]\n", f"[targets]\nrevenue_per_month = {target:.0f}\n"), "utf-8"
    )


def write_folder_as_of(folder: Path, out: Path, end: datetime) -> None:
    """Writes a simulated folder into `out` without the rows that happened or became known after `end`."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.copy(folder / "funnel.toml", out)
    for table, layout in TABLES.items():
        if not (folder / f"{table}.csv").exists():
            continue
        rows = _read(folder / f"{table}.csv")
        for column in {layout.own_time, "recorded_at"} & set(rows.columns):
            rows = rows[rows[column] <= _text(end)]
        rows.to_csv(out / f"{table}.csv", index=False)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _text(moment: datetime) -> str:
    """A UTC time as the simulator writes it; such texts are in the order of their times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
