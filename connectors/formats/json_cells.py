"""JSON objects in the cells of a table as columns of text, as warehouse loaders and CSV exports hold properties."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.formats.json import flat_record
from connectors.formats.json_lines import typed_lines
from connectors.formats.nested import IrregularError, flat_columns
from history.base.arrays import Mask

CELL = "cell"


@dataclass(frozen=True)
class Cells:
    """The keys of the objects as columns (m,), and which cells hold no object (m,)."""

    columns: Mapping[str, pa.Array]
    bad: Mask


def json_cells(array: pa.Array) -> Cells:
    """The objects, or lists of pairs, of a column; null and the empty text hold none, and are not bad."""
    if array.null_count == len(array):
        return Cells({}, np.zeros(len(array), dtype=np.bool_))
    texts = pc.replace_substring_regex(pc.fill_null(array, "null"), r"[\r\n]", " ")
    lines = pc.binary_join_element_wise(f'{{"{CELL}":', texts, "}", "")
    data = "\n".join(lines.to_pylist()).encode()
    try:
        columns = flat_columns(typed_lines(data), lambda _name: True)
        if all(name.startswith(f"{CELL}.") for name in columns) and all(
            len(c) == len(array) for c in columns.values()
        ):
            named = {name.removeprefix(f"{CELL}."): values for name, values in columns.items()}
            return Cells(named, np.zeros(len(array), dtype=np.bool_))
    except (pa.ArrowException, IrregularError):
        pass
    return _row_by_row(array)


def _row_by_row(array: pa.Array) -> Cells:
    rows, bad = [], np.zeros(len(array), dtype=np.bool_)
    for place, text in enumerate(array.to_pylist()):
        record = _record(text)
        bad[place] = record is None
        rows.append({} if record is None else flat_record({CELL: record}, {}))
    names = dict.fromkeys(name for row in rows for name in row if name.startswith(f"{CELL}."))
    columns = {
        name.removeprefix(f"{CELL}."): pa.array([row.get(name) for row in rows], pa.string())
        for name in names
    }
    return Cells(columns, bad)


def _record(text: str | None) -> dict[str, object] | list[object] | None:
    """The object or the list of pairs in a cell; None for another text."""
    if text is None:
        return {}
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if record is None:
        return {}
    pairs = isinstance(record, list) and all(isinstance(entry, dict) for entry in record)
    return record if isinstance(record, dict) or pairs else None
