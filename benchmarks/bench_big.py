"""Commands on a big folder: processor time and peak memory of each, beside a folder of a tenth of its leads.

Simulates both, trains on the small one for the commands that need a model, and runs each command in a process of its
own. "Linear" is the time of the small folder times the ratio of interactions. The peer reads the same files and groups
the interactions by lead, in DuckDB or pyarrow.

    python -m benchmarks.bench_big [--leads 100000] [--commands check score] [--folder DIR]
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import machine

MONTHS: Final = 36
COMMANDS: Final = ("check", "score", "forecast", "funnel", "train", "load", "backtest")
OPTIONS: Final = {
    "check": (),
    "score": ("--output", "{out}/scores.parquet"),
    "forecast": ("--output", "{out}/forecast.csv"),
    "funnel": ("--output", "{out}/funnel.json"),
    "train": ("--promote", "never"),
    "load": (),
    "backtest": ("--origins", "1"),
}
DUCKDB: Final = """
import duckdb
duckdb.execute("SET threads = 1")
print(duckdb.sql("SELECT count(*), max(n) FROM (SELECT lead_id, count(*) n, max(occurred_at) FROM "
    "read_csv('{folder}/interactions.csv') GROUP BY lead_id)").fetchone())
"""
PYARROW: Final = """
import pyarrow.csv
table = pyarrow.csv.read_csv("{folder}/interactions.csv")
print(table.group_by("lead_id").aggregate([("occurred_at", "max")]).num_rows)
"""


@dataclass(frozen=True)
class Run:
    """Processor seconds and peak resident megabytes of a process."""

    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Crm:
    """A simulated folder and its number of interactions."""

    folder: Path
    interactions: int


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=COMMANDS, metavar="NAME")
    parser.add_argument("--folder", type=Path, help="where the data goes; by default a temporary folder")
    options = parser.parse_args()
    note(machine())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        report(comparisons(Path(folder), options.leads, options.commands), options.json)


def comparisons(folder: Path, leads: int, commands: Sequence[str]) -> Iterator[Comparison]:
    small, big = simulated(folder / "small", leads // 10), simulated(folder / "big", leads)
    home = folder / "home"
    run_command("train", small.folder, folder, home, ("--promote", "always"))
    growth = big.interactions / small.interactions
    for name in commands:
        before = run_command(name, small.folder, folder, home, OPTIONS[name])
        after = run_command(name, big.folder, folder, home, OPTIONS[name])
        note(
            f"{name}: {after.seconds:.1f} s, {1e6 * after.seconds / big.interactions:.1f} us an interaction, "
            f"peak {after.megabytes:,.0f} MB (a tenth of the leads: {before.seconds:.1f} s, {before.megabytes:,.0f} MB)"
        )
        work = f"{name} of {leads:,} leads, {big.interactions:,} interactions"
        yield Comparison(work, after.seconds, "s").beside("linear growth", before.seconds * growth)
        yield Comparison(f"{work}: peak memory", after.megabytes, "MB", target=8192)
    yield from peers(big)


def peers(crm: Crm) -> Iterator[Comparison]:
    """What other programs take to read the interactions alone and to count them by lead."""
    for name, program in (("DuckDB", DUCKDB), ("pyarrow", PYARROW)):
        run = measured([sys.executable, "-c", program.format(folder=crm.folder)], os.environ)
        yield Comparison(f"{name} reads and groups {crm.interactions:,} interactions", run.seconds, "s")
        yield Comparison(f"{name}: peak memory", run.megabytes, "MB")


def simulated(folder: Path, leads: int) -> Crm:
    """A folder of so many leads."""
    command = [
        sys.executable,
        "-m",
        "cli",
        "simulate",
        str(folder),
        "--leads",
        str(leads),
        "--months",
        str(MONTHS),
    ]
    run = measured(command, os.environ)
    with (folder / "interactions.csv").open("rb") as file:
        interactions = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b"")) - 1
    note(
        f"simulate: {leads:,} leads, {interactions:,} interactions, {run.seconds:.1f} s, {run.megabytes:,.0f} MB"
    )
    return Crm(folder, interactions)


def run_command(name: str, data: Path, out: Path, home: Path, options: Sequence[str]) -> Run:
    """A command on a folder, with its state in `home`; a failed one ends the benchmark."""
    filled = [option.format(out=out) for option in options]
    environment = {**os.environ, "LEADCAST_HOME": str(home)}
    return measured([sys.executable, "-m", "cli", name, str(data), *filled], environment)


def measured(command: Sequence[str], environment: "os._Environ[str] | dict[str, str]") -> Run:
    """Runs a command and measures its process alone."""
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    messages = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{messages}")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
