"""The door: a million interactions read from CSV and validated, and request records to a History; data made here.

Run: python -m benchmarks.bench_door [--rows 1000000]. Checks that both doors read the same before it measures.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
import timeit
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from history.config import FunnelConfig
from history.history import History
from history.read import read_folder, read_records
from history.snapshot import cut

KINDS = np.array(["email_open", "email_sent", "call", "meeting", "web_visit", "form"])
DIRECTIONS = np.array(["inbound", "outbound", ""])
START = np.datetime64("2024-01-01T00:00:00", "s")


def write_folder(folder: Path, rows: int) -> None:
    """rows interactions of rows / 40 leads over 15 months, every column of the contract filled."""
    random = np.random.default_rng(1)
    n_leads = max(rows // 40, 1)
    created = START + random.integers(0, 86_400 * 365, n_leads).astype("m8[s]")
    with (folder / "leads.csv").open("w", encoding="utf-8") as file:
        file.write("lead_id,created_at,owner,source,employees\n")
        file.writelines(f"L{i:06d},{t}Z,owner{i % 40},s{i % 7},{i % 900}\n" for i, t in enumerate(created))
    lead = random.integers(0, n_leads, rows)
    when = created[lead] + random.integers(0, 86_400 * 90, rows).astype("m8[s]")
    order = np.argsort(when)
    kinds, directions = KINDS[random.integers(0, 6, rows)], DIRECTIONS[random.integers(0, 3, rows)]
    texts = when[order].astype(str).tolist()
    columns = zip(lead[order].tolist(), texts, kinds.tolist(), directions.tolist(), strict=True)
    with (folder / "interactions.csv").open("w", encoding="utf-8") as file:
        file.write("lead_id,occurred_at,kind,interaction_id,recorded_at,channel,direction,value\n")
        file.writelines(
            f"L{i:06d},{t}Z,{k},i{r},{t}Z,{k[:4]},{d},{r % 50}\n" for r, (i, t, k, d) in enumerate(columns)
        )


def record(index: int, interactions: int = 40, attributes: int = 20) -> dict[str, Any]:
    """A lead of a request: its interactions in order of time, attributes of every type."""
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
            {"stage": s, "entered_at": f"2026-02-0{i}T00:00:00Z"} for i, s in enumerate("abc", start=1)
        ],
    }


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check_equal(history: History, folder: Path) -> None:
    """The first lead's interactions by the record door, from the file's own lines, equal those of the folder door."""
    lead_id = history.lead_ids[0]
    names = (
        "lead_id",
        "occurred_at",
        "kind",
        "interaction_id",
        "recorded_at",
        "channel",
        "direction",
        "value",
    )
    with (folder / "interactions.csv").open(encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(",") for line in file if line.startswith(lead_id)]
    mine = [dict(zip(names, line, strict=True)) for line in lines]
    rows = [{**row, "value": float(row["value"])} for row in mine]
    created = str(np.datetime64(int(history.created_us[0]), "us")) + "Z"
    one, _ = read_records(
        [{"lead_id": lead_id, "created_at": created[:19] + "Z", "interactions": rows}],
        history.config,
        history.as_of_us,
    )
    log = cut(one, history.as_of_us).interactions
    stop = history.interactions.offsets[1]
    assert log.time_us.tolist() == history.interactions.time_us[:stop].tolist()
    assert [log.kind.text(i) for i in range(stop)] == [history.interactions.kind.text(i) for i in range(stop)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args().rows
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, rows)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        before = peak_mb()
        start, begun = time.perf_counter(), time.process_time()
        history = read_folder(folder)
        took, cpu = time.perf_counter() - start, time.process_time() - begun
        print(
            f"folder door: {rows:,} interactions of {len(history):,} leads, {size:.0f} MB of CSV, 8 columns"
        )
        print(f"  {took:.2f} s once ({cpu:.2f} s of CPU), imports included, load {os.getloadavg()[0]:.1f}")
        print(f"  peak RSS {peak_mb():.0f} MB ({before:.0f} MB before)")
        check_equal(history, folder)
    config, as_of_us = FunnelConfig(), history.as_of_us + 1000 * 86_400_000_000
    for n, repeat, number in ((1, 200, 30), (1000, 9, 1)):
        leads = [record(i) for i in range(n)]
        each = timeit.repeat(partial(read_records, leads, config, as_of_us), number=number, repeat=repeat)
        best, median = (1e6 * pick / number / n for pick in (min(each), float(np.median(each))))
        print(f"record door: {n} leads a call, 40 interactions, 3 stages and 20 attributes each")
        print(f"  {best:.0f} us a lead at best, {median:.0f} us in the median of {repeat} repeats")


if __name__ == "__main__":
    main()
