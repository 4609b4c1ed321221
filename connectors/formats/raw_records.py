"""Airbyte's raw tables: each row holds a record as JSON in the column `_airbyte_data`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.formats.accounts import Account
from connectors.formats.json_cells import json_cells
from connectors.formats.sources import RAW_RECORDS, Batch, Source


def unwrapped(source: Source) -> Source:
    """The source with the keys of its raw records as columns."""
    others = tuple(name for name in source.columns if name != RAW_RECORDS)
    names = dict.fromkeys(others)
    for batch in source.batches(Account(source.file), [RAW_RECORDS]):
        names |= dict.fromkeys(json_cells(_raw(batch)).columns)

    def batches(account: Account, columns: Sequence[str]) -> Iterator[Batch]:
        for batch in source.batches(account, [*(name for name in columns if name in others), RAW_RECORDS]):
            cells = json_cells(_raw(batch))
            if cells.bad.any():
                account.leave("bad_json", batch.rows[cells.bad])
            table = {
                name: batch.table.column(name)
                if name in others
                else cells.columns.get(name, pa.nulls(len(batch.table), pa.string()))
                for name in columns
            }
            kept = np.flatnonzero(~cells.bad)
            yield Batch(pa.table(table).take(kept), batch.rows[kept])

    return replace(source, columns=tuple(names), batches=batches)


def _raw(batch: Batch) -> pa.Array:
    texts = batch.table.column(RAW_RECORDS).combine_chunks()
    return pc.replace_substring_regex(texts, r"^\s+|\s+$", "")
