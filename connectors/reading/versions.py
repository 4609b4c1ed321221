"""Changes between versions of the same record, as loaders keep them (_fivetran_start) where they keep a history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connectors.reading.export import VERSION, Export, column
from history.base.arrays import Ints

Text = str | None


@dataclass(frozen=True)
class VersionChange:
    """A column of a record has another value from the version of `us` on: the values of the rows before and after."""

    record: int
    us: int
    column: str
    before: int
    after: int


def version_changes(
    export: Export, versions: pa.Table, record: Ints, names: Sequence[str]
) -> Iterator[VersionChange]:
    """The changes of these columns between the versions (m,) of each record, in order of record and time.

    record (m,): the place of each version's record, -1 for a record that is no lead. before and after are rows of
    `versions`.
    """
    read = export.times(versions, VERSION)
    rows = np.flatnonzero(read.known & (record >= 0))
    rows = rows[np.lexsort((read.us[rows], record[rows]))]
    values = {name: column(versions, name).to_pylist() for name in names if name in versions.column_names}
    for before, after in zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True):
        if record[before] != record[after]:
            continue
        for name, texts in values.items():
            if texts[before] != texts[after]:
                yield VersionChange(int(record[after]), int(read.us[after]), name, before, after)
