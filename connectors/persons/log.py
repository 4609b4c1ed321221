"""The first reading of an export: ids, times and decisions of all rows as arrays, about 40 bytes a row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.persons.rows import PersonRows, Role, person_ids
from connectors.reading.hashes import Hashes, hashes
from history.base.arrays import Codes, Flags, Floats, Ints, Mask

ID_COLUMNS: Final = ("known", "address", "visitor", "other")
DECISION_TEXTS: Final = ("stage", "currency", "reason")
NO_ID: Final = -1
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Decisions:
    """Wins, losses and stage entries (d,): their places in the log, amounts (converted: as the system did it), and
    texts by DECISION_TEXTS.
    """

    row: Ints
    amount: Floats
    converted: Floats
    texts: dict[str, Sequence[str | None]]


@dataclass(frozen=True)
class Log:
    """All rows (m,) of an export. vocabulary: the ids; known, address, visitor, other: codes of ids, NO_ID without one.

    us, recorded_us, role, makes_lead, is_test: as in PersonRows. event: a hash of the event's id, 0 without one.
    """

    vocabulary: pa.Array
    known: Codes
    address: Codes
    visitor: Codes
    other: Codes
    us: Ints
    recorded_us: Ints
    role: Flags
    makes_lead: Mask
    is_test: Mask
    event: Hashes
    decisions: Decisions

    def __len__(self) -> int:
        return len(self.us)

    @property
    def owner(self) -> Codes:
        """The id whose person each row belongs to (m,), NO_ID without one."""
        owner = np.where(self.known >= 0, self.known, self.address)
        owner = np.where(owner >= 0, owner, self.visitor)
        return np.asarray(np.where(owner >= 0, owner, self.other))

    @property
    def seen_us(self) -> Ints:
        """When the system knew each row (m,)."""
        return np.where(self.recorded_us == NO_TIME, self.us, self.recorded_us)

    def repeated(self) -> Mask:
        """Rows of an event that is there already (m,): of each event the row recorded first counts, one of an unknown
        time only without another.
        """
        rows = np.flatnonzero(self.event)
        recorded_us = np.where(self.recorded_us == NO_TIME, np.iinfo(np.int64).max, self.recorded_us)
        order = rows[np.lexsort((rows, recorded_us[rows], self.event[rows]))]
        repeated = np.zeros(len(self), dtype=np.bool_)
        repeated[order[1:]] = self.event[order[1:]] == self.event[order[:-1]]
        return repeated


@dataclass
class LogBuilder:
    """Collects the batches of the first reading."""

    rows: int = 0
    ids: list[pa.DictionaryArray] = field(default_factory=list)
    us: list[Ints] = field(default_factory=list)
    recorded_us: list[Ints] = field(default_factory=list)
    role: list[Flags] = field(default_factory=list)
    makes_lead: list[Mask] = field(default_factory=list)
    is_test: list[Mask] = field(default_factory=list)
    event: list[Hashes] = field(default_factory=list)
    decided: list[Ints] = field(default_factory=list)
    amount: list[Floats] = field(default_factory=list)
    converted: list[Floats] = field(default_factory=list)
    texts: list[pa.Table] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def add(self, rows: PersonRows) -> None:
        self.ids += [person_ids(rows.text(name)).dictionary_encode() for name in ID_COLUMNS]
        for name in ("us", "recorded_us", "role", "makes_lead"):
            getattr(self, name).append(getattr(rows, name))
        self.is_test.append(np.zeros(len(rows), np.bool_) if rows.is_test is None else rows.is_test)
        self.event.append(hashes(rows.text("event_id")))
        places = np.flatnonzero((rows.role >= Role.STAGE) & (rows.role <= Role.LOST))
        self.decided.append(places + self.rows)
        self.amount.append(rows.number(rows.amount)[places])
        self.converted.append(rows.number(rows.converted)[places])
        taken = {name: rows.text(name).take(pa.array(places)) for name in DECISION_TEXTS}
        self.texts.append(pa.table(taken))
        self.kinds.update(kind for kind in pc.unique(rows.text("kind")).to_pylist() if kind)
        self.rows += len(rows)

    def log(self) -> Log:
        unified = pa.chunked_array(self.ids, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
        codes = [
            pc.fill_null(chunk.indices, NO_ID).to_numpy(zero_copy_only=False) for chunk in unified.chunks
        ]
        known, address, visitor, other = (
            np.concatenate([*codes[place :: len(ID_COLUMNS)], np.zeros(0, np.int32)]).astype(np.int32)
            for place in range(len(ID_COLUMNS))
        )
        texts = (
            pa.concat_tables(self.texts) if self.texts else pa.table({n: pa.nulls(0) for n in DECISION_TEXTS})
        )
        decisions = Decisions(
            _joined(self.decided, np.int64),
            _joined(self.amount, np.float64),
            _joined(self.converted, np.float64),
            {name: texts.column(name).to_pylist() for name in DECISION_TEXTS},
        )
        vocabulary = unified.chunk(0).dictionary if unified.num_chunks else pa.array([], pa.string())
        return Log(
            vocabulary=vocabulary, known=known, address=address, visitor=visitor, other=other,
            us=_joined(self.us, np.int64), recorded_us=_joined(self.recorded_us, np.int64),
            role=_joined(self.role, np.int8), makes_lead=_joined(self.makes_lead, np.bool_),
            is_test=_joined(self.is_test, np.bool_), event=_joined(self.event, np.uint64), decisions=decisions,
        )  # fmt: skip


def _joined(pieces: list[npt.NDArray[T]], kind: type[T]) -> npt.NDArray[T]:
    return np.concatenate([*pieces, np.zeros(0, dtype=kind)])
