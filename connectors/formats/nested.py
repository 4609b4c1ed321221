"""Nested columns of typed tables as flat columns of text, without an object a row.

The columns are those that connectors/formats/json.py gives.
Structs are dotted columns, lists of pairs ({key, value}) a column each key, lists of values one text with ";".
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.formats.json import PAIR_NAMES, PAIR_VALUES, PARENT_ID, PARENT_LIST, PLAIN_VALUES, SURE_NAMES
from history.text.values import number_text, value_text

Wanted = Callable[[str], bool]
SPECIAL_NUMBER: Final = r"[a-zA-Z]|^-0$"  # an exponent, inf, nan or minus zero in the text of a number


class IrregularError(Exception):
    """A column that only row by row reading gives right, such as a key twice in one list of pairs."""


@dataclass
class Names:
    """Collects the names of the columns instead of their values."""

    seen: dict[str, None] = field(default_factory=dict)

    def __call__(self, name: str) -> bool:
        self.seen[name] = None
        return False


def flat_columns(table: pa.Table, wanted: Wanted) -> dict[str, pa.Array]:
    """The wanted columns of a table by their dotted names; lists of records are left out.

    Raises IrregularError for columns that need reading row by row.
    """
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        column = table.column(name)
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for path, values in _flat(name, array, wanted):
            if path in columns:
                raise IrregularError
            columns[path] = values
    return columns


def record_lists(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """The lists of records in a table by dotted name, with the dotted names of their columns."""
    lists: dict[str, tuple[str, ...]] = {}
    for column in schema:
        for path, kind in _leaves(column.name, column.type):
            if _is_list(kind) and pa.types.is_struct(kind.value_type) and not are_pairs(kind):
                names = [name for name, _ in _leaves("", kind.value_type)]
                above = path.rpartition(".")[0]
                known = lists.get(above or path, ())
                parents = (PARENT_ID, PARENT_LIST) if above else (PARENT_ID,)
                lists[above or path] = tuple(dict.fromkeys((*known, *names, *parents)))
    return lists


def _leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if not pa.types.is_struct(kind):
        yield path, kind
        return
    for place in range(kind.num_fields):
        child = kind.field(place)
        yield from _leaves(f"{path}.{child.name}" if path else child.name, child.type)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def are_pairs(kind: pa.DataType) -> bool:
    """Whether the entries of a list each name a field and hold its value."""
    if not _is_list(kind) or not pa.types.is_struct(kind.value_type):
        return False
    names = {name for name, _ in _leaves("", kind.value_type)}
    return bool(names & set(PAIR_NAMES) and names & set(_value_names(names)))


def _value_names(names: Collection[str]) -> tuple[str, ...]:
    return PAIR_VALUES if set(SURE_NAMES) & set(names) else PLAIN_VALUES


def _flat(path: str, array: pa.Array, wanted: Wanted) -> Iterator[tuple[str, pa.Array]]:
    kind = array.type
    if pa.types.is_struct(kind):
        for child, values in zip(kind, array.flatten(), strict=True):
            yield from _flat(f"{path}.{child.name}", values, wanted)
    elif are_pairs(kind):
        yield from _pairs(path, array, wanted)
    elif _is_list(kind) and pa.types.is_struct(kind.value_type):
        return
    elif wanted(path):
        yield path, _joined(array) if _is_list(kind) else text_of(array)


def _pairs(path: str, array: pa.Array, wanted: Wanted) -> Iterator[tuple[str, pa.Array]]:
    """One column for each name among the entries."""
    entries = dict(_entries(array))
    names = _coalesced(entries, PAIR_NAMES)
    values = _coalesced(entries, _value_names(entries))
    if names.null_count:
        raise IrregularError
    parents = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)
    encoded = names.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(encoded.dictionary) + 1))
    for code, name in enumerate(encoded.dictionary.to_pylist()):
        if not wanted(f"{path}.{name}"):
            continue
        rows = order[starts[code] : starts[code + 1]]
        if len(np.unique(parents[rows])) < len(rows):
            raise IrregularError
        place = np.full(len(array), -1, dtype=np.int64)
        place[parents[rows]] = rows
        yield f"{path}.{name}", values.take(pa.array(place, mask=place < 0))


def _entries(array: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The leaves of the entries of a list, all entries of all rows in one column each."""
    for child, values in zip(array.type.value_type, pc.list_flatten(array).flatten(), strict=True):
        yield from _flat(child.name, values, lambda _name: True)


def _coalesced(columns: dict[str, pa.Array], names: Sequence[str]) -> pa.Array:
    """The first filled of these columns, entry by entry."""
    present = [columns[name] for name in names if name in columns]
    return pc.coalesce(*present) if present else pa.nulls(0, pa.string())


def _joined(array: pa.Array) -> pa.Array:
    """The values of each list as one text; null for an empty one."""
    if pa.types.is_null(array.type.value_type):
        return pa.nulls(len(array), pa.string())
    texts = text_of(pc.list_flatten(array))
    kept = pc.is_valid(texts).to_numpy(zero_copy_only=False)
    parents = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)[kept]
    counts = np.bincount(parents, minlength=len(array))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), texts.drop_null())
    joined = pc.binary_join(lists, ";")
    return pc.if_else(pa.array(counts > 0), joined, pa.scalar(None, pa.string()))


def text_of(array: pa.Array) -> pa.Array:
    """A column of values as text; the empty text is null."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return text_of(array.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        trimmed = pc.utf8_trim_whitespace(array.cast(pa.string()))
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return array.cast(pa.string())
    if pa.types.is_float64(kind):
        return _float_text(array)
    return pa.array([_value(value) for value in array.to_pylist()], pa.string())


def _float_text(array: pa.Array) -> pa.Array:
    texts = array.cast(pa.string())
    special = pc.fill_null(pc.match_substring_regex(texts, SPECIAL_NUMBER), False)
    rows = np.flatnonzero(special.to_numpy(zero_copy_only=False))
    if not len(rows):
        return texts
    exact = [_number(value) for value in array.take(pa.array(rows)).to_pylist()]
    return pc.replace_with_mask(texts, special, pa.array(exact, pa.string()))


def _number(value: float) -> str | None:
    return number_text(value) if value == value else None


def _value(value: object) -> str | None:
    try:
        return value_text(value)
    except TypeError:
        return str(value)
