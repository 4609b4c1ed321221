"""The audit on simulated folders: leaks that it names, and honest columns that it accuses.

Makes folders with 0 to 5 leaks of ten kinds, flat and with history, of several sizes and base rates, and audits each. A
leak counts if it adds more than 0.02 to the AUC of the true chances. A hit is suspected (left out of training) or
warned of; so is a false alarm.

    python -m benchmarks.audit_leaks [--folders 200] [--seed 0] [--json]
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.measurement.timing import machine
from history.read import read_folder
from tests.builders.leaking.effect import auc_effect
from tests.builders.leaking.folder import leaking_folder, write_folder
from training.audit.audit import POSSIBLE, SUSPECTED, audit

MIN_EFFECT = 0.02


@dataclass(frozen=True)
class Judged:
    """A column and what the audit says of it; effect on AUC, 0 for honest columns. kind: None if honest."""

    seed: int
    layout: str
    leads: int
    base_rate: float
    column: str
    kind: str | None
    effect: float
    code: str
    detail: str

    @property
    def counts(self) -> bool:
        return self.kind is not None and self.effect > MIN_EFFECT

    @property
    def is_suspected(self) -> bool:
        return self.code == SUSPECTED

    @property
    def is_named(self) -> bool:
        return self.code in (SUSPECTED, POSSIBLE)


def judged(seed: int) -> tuple[list[Judged], float]:
    """The columns of a seed's folder, and seconds of processor time of the audit."""
    folder = leaking_folder(seed)
    with tempfile.TemporaryDirectory() as name:
        write_folder(folder, Path(name))
        history = read_folder(Path(name))
    begun = process_time()
    findings = {finding.subject: finding for finding in audit(history)}
    seconds = process_time() - begun
    world = folder.world
    records = []
    for column in folder.columns:
        kind, finding = folder.leaks.get(column), findings.get(column)
        records.append(
            Judged(
                seed,
                world.shape.layout,
                world.shape.leads,
                float(world.won.sum() / max(world.closed.sum(), 1)),
                column,
                kind,
                auc_effect(folder, column) if kind else 0.0,
                finding.code if finding else "",
                finding.detail if finding else "",
            )
        )
    return records, seconds


def summary(records: Sequence[Judged], folders: int) -> dict[str, float]:
    """Hits and false alarms of some records: counted leaks, shares suspected and named, accused a folder."""
    leaks = [record for record in records if record.counts]
    honest = [record for record in records if record.kind is None]
    return {
        "folders": folders,
        "leaks": len(leaks),
        "suspected": sum(record.is_suspected for record in leaks),
        "named": sum(record.is_named for record in leaks),
        "honest": len(honest),
        "honest_suspected": sum(record.is_suspected for record in honest),
        "honest_named": sum(record.is_named for record in honest),
    }


GROUPINGS: dict[str, Callable[[Judged], str]] = {
    "layout": lambda record: record.layout,
    "leads": lambda record: f"{record.leads:,}",
    "won": lambda record: "under 15 %" if record.base_rate < 0.15 else "15 % and more",
    "effect": lambda record: (
        "0.02 to 0.05" if record.effect <= 0.05 else "0.05 to 0.1" if record.effect <= 0.1 else "over 0.1"
    ),
    "kind": lambda record: record.kind or "",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folders", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first folder")
    parser.add_argument("--json", action="store_true", help="print every column and the table as JSON")
    options = parser.parse_args()
    records, seconds = [], []
    for seed in range(options.seed, options.seed + options.folders):
        columns, used = judged(seed)
        records += columns
        seconds.append(used)
    if options.json:
        print(
            json.dumps({"total": summary(records, options.folders), "columns": [asdict(r) for r in records]})
        )
        return
    print(machine())
    print(f"audit: {np.mean(seconds):.2f} s of processor time a folder, at most {max(seconds):.2f}")
    print_tables(records, options.folders)


def print_tables(records: Sequence[Judged], folders: int) -> None:
    print(
        f"{'':26}{'leaks':>6}{'suspected':>10}{'named':>7}{'%':>7}   honest: {'suspected':>9}{'named':>6}{'of':>7}"
    )
    print_line("all", summary(records, folders))
    for title, key in GROUPINGS.items():
        print(title)
        of_leaks = title in ("effect", "kind")
        for value in sorted({key(r) for r in records if r.counts or not of_leaks}):
            part = [r for r in records if key(r) == value and (r.kind or not of_leaks)]
            print_line(f"  {value}", summary(part, len({r.seed for r in part})))
    for record in records:
        if record.kind is None and record.is_named:
            place = f"{record.seed} {record.layout} {record.leads} {record.column}"
            print(f"accused: {place}: {record.code}: {record.detail[:150]}")


def print_line(name: str, of: dict[str, float]) -> None:
    share = 100 * of["named"] / of["leaks"] if of["leaks"] else float("nan")
    print(
        f"{name:26}{of['leaks']:6}{of['suspected']:10}{of['named']:7}{share:7.1f}"
        f"           {of['honest_suspected']:9}{of['honest_named']:6}{of['honest']:7}"
    )


if __name__ == "__main__":
    main()
