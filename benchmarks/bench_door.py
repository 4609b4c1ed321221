"""Input: a million interactions read from CSV and validated, and request records read to a History.

Makes its own data. Checks that both ways in read the same interactions before it measures.

    python -m benchmarks.bench_door [--rows 1000000]
"""

import tempfile
import timeit
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data.random_folder import KINDS, write_folder
from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine, peak_mb, timed
from history.config.config import FunnelConfig
from history.history import History
from history.read import read_folder, read_records
from history.snapshot import cut
from history.text.times import DAY_US

INTERACTION_COLUMNS = (
    *("lead_id", "occurred_at", "kind", "interaction_id"),
    *("recorded_at", "channel", "direction", "value"),
)
CALLS = ((1, 200, 30), (1000, 9, 1))  # leads a call, repeats, calls a repeat


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="interactions in the folder")
    options = parser.parse_args()
    note(machine())
    report(comparisons(options.rows), options.json)


def comparisons(rows: int) -> Iterator[Comparison]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, rows)
        history = yield from compare_folder(folder, rows)
    as_of_us = history.as_of_us + 1000 * DAY_US
    for leads, repeats, calls in CALLS:
        yield compare_records(leads, repeats, calls, as_of_us)


def compare_folder(folder: Path, rows: int) -> Generator[Comparison, None, History]:
    """One read of a folder, imports included, as a command pays it; returns what was read."""
    megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    peak_before = peak_mb()
    histories: list[History] = []
    timing = timed(lambda: histories.append(read_folder(folder)))
    (history,) = histories
    peak = peak_mb()
    check_equal(history, folder)
    note(f"folder: {rows:,} interactions of {len(history):,} leads, {megabytes:.0f} MB of CSV, 8 columns")
    note(
        f"  peak memory {peak:.0f} MB ({peak_before:.0f} MB before); {timing.processor:.2f} s of processor time"
    )
    frames: list[pd.DataFrame] = []
    theirs = timed(lambda: frames.append(pandas_frame(folder / "interactions.csv")))
    assert len(frames[0]) == rows
    work = f"a folder of {rows:,} interactions, read and validated"
    yield Comparison(work, timing.wall, "s").beside(
        "pandas read_csv, times parsed", theirs.wall, equality="rows; the first lead's"
    )
    return history


def pandas_frame(path: Path) -> pd.DataFrame:
    """The interactions as an analyst reads them: nothing is checked or joined."""
    return pd.read_csv(path, parse_dates=["occurred_at", "recorded_at"])


def compare_records(leads: int, repeats: int, calls: int, as_of_us: int) -> Comparison:
    records = [record(i) for i in range(leads)]
    read = partial(read_records, records, FunnelConfig(), as_of_us)
    seconds = timeit.repeat(read, number=calls, repeat=repeats)
    best, median = (1e6 * s / calls / leads for s in (min(seconds), float(np.median(seconds))))
    note(f"records: {leads} leads a call, 40 interactions, 3 stages and 20 attributes each")
    note(f"  {best:.0f} us a lead at best, {median:.0f} us in the median of {repeats} repeats")
    return Comparison(f"a lead of a request read, {leads} a call", best, "us")


# ---- equality


def check_equal(history: History, folder: Path) -> None:
    """The first lead's interactions, given as a request, equal those read from the folder."""
    lead_id = history.lead_ids[0]
    created_at = str(np.datetime64(int(history.created_us[0]), "us"))[:19] + "Z"
    rows = interactions_of(folder, lead_id)
    request = {"lead_id": lead_id, "created_at": created_at, "interactions": rows}
    from_request, _ = read_records([request], history.config, history.as_of_us)

    one = cut(from_request, history.as_of_us).interactions
    whole, count = history.interactions, int(history.interactions.offsets[1])
    assert one.time_us.tolist() == whole.time_us[:count].tolist()
    for i in range(count):
        assert one.kind.text(i) == whole.kind.text(i)


def interactions_of(folder: Path, lead_id: str) -> list[dict[str, Any]]:
    """A lead's lines of interactions.csv as request rows."""
    rows = []
    with (folder / "interactions.csv").open(encoding="utf-8") as file:
        for line in file:
            if line.startswith(lead_id):
                row = dict(zip(INTERACTION_COLUMNS, line.rstrip("\n").split(","), strict=True))
                rows.append({**row, "value": float(row["value"])})
    return rows


# ---- data


def record(index: int, interactions: int = 40, attributes: int = 20) -> dict[str, Any]:
    """A lead of a request: interactions in order of time, attributes of every type."""
    values = [7, "text", 2.5, True, None]
    return {
        "lead_id": f"L{index}",
        "created_at": "2026-01-01T00:00:00Z",
        "attributes": {f"attribute_{i}": values[i % 5] for i in range(attributes)},
        "interactions": [
            {
                "kind": str(KINDS[i % 6]),
                "occurred_at": f"2026-02-{1 + i // 2:02d}T10:00:{i:02d}Z",
                "channel": "email",
                "direction": "inbound",
                "value": 1.5,
            }
            for i in range(interactions)
        ],
        "stages": [
            {"stage": stage, "entered_at": f"2026-02-0{day}T00:00:00Z"}
            for day, stage in enumerate("abc", start=1)
        ],
    }


if __name__ == "__main__":
    main()
