"""All leads of a store with their rows, read in batches into arrays.

A batch of rows becomes arrays before the next one is read: no object of a row outlives its batch. 100,000 leads with
1.7 million interactions took 15 s of processor time as lists of rows.
"""

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np
from sqlalchemy import Connection, Select, Table, select

from history.base.arrays import Codes, Ints, Mask
from history.history import Factor
from serving.base.collector import no_collections
from serving.store import schema as db
from serving.store.database.statements import is_sqlite, sqlite_driver, sqlite_text
from serving.store.leads.history import StoredLeads, TableColumns, attribute_text
from serving.store.leads.lead_rows import scalar_text
from serving.store.schema import FACT_COLUMNS, LEAD_NO

ROWS_PER_BATCH: Final = 8_192
LEADS_PER_BATCH: Final = 1_024  # with some tens of attributes each
TEXT_COLUMNS: Final = {
    "interactions": ("kind", "channel"),
    "stages": ("stage",),
    "outcomes": ("reason",),
    "attribute_changes": ("attribute", "value"),
}
ARRAYS: Final = {"direction": np.int8, "state": np.int8, "value": np.float64, "amount": np.float64}
ROW_IDS: Final = "interaction_id"


def all_leads(connection: Connection, as_of_us: int, end_us: int, with_ids: bool = True) -> StoredLeads:
    """The leads created by as_of_us in the order of their arrival, with all their rows."""
    with no_collections():
        return _all_leads(connection, as_of_us, end_us, with_ids)


def _all_leads(connection: Connection, as_of_us: int, end_us: int, with_ids: bool) -> StoredLeads:
    heads = _Heads()
    query = select(db.leads.c.lead_no, db.leads.c.lead_id, db.leads.c.created_us, db.leads.c.attributes)
    query = query.where(db.leads.c.created_us <= as_of_us).order_by(db.leads.c.lead_no)
    for columns in _batches(connection, query, LEADS_PER_BATCH):
        heads.add(*columns)
    lead_no = _joined(heads.lead_no, np.int64)
    tables = {table.name: _table(connection, table, with_ids) for table in db.FACTS}
    return StoredLeads(
        lead_no=lead_no,
        lead_ids=heads.lead_ids,
        created_us=_joined(heads.created_us, np.int64),
        attributes=heads.attributes(),
        tables={name: _only_of(columns, lead_no) for name, columns in tables.items()},
        end_us=end_us,
    )


def _batches(connection: Connection, query: Select[Any], count: int) -> Iterator[Sequence[Sequence[Any]]]:
    """The columns of each batch of `count` rows."""
    if is_sqlite(connection):
        text = sqlite_text(query)
        cursor = sqlite_driver(connection).execute(text, query.compile().params)
        while rows := cursor.fetchmany(count):
            yield tuple(zip(*rows, strict=True))
    else:
        for part in connection.execute(query.execution_options(yield_per=count)).partitions():
            yield tuple(zip(*part, strict=True))


class _Coder(dict[Hashable, int]):
    """Value -> code, in the order of first occurrence; -1 for one whose text is missing."""

    def __init__(self, text_of: Callable[[Any], str | None] = lambda text: text) -> None:
        self._text_of = text_of
        self._code: dict[str, int] = {}

    def __missing__(self, value: Any) -> int:
        text = self._text_of(value)
        code = -1 if text is None else self._code.setdefault(text, len(self._code))
        self[value] = code
        return code

    def codes(self, values: Sequence[Any]) -> Codes:
        """The codes of a batch (n,)."""
        return np.fromiter(map(self.__getitem__, values), dtype=np.int32, count=len(values))

    def factor(self, batches: Sequence[Codes]) -> Factor:
        """The coded batches as one column."""
        return Factor(_joined(batches, np.int32), list(self._code)).compact()


