"""The rows of an export's file as a source gives them."""

from pathlib import Path

import pyarrow as pa

from connectors.formats.accounts import Account
from connectors.formats.sources import Source, open_sources


def read(source: Source) -> tuple[list[dict[str, object]], Account]:
    account = Account(source.file)
    batches = [batch.table for batch in source.batches(account, source.columns)]
    return (pa.concat_tables(batches).to_pylist() if batches else []), account


def rows_of(path: Path) -> list[dict[str, object]]:
    (source,) = open_sources([path])
    return read(source)[0]
