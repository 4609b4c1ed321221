"""Rows of a made system of persons, one a dictionary, for the tests of what all such systems share."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME
from connectors.folder.merge import FolderTables
from connectors.folder.tables import Result
from connectors.folder.write import IMPORT_FILE, import_record, new_folder, read_old
from connectors.formats.accounts import Account
from connectors.formats.sources import Source
from connectors.persons.convert import convert_persons
from connectors.persons.rows import COLUMNS, PersonRows, Role, Rules
from connectors.reading.declare import ObjectKind, used
from connectors.reading.export import Export
from connectors.reading.options import ReadOptions
from connectors.reading.recognise import Recognised

DAY = 86_400_000_000
NOW_US = 10_000 * DAY
RULES = Rules(lead_rule="a row with makes_lead", won=("an order",))
ROLES = {role.name.lower(): role for role in Role}


def person_rows(rows: Sequence[Mapping[str, Any]], place: int = 0) -> PersonRows:
    """Rows with `day`, and optionally `recorded` (a day), `role`, `lead`, COLUMNS, amount, converted, value, traits."""
    names = dict.fromkeys(name for row in rows for name in row.get("traits", {}))
    return PersonRows(
        table=pa.table(
            {"_source": pa.array([place] * len(rows), pa.int32()), "_row": list(range(2, len(rows) + 2))}
        ),
        us=np.array([int(row["day"] * DAY) for row in rows], dtype=np.int64),
        recorded_us=np.array(
            [int(row["recorded"] * DAY) if "recorded" in row else NO_TIME for row in rows], dtype=np.int64
        ),
        role=np.array([ROLES[row.get("role", "touch")] for row in rows], dtype=np.int8),
        makes_lead=np.array([row.get("lead", False) for row in rows], dtype=np.bool_),
        columns={name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS},
        amount=_numbers(rows, "amount"),
        converted=_numbers(rows, "converted"),
        value=_numbers(rows, "value"),
        traits={
            name: pa.array([row.get("traits", {}).get(name) for row in rows], pa.string()) for name in names
        },
        context={"country": pa.array([row.get("country") for row in rows], pa.string())},
        first={"source": pa.array([row.get("source") for row in rows], pa.string())},
    )


def _numbers(rows: Sequence[Mapping[str, Any]], name: str) -> Any:
    return np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)


def import_rows(
    rows: Sequence[Mapping[str, Any]], output: Path, rules: Rules = RULES, batch: int = 1000, **options: Any
) -> tuple[Export, Result]:
    """Imports rows in batches into a data folder, over what is there."""
    source = Source("made.csv", ("id",), lambda _account, _columns: iter(()))
    kind = ObjectKind("Made", used("id"), ("id",))
    read = ReadOptions(NOW_US, ZoneInfo("UTC"), **options)
    account = Account("made.csv", "Made", rows_read=len(rows))
    export = Export(
        "made", [Recognised(source, kind, {}, (), None, None)], [account], [], read, None, lambda _t, _s: None
    )
    export.earlier = read_old(output)

    def reader(_export: Export) -> Iterator[PersonRows]:
        for start in range(0, len(rows), batch):
            yield person_rows(rows[start : start + batch])

    with new_folder(output) as folder:
        tables = FolderTables(folder, export.earlier)
        result = convert_persons(export, reader, rules, tables)
        tables.finish()
        folder.write_text(IMPORT_FILE, import_record({}))
    assert account.is_balanced, account.record()
    return export, result
