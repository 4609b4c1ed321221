"""Writes a synthetic CRM in the data folder's format, with each open lead's true chance and amount month by month."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from history.base.arrays import Floats, Ints
from history.base.errors import InvalidInput
from history.base.progress import Progress, no_progress
from history.text.times import DAY_US
from simulation.lead_columns import Columns, lead_ids, times
from simulation.leads import Batch, expected_amount, lead_batch
from simulation.leaks import Planted, plant
from simulation.process import paths, win_chance
from simulation.rows import Events, attribute_changes, closings, interactions, outcomes, stages
from simulation.world import (
    EPOCH,
    HORIZON_DAYS,
    SOURCES,
    STAGE_NAMES,
    World,
    build_world,
    uniform,
)

DEFAULT_END = date(2026, 6, 30)
EARLIEST_END, LATEST_END = date(2000, 12, 31), date(2058, 12, 31)
PIECE_LEADS = 20_000
MOST_LEADS, MOST_MONTHS = 10_000_000, 120

FUNNEL_TOML = """\
[funnel]
name = "Simulated new business"
currency = "EUR"
timezone = "UTC"
horizon_days = {horizon}
stages = [{stages}]

[funnel.groups]
top = ["new"]
middle = ["qualified"]
bottom = ["proposal", "negotiation"]

[attributes]
sensitive = ["age_group"]

[targets]
win_rate = 0.25
cycle_time_days = 45
response_time_hours = 24
"""


def simulate(
    out: Path,
    *,
    leads: int = 4000,
    months: int = 18,
    end: date | datetime | None = None,
    seed: int = 0,
    leak: bool = False,
    progress: Progress | None = None,
    piece_leads: int = PIECE_LEADS,
) -> None:
    """Writes `leads` leads, created in the `months` months up to `end`, into the folder `out`, the truth in out/truth.

    end is the last whole day (UTC) in which rows exist, or an instant after which none do; without it DEFAULT_END.
    Equal arguments give equal files, whatever piece_leads, which bounds memory. Raises InvalidInput for a full `out`.
    """
    report = progress or no_progress
    day, cut_us = _last(end)
    _check(out, leads, months, seed, day)
    world = build_world(seed, leads, months, day, cut_us)
    with _folder(out) as folder:
        _write_world(folder, world, leak, piece_leads, report)
    report("simulated", 1.0)


def _check(out: Path, leads: int, months: int, seed: int, last: date) -> None:
    problems = []
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        problems.append(f"{out} is not an empty folder: name a new one, or empty it first")
    for name, value, low, high in (("leads", leads, 1, MOST_LEADS), ("months", months, 1, MOST_MONTHS)):
        if not low <= value <= high:
            problems.append(f"{name} must lie between {low} and {high}, got {value}")
    if not EARLIEST_END <= last <= LATEST_END:
        problems.append(f"end must lie between {EARLIEST_END} and {LATEST_END}, got {last}")
    if seed < 0:
        problems.append(f"seed must be 0 or more, got {seed}")
    if problems:
        raise InvalidInput(problems)


def _last(end: date | datetime | None) -> tuple[date, int]:
    """The last day, and the last instant of it in microseconds; a datetime without an offset is UTC."""
    if not isinstance(end, datetime):
        day = end or DEFAULT_END
        return day, ((day - EPOCH).days + 1) * DAY_US
    naive = end if end.tzinfo is None else (end - (end.utcoffset() or timedelta())).replace(tzinfo=None)
    since = naive - datetime.combine(EPOCH, datetime.min.time())
    return naive.date(), since // timedelta(microseconds=1)


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out` that takes its name when all is written, and goes away when something fails."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.parent / f".{out.name}.{uuid.uuid4().hex[:8]}.partial"
    (partial / "truth").mkdir(parents=True)
    try:
        yield partial
        os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_world(folder: Path, world: World, leak: bool, piece_leads: int, report: Progress) -> None:
    stage_list = ", ".join(f'"{name}"' for name in STAGE_NAMES)
    (folder / "funnel.toml").write_text(
        FUNNEL_TOML.format(horizon=HORIZON_DAYS, stages=stage_list), encoding="utf-8"
    )
    arrivals = np.zeros((_month(world.last_day) + 1, len(SOURCES)), dtype=np.int64)
    for start in range(0, world.leads, piece_leads):
        report("simulating leads", start / world.leads)
        index = np.arange(start, min(start + piece_leads, world.leads), dtype=np.int64)
        batch = lead_batch(world, index)
        planted = _write_piece(folder, world, batch, leak)
        months = np.array([_month(d) for d in batch.starts.day.tolist()], dtype=np.int64)
        np.add.at(arrivals, (months, batch.source), 1)
    _append(folder / "costs.csv", _costs(world, arrivals))
    if leak:
        text = json.dumps({"leaks": [{"column": p.column, "how": p.how} for p in planted]}, indent=2)
        (folder / "truth" / "leaks.json").write_text(text + "\n", encoding="utf-8")


def _write_piece(folder: Path, world: World, batch: Batch, leak: bool) -> tuple[Planted, ...]:
    found, states = _run(world, batch)
    events = Events(world, batch, found)
    changes = attribute_changes(events)
    columns = dict(batch.columns)
    planted: tuple[Planted, ...] = ()
    if leak:
        planted, changes = plant(events, closings(events), columns, changes)
    _append(folder / "leads.csv", columns)
    _append(folder / "interactions.csv", interactions(events))
    _append(folder / "stages.csv", stages(events))
    _append(folder / "outcomes.csv", outcomes(events))
    _append(folder / "attribute_changes.csv", changes)
    _append(folder / "truth" / "leads.csv", _truth(world, batch, states))
    return planted


def _run(world: World, batch: Batch) -> tuple[Ints, Ints]:
    """The events (m, 4) of a batch in order of lead and time, and the states (n, months) at the months' starts."""
    states = np.full((len(batch.index), len(world.months)), -1, dtype=np.int64)
    events = np.zeros((len(batch.index) * 24 + 64, 4), dtype=np.int64)
    count = paths(batch.starts, world.tables, world.calendar, world.last_day, events, states)
    if count > len(events):
        events = np.zeros((count, 4), dtype=np.int64)
        paths(batch.starts, world.tables, world.calendar, world.last_day, events, states)
    return events[:count], states