class _Heads:
    """The leads themselves, batch by batch."""

    def __init__(self) -> None:
        self.lead_no: list[Ints] = []
        self.lead_ids: list[str] = []
        self.created_us: list[Ints] = []
        self._columns: dict[
            str, tuple[_Coder, list[Codes]]
        ] = {}  # in the order in which leads name them first

    def add(
        self, lead_no: Sequence[int], lead_id: Sequence[str], created_us: Sequence[int], texts: Sequence[str]
    ) -> None:
        """Adds a batch of rows of the table `leads`."""
        scalars = _scalars(texts)
        for name in dict.fromkeys(chain.from_iterable(scalars)):
            if name not in self._columns:
                self._columns[name] = (
                    _Coder(attribute_text),
                    [np.full(len(self.lead_ids), -1, dtype=np.int32)],
                )
        for name, (coder, batches) in self._columns.items():
            batches.append(coder.codes(_hashable([lead.get(name) for lead in scalars])))
        self.lead_no.append(np.array(lead_no, dtype=np.int64))
        self.lead_ids += lead_id
        self.created_us.append(np.array(created_us, dtype=np.int64))

    def attributes(self) -> dict[str, Factor]:
        """The attributes at creation."""
        return {name: coder.factor(batches) for name, (coder, batches) in self._columns.items()}


def _scalars(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The attributes of each lead; as one list, which is decoded faster than its members."""
    try:
        return msgspec.json.decode(f"[{','.join(texts)}]", type=list[dict[str, Any]])
    except msgspec.MsgspecError:  # NaN, which Python's json writes and reads
        return [json.loads(text) for text in texts]


def _hashable(values: list[Any]) -> list[Any]:
    """Values of which equal ones have the same text: 1, 1.0 and true are equal, and their texts are not."""
    if {*map(type, values)} <= {str, type(None)}:
        return values
    return [attribute_text(value) for value in values]


def _table(connection: Connection, table: Table, with_ids: bool) -> TableColumns:
    """A fact table as KEY_COLUMNS and FACT_COLUMNS; columns that no History needs are empty."""
    names = ("lead_no", *FACT_COLUMNS[table.name])
    if not with_ids:
        names = tuple(name for name in names if name != ROW_IDS)
    query = select(*(table.c[name] for name in names)).order_by(table.c.lead_no, table.c.row_no)
    columns = [_column(table, name) for name in names]
    for batch in _batches(connection, query, ROWS_PER_BATCH):
        for column, values in zip(columns, batch, strict=True):
            column.add(values)
    read = {name: column.result() for name, column in zip(names, columns, strict=True)}
    return [read.get(name, ()) for name in ("lead_no", "row_no", *FACT_COLUMNS[table.name])]


class _Texts:
    def __init__(self, text_of: Callable[[Any], str | None] = lambda text: text) -> None:
        self._coder, self._batches = _Coder(text_of), list[Codes]()

    def add(self, values: Sequence[Any]) -> None:
        self._batches.append(self._coder.codes(values))

    def result(self) -> Factor:
        return self._coder.factor(self._batches)


class _Numbers:
    def __init__(self, dtype: Any) -> None:
        self._dtype, self._batches = dtype, list[Any]()

    def add(self, values: Sequence[Any]) -> None:
        self._batches.append(np.array(values, dtype=self._dtype))

    def result(self) -> Any:
        return _joined(self._batches, self._dtype)


class _Values:
    """Values as they are: ids, and times that may be missing."""

    def __init__(self) -> None:
        self._values: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        self._values += values

    def result(self) -> list[Any]:
        return self._values


def _column(table: Table, name: str) -> _Texts | _Numbers | _Values:
    if name in TEXT_COLUMNS[table.name]:
        return _Texts(scalar_text) if name == "value" else _Texts()
    if name in ARRAYS:
        return _Numbers(ARRAYS[name])
    return _Values() if table.c[name].nullable else _Numbers(np.int64)


def _only_of(columns: TableColumns, lead_no: Ints) -> TableColumns:
    """The rows of these leads, whose numbers are in order."""
    numbers: Ints = columns[LEAD_NO]
    place = np.searchsorted(lead_no, numbers)
    is_kept = np.append(lead_no, -1)[place] == numbers
    return columns if is_kept.all() else [_filtered(column, is_kept) for column in columns]


def _filtered(column: Any, is_kept: Mask) -> Any:
    if isinstance(column, Factor):
        return column.take(is_kept)
    if isinstance(column, np.ndarray):
        return column[is_kept]
    return (
        [value for value, kept in zip(column, is_kept.tolist(), strict=True) if kept] if len(column) else ()
    )


def _joined(batches: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate(batches) if batches else np.zeros(0, dtype=dtype)
