"""What a benchmark reports: a piece of work, its speed, a peer's in the same run, and what was found equal before."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

MORE_IS_BETTER = "/s"  # the end of a unit of speed; other units are those of time, memory and size


@dataclass(frozen=True)
class Comparison:
    """A piece of work, measured.

    ours, theirs: in `unit`; a unit that ends with "/s" is better when it is more, others when they are less.
    peer: what does the same work in the same run; empty if nothing does. ratio: how many times as fast as the peer.
    target: the least ratio; without a peer, the bound of `ours`. equality: what was found equal before the clock was
    read.
    """

    work: str
    ours: float
    unit: str
    peer: str = ""
    theirs: float | None = None
    ratio: float | None = None
    target: float | None = None
    equality: str = ""

    def beside(
        self, peer: str, theirs: float, target: float | None = None, equality: str = ""
    ) -> "Comparison":
        """The same work beside a peer's speed in the same unit."""
        is_more_better = self.unit.endswith(MORE_IS_BETTER)
        ratio = self.ours / theirs if is_more_better else theirs / self.ours
        return dataclasses.replace(
            self, peer=peer, theirs=theirs, ratio=ratio, target=target, equality=equality
        )

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        if self.ratio is not None:
            return self.ratio >= self.target
        return self.ours >= self.target if self.unit.endswith(MORE_IS_BETTER) else self.ours <= self.target

    def to_dict(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "is_reached": self.is_reached}


def from_dict(record: dict[str, object]) -> Comparison:
    """The comparison that `to_dict` made a record of."""
    names = [field.name for field in dataclasses.fields(Comparison)]
    return Comparison(**{name: record[name] for name in names})  # type: ignore[arg-type]


def options_parser(description: str | None) -> argparse.ArgumentParser:
    """A benchmark's options: its module's docstring as --help, and --json."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the comparisons as JSON")
    return parser


def note(text: str) -> None:
    """A line about the machine, the data or the progress, apart from the figures."""
    print(text, file=sys.stderr, flush=True)


def report(comparisons: Iterable[Comparison], as_json: bool = False) -> None:
    """Prints the comparisons: a table, or a JSON array."""
    if as_json:
        print(json.dumps([one.to_dict() for one in comparisons], indent=1))
    else:
        # Wide enough for a line each also where the output is a file.
        console = Console(width=None if sys.stdout.isatty() else 200)
        console.print(table(comparisons))


def table(comparisons: Iterable[Comparison]) -> Table:
    lines = Table(box=box.SIMPLE_HEAD)
    for name in ("work", "ours", "peer", "theirs", "ratio", "target", "reached", "equality checked"):
        lines.add_column(name, justify="right" if name in ("ours", "theirs", "ratio", "target") else "left")
    for one in comparisons:
        lines.add_row(
            one.work,
            f"{number(one.ours)} {one.unit}",
            one.peer or "-",
            "-" if one.theirs is None else f"{number(one.theirs)} {one.unit}",
            "-" if one.ratio is None else f"{one.ratio:.2f}",
            target_text(one),
            {None: "-", True: "yes", False: "NO"}[one.is_reached],
            one.equality or "-",
        )
    return lines


def target_text(one: Comparison) -> str:
    if one.target is None:
        return "-"
    if one.ratio is not None:
        return f"{one.target:.3g} x"
    return f"{number(one.target)} {one.unit}"


def number(value: float) -> str:
    """Three digits that count, and groups of thousands."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
