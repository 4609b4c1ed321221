"""Changes between versions of the same record."""

from pathlib import Path

import numpy as np

from connectors.reading.versions import VersionChange, version_changes
from tests.builders.exports.small import export_of

HEADER = "_fivetran_start,Id,Amount,Created\n"


def test_changes_are_those_between_neighbours_in_time(tmp_path: Path) -> None:
    rows = "2026-03-01,1,30,x\n2026-01-01,1,10,x\n2026-02-01,1,10,x\n2026-01-01,2,5,x\nnever,1,7,x\n2026-04-01,9,1,x\n"
    export = export_of(tmp_path / "deals.csv", HEADER + rows)
    record = np.array([0, 0, 0, 1, 0, -1])
    changes = list(version_changes(export, export.table("Deal"), record, ["Amount", "Missing"]))
    day_us = 86_400_000_000
    assert changes == [VersionChange(0, 20_513 * day_us, "Amount", 2, 0)]
