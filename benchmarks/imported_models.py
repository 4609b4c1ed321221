"""Models of imports: how well each system's exports rank and count, compared with the native folder of the same CRM.

Simulates a CRM, writes it as every system and shape exports it, imports, trains and scores. AUC is that expected under
the simulator's true chances at the end, free of the luck of one future. `carried` is the native folder with what the
shape carries and no more.

    python -m benchmarks.imported_models [--leads 2500] [--seed 5] [--only salesforce]
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.measurement.timing import machine
from tests.builders.exports.import_cases import CASES, Case
from tests.builders.exports.imported_folder import bring_in
from tests.builders.exports.known_crm import KnownCrm, Ranking, as_carried, known_crm, ranked
from tests.builders.exports.simulated_crm import open_ids

HEADER = f"{'export':22}{'open':>6}{'wrong':>6}{'AUC':>8}{'wins':>8}{'carried AUC':>13}{'wins':>8}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leads", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", default="", help="systems or shapes whose name has this text")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        crm = known_crm(Path(name) / "crm", options.leads, options.seed)
        print(f"{options.leads:,} leads, {len(crm.chance):,} open, true wins {sum(crm.chance.values()):.1f}")
        print(HEADER)
        native = ranked(crm.folder)
        print(f"{'native':22}{len(native.probability):6}{0:6}{native.auc(crm.chance):8.4f}{native.wins:8.1f}")
        for case in CASES:
            if options.only in str(case):
                print_case(crm, case, Path(name))


def print_case(crm: KnownCrm, case: Case, folder: Path) -> None:
    export, data = folder / f"{case}-export", folder / f"{case}"
    case.export(crm.world, export)
    bring_in(case.system, export, data, case.mapping_of(export), **case.options)
    found = ranked(data)
    chance = {case.lead_id(id_): p for id_, p in crm.chance.items()}
    wrong = set(found.probability) ^ {case.lead_id(id_) for id_ in open_ids(crm.world)}
    line = f"{case!s:22}{len(found.probability):6}{len(wrong):6}{found.auc(chance):8.4f}{found.wins:8.1f}"
    if not case.has_history:
        carried: Ranking = ranked(as_carried(crm, data, folder / f"{case}-carried"))
        line += f"{carried.auc(crm.chance):13.4f}{carried.wins:8.1f}"
    print(line, flush=True)


if __name__ == "__main__":
    main()
