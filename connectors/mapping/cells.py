"""Cells of a mapping file -> columns of a data folder: constants, several columns, words and lists in one cell."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME, times
from connectors.folder.write import SCHEMAS
from connectors.mapping.read import Cell, Entry
from connectors.reading.export import Export, column
from connectors.reading.values import end_of_day, read_numbers
from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.config.schema import NUMBER, TABLES, TIME
from history.text import outcome_words
from history.text.folding import folded

SHOWN_WORDS: Final = 10


def column_of(export: Export, table: pa.Table, name: str, entry: Entry) -> pa.Array:
    """A column (n,) of the entry's table in its type; what cannot be read is noted. Raises InvalidInput for words."""
    role, cell = TABLES[entry.table].role(name), entry.cells.get(name)
    if cell is None:
        return pa.nulls(len(table), SCHEMAS[entry.table].field(name).type)
    if role == TIME:
        return times(_instants(export, table, name, cell))
    texts = texts_of(table, cell)
    if role == NUMBER:
        read = read_numbers(texts, export.options.decimal)
        good = read.good & ((read.value >= 0) | (name != "amount"))
        export.unread.add(f"numbers of {entry.table}.{name}", texts, read.given & ~good)
        return pa.array(read.value, mask=~good)
    return _outcomes(texts, cell) if name == "outcome" else texts


def _instants(export: Export, table: pa.Table, name: str, cell: Cell) -> Ints:
    read = export.times(filled(table, "_time", cell), "_time", name)
    us = read.us
    if name == "closed_at":
        ends = np.minimum(end_of_day(us, export.options.zone), max(export.options.now_us, 0))
        us = np.where(read.is_date, np.maximum(ends, us), us)
    return np.asarray(np.where(read.known, us, NO_TIME))


def _outcomes(texts: pa.Array, cell: Cell) -> pa.Array:
    """won, lost, open or gone by the mapping's words, else by the usual ones."""
    words = pc.unique(texts).to_pylist()
    meaning: Mapping[str, str | None] = {word: outcome_words.outcome_of(word) for word in words}
    if unknown := [word for word in words if meaning[word] is None]:
        listed = ", ".join(f'"{word}"' for word in unknown[:SHOWN_WORDS])
        first = cell.columns[0] if cell.columns else ""
        raise InvalidInput(
            f"outcomes: {len(unknown)} words are neither won, lost, open nor gone: {listed}. Sort them into "
            f'the mapping: outcome = {{ column = "{first}", words = {{ won = [], lost = [], open = [{listed}] }} }}'
        )
    return pa.array([meaning[text] for text in texts.to_pylist()], pa.string())


def split_rows(table: pa.Table, entry: Entry) -> pa.Table:
    """One row for each value of a cell that holds several."""
    for name, cell in entry.cells.items():
        if cell.split is None or name not in table.column_names:
            continue
        parts = pc.split_pattern(pc.fill_null(column(table, name), ""), cell.split)
        places = pc.list_parent_indices(parts)
        values = _with_words(pc.utf8_trim_whitespace(pc.list_flatten(parts)), cell)
        values = pc.fill_null(values, "")
        table = table.take(places).set_column(table.schema.get_field_index(name), name, values)
        table = table.filter(pc.not_equal(values, ""))
    return table


def texts_of(table: pa.Table, cell: Cell) -> pa.Array:
    """The first filled of a cell's columns, else its constant; words replaced."""
    texts = pa.nulls(len(table), pa.string())
    for name in cell.columns:
        texts = pc.coalesce(texts, column(table, name))
    if cell.constant is not None:
        texts = pc.fill_null(texts, cell.constant)
    return texts if cell.split else _with_words(texts, cell)


def _with_words(texts: pa.Array, cell: Cell) -> pa.Array:
    """The values that the mapping has for words, other words as they are."""
    if not cell.words:
        return texts
    replaced = [cell.words.get(folded(text), text) if text else None for text in texts.to_pylist()]
    return pa.array(replaced, pa.string())


def filled(table: pa.Table, name: str, cell: Cell) -> pa.Table:
    """A table of this column alone."""
    return pa.table({name: texts_of(table, cell)})
