"""Imports: `leadcast import salesforce` of deals with their history, activities, users, as CSV by API names.

Makes its own data. Checks that every deal, stage entry and completed activity arrives before it prints.

    python -m benchmarks.bench_import [--deals 100000] [--activities 20]
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine
from history.base.arrays import Ints
from history.text.times import DAY_US

START_US = 1_640_995_200_000_000  # 2022-01-01
PIECE = 500_000
STAGES = ("Prospecting", "Qualification", "Proposal/Quote", "Negotiation")
LIMIT_S, LIMIT_MB = 300.0, 4096.0  # of a million deals with 20 activities each
KINDS = ("Call", "Email", "Meeting", "LinkedIn", "Demo")
OWNERS = 200
MOVES = 3  # stage entries of a deal, before its closing


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--activities", type=int, default=20, help="completed tasks of each deal")
    options = parser.parse_args()
    note(machine())
    with tempfile.TemporaryDirectory() as name:
        export = Path(name) / "export"
        write_export(export, options.deals, options.activities)
        size = sum(path.stat().st_size for path in export.iterdir()) / 1e9
        note(f"{options.deals:,} deals, {options.deals * options.activities:,} tasks, {size:.1f} GB of CSV")
        report(comparisons(export, Path(name) / "crm", options.deals, options.activities), options.json)


def comparisons(export: Path, output: Path, deals: int, activities: int) -> Iterator[Comparison]:
    """One run of the command in a process of its own, as people start it."""
    command = (sys.executable, "-m", "cli", "import", "salesforce", str(export), "--output", str(output))
    started = perf_counter()
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    wall = perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    check(output, deals, activities)
    note(f"{used.ru_utime + used.ru_stime:.0f} s of processor time, one run")
    work, equality = f"import of {deals:,} deals, {deals * activities:,} activities", "rows"
    is_million = deals >= 1_000_000 and activities >= 20
    yield Comparison(work, wall, "s", target=LIMIT_S if is_million else None, equality=equality)
    yield Comparison(
        f"peak memory of the {work}",
        used.ru_maxrss / 1024,
        "MB",
        target=LIMIT_MB if is_million else None,
        equality=equality,
    )


def check(output: Path, deals: int, activities: int) -> None:
    rows = {path.stem: pq.read_metadata(path).num_rows for path in output.glob("*.parquet")}
    expected = {"leads": deals, "stages": MOVES * deals, "interactions": deals * activities}
    found = {name: rows.get(name) for name in expected}
    assert found == expected, f"got {found}, expected {expected}"
    record = json.loads((output / "import.json").read_text(encoding="utf-8"))
    assert all(source["rows_read"] == source["rows_used"] for source in record["sources"])


# ---- data


def write_export(folder: Path, deals: int, activities: int) -> None:
    folder.mkdir()
    tables = {
        "Opportunity": (opportunities(piece, deals) for piece in pieces(deals)),
        "OpportunityHistory": (histories(piece) for piece in pieces(deals * (MOVES + 1))),
        "Task": (tasks(piece, deals) for piece in pieces(deals * activities)),
        "User": iter([users()]),
    }
    for name, batches in tables.items():
        first = next(batches)
        with pa.csv.CSVWriter(folder / f"{name}.csv", first.schema) as writer:
            writer.write_table(first)
            for batch in batches:
                writer.write_table(batch)


def pieces(count: int) -> Iterator[Ints]:
    for start in range(0, count, PIECE):
        yield np.arange(start, min(start + PIECE, count))


def ids(prefix: str, number: Ints) -> pa.Array:
    """Ids of 18 characters."""
    digits = pc.utf8_lpad(pa.array(number).cast(pa.string()), 12, "0")
    return pc.binary_join_element_wise(prefix, digits, "AAA", "")


def times(us: Ints) -> pa.Array:
    """2022-01-31T10:00:00.000Z"""
    text = pc.strftime(
        pa.array(us // 1_000_000 * 1_000_000).cast(pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S.000Z"
    )
    return pc.replace_substring(text, ".000000.", ".")


def mixed(number: Ints, below: int) -> Ints:
    """A number below `below` that looks random and follows from `number`."""
    return (number * 2_654_435_761 >> 13) % below


def created(deal: Ints) -> Ints:
    return START_US + mixed(deal, 1000) * DAY_US + mixed(deal + 7, 86_400) * 1_000_000


def picked(words: tuple[str, ...], place: Ints) -> pa.Array:
    return pa.array(words).take(pa.array(place))


def opportunities(deal: Ints, deals: int) -> pa.Table:
    won, closed = mixed(deal, 3) == 0, created(deal) + 60 * DAY_US
    return pa.table(
        {
            "Id": ids("006", deal),
            "IsDeleted": pa.array(["false"] * len(deal)),
            "Name": ids("Deal ", deal),
            "AccountId": ids("001", deal // 3),
            "StageName": pc.if_else(pa.array(won), "Closed Won", "Closed Lost"),
            "Amount": pa.array(1000 + mixed(deal, 9000)).cast(pa.string()),
            "CloseDate": pc.utf8_slice_codeunits(times(closed), 0, 10),
            "CreatedDate": times(created(deal)),
            "IsClosed": pa.array(["true"] * len(deal)),
            "IsWon": pc.if_else(pa.array(won), "true", "false"),
            "OwnerId": ids("005", deal % OWNERS),
            "LeadSource": picked(("Web", "Partner", "Fair", "Phone"), mixed(deal, 4)),
            "Seats__c": pa.array(mixed(deal, 100)).cast(pa.string()),
            "Industry__c": picked(("Banking", "Retail", "Media"), mixed(deal, 3)),
        }
    )


def histories(row: Ints) -> pa.Table:
    """The entries of each deal into its first stages, and its closing."""
    deal, step = row // (MOVES + 1), row % (MOVES + 1)
    stage = np.where(step == MOVES, len(STAGES) + (mixed(deal, 3) != 0), step)
    at = created(deal) + step * 20 * DAY_US
    return pa.table(
        {
            "Id": ids("008", row),
            "OpportunityId": ids("006", deal),
            "StageName": picked((*STAGES, "Closed Won", "Closed Lost"), stage),
            "Amount": pa.array(1000 + mixed(deal, 9000)).cast(pa.string()),
            "CloseDate": pc.utf8_slice_codeunits(times(created(deal) + 60 * DAY_US), 0, 10),
            "CreatedDate": times(at),
            "IsDeleted": pa.array(["false"] * len(row)),
        }
    )


def tasks(row: Ints, deals: int) -> pa.Table:
    """Completed tasks, in no order of deals."""
    deal = row % deals
    at = created(deal) + mixed(row, 60 * 86_400) * 1_000_000
    return pa.table(
        {
            "Id": ids("00T", row),
            "WhatId": ids("006", deal),
            "WhoId": ids("003", deal),
            "Subject": pa.array(["Call, second try"] * len(row)),
            "Type": picked(KINDS, mixed(row, len(KINDS))),
            "TaskSubtype": pa.array(["Task"] * len(row)),
            "Status": pa.array(["Completed"] * len(row)),
            "IsClosed": pa.array(["true"] * len(row)),
            "ActivityDate": pc.utf8_slice_codeunits(times(at), 0, 10),
            "CompletedDateTime": times(at),
            "CreatedDate": times(at),
            "OwnerId": ids("005", row % OWNERS),
            "IsDeleted": pa.array(["false"] * len(row)),
        }
    )


def users() -> pa.Table:
    number = np.arange(OWNERS)
    return pa.table({"Id": ids("005", number), "Name": ids("Owner ", number), "Username": ids("u", number)})


if __name__ == "__main__":
    main()
