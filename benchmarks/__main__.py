"""Every benchmark in turn, and one table of all their comparisons.

Each runs in a process of its own, on data that it makes. What is measured is in benchmarks/README.md, with how to make
the machine quiet.

    python -m benchmarks                              all of them
    python -m benchmarks --only scoring features      some of them
    python -m benchmarks --long                       at a million leads; hours
    python -m benchmarks --json > figures.json
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.measurement.comparison import Comparison, from_dict, note, options_parser, report
from benchmarks.measurement.timing import machine

NAMES = (
    "big",
    "door",
    "features",
    "scoring",
    "shapley",
    "serving",
    "store",
    "reads",
    "worklist",
    "forecast",
    "import",
    "engine",
    "training",
)
LONG = {
    "big": ("--leads", "1000000"),
    "door": ("--rows", "20000000"),
    "features": ("--leads", "1000000", "--interactions", "20000000", "--rows", "1000000"),
    "store": ("--rows", "10000000"),
    "worklist": ("--leads", "1000000"),
    "forecast": ("--leads", "1000000"),
    "import": ("--deals", "1000000"),
    "engine": ("--leads", "200000"),
    "training": ("--leads", "7000", "30000"),
}


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--long", action="store_true", help="those that grow, at a million leads")
    options = parser.parse_args()
    note(machine())
    sizes = LONG if options.long else {}
    names = [name for name in options.only if (name in LONG if options.long else name != "big")]
    by_name = {name: comparisons_of(name, sizes.get(name, ())) for name in names}
    report([one for comparisons in by_name.values() for one in comparisons or ()], options.json)
    failed = [name for name, comparisons in by_name.items() if comparisons is None]
    if failed:
        raise SystemExit(f"failed, their messages are above: {', '.join(failed)}")


def comparisons_of(name: str, size: Sequence[str]) -> list[Comparison] | None:
    """What one benchmark reports; None if it failed, with its own message."""
    note(f"== {name}")
    command = [sys.executable, "-m", f"benchmarks.bench_{name}", "--json", *size]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        note(f"benchmarks.bench_{name} failed; the others go on")
        return None
    return [from_dict(record) for record in json.loads(done.stdout)]


if __name__ == "__main__":
    main()