def _truth(world: World, batch: Batch, states: Ints) -> Columns:
    chance: Floats = win_chance(
        batch.starts, world.tables, world.calendar, states, (world.months, HORIZON_DAYS)
    )
    lead, month = np.nonzero(states >= 0)
    probability = chance[lead, month]
    amount = expected_amount(batch.log_amount)[lead]
    return {
        "lead_id": lead_ids(batch.index[lead]),
        "as_of": times(world.months[month] * DAY_US),
        "probability": [f"{p:.8f}" for p in probability.tolist()],
        "expected_amount": [f"{a:.2f}" for a in amount.tolist()],
        "expected_revenue": [f"{r:.4f}" for r in (probability * amount).tolist()],
    }


def _month(day: int) -> int:
    when = EPOCH + timedelta(days=day)
    return when.year * 12 + when.month - 1


def _costs(world: World, arrivals: Ints) -> Columns:
    """What each source cost in each month: its usual price a lead, give or take a fifth."""
    month, source = np.nonzero(arrivals)
    swing = 0.8 + 0.4 * uniform(world.seed, "cost", month * len(SOURCES) + source)
    amount = arrivals[month, source] * np.array([entry.cost for entry in SOURCES])[source] * swing
    return {
        "period_start": [date(m // 12, m % 12 + 1, 1).isoformat() for m in month.tolist()],
        "source": [SOURCES[s].name for s in source.tolist()],
        "amount": [f"{a:.2f}" for a in amount.tolist()],
    }


def _append(path: Path, columns: Columns) -> None:
    """Adds rows to a CSV file, with the header where it is new; missing values are empty."""
    new = not path.exists()
    table = pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
    quoting = "needed" if path.name == "leads.csv" and "company" in columns else "none"
    with path.open("ab") as file:
        if new:
            file.write((",".join(columns) + "\n").encode())
        pa.csv.write_csv(table, file, pa.csv.WriteOptions(include_header=False, quoting_style=quoting))
