"""Rows of a system of persons in one form: who did what and when; the same for event streams and marketing systems."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.reading.export import Export
from connectors.reading.ids import are_no_ids
from history.base.arrays import Flags, Floats, Ints, Mask

LONGEST_ID: Final = 200
_WORDS: Final = re.compile(r"[\W_]+")
_WORD: Final = re.compile(r"[^\W_]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Role(IntEnum):
    """What a row is for."""

    STATEMENT = 0  # says something about the person
    TOUCH = 1  # an interaction
    STAGE = 2
    WON = 3
    LOST = 4
    ERASURE = 5  # the person is to be erased


@dataclass(frozen=True)
class PersonRows:
    """Some rows (m,) of an export in the common form.

    table: the rows as the export has them, for its accounts; None for a further id of rows that are there already.
    us: when they happened; recorded_us: when the system knew it, NO_TIME if unknown. makes_lead: rows that turn their
    person into a lead; is_test: rows by which a person is a tester. columns: any of COLUMNS.
    amount, value: NaN if unknown; converted: the amount in the currency of Rules.converted_into.
    traits: what is said of the person, from then on; context: the circumstances, of which those at the creation count;
    first: of which the first one counts. Null is no statement.
    """

    table: pa.Table | None
    us: Ints
    recorded_us: Ints
    role: Flags
    makes_lead: Mask
    columns: Mapping[str, pa.Array]
    amount: Floats | None = None
    converted: Floats | None = None
    value: Floats | None = None
    traits: Mapping[str, pa.Array] = field(default_factory=dict)
    is_test: Mask | None = None
    context: Mapping[str, pa.Array] = field(default_factory=dict)
    first: Mapping[str, pa.Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.us)

    def text(self, name: str) -> pa.Array:
        """One of COLUMNS, null throughout if the system lacks it."""
        array = self.columns.get(name)
        return pa.nulls(len(self), pa.string()) if array is None else array

    def number(self, values: Floats | None) -> Floats:
        return np.full(len(self), np.nan) if values is None else values


# known: the id by which the system knows a person; address: an e-mail address; visitor: the id of a device or browser;
# a row belongs to the first of them. other: a further id of that person (an alias, a merge). event_id tells doubles.
COLUMNS: Final = (
    "known", "address", "visitor", "other", "event_id", "kind", "channel", "direction", "stage", "currency", "reason",
)  # fmt: skip


# Reads an export in the common form; it is called twice and gives the same rows in the same order.
Reader = Callable[[Export], Iterator[PersonRows]]


@dataclass(frozen=True)
class Rules:
    """What the rows of a system mean.

    first_stage: the stage in which each lead begins, None if there are no stages; stages: the open ones in order.
    won: the names of wins, for messages. identity: attributes that say who it is. converted_into: the currency into
    which the system itself converts amounts. lead_rule: the rule that makes a lead, in words. check_kinds: raises
    InvalidInput if rows of a kind that the user named are missing.
    """

    lead_rule: str
    first_stage: str | None = None
    stages: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    converted_into: str | None = None
    check_kinds: Callable[[Iterable[str]], None] | None = None


def erasures(table: pa.Table | None, ids: pa.Array) -> PersonRows:
    """Requests to erase people by their ids; they have no time of their own."""
    count = len(ids)
    return PersonRows(
        table, np.zeros(count, np.int64), np.full(count, NO_TIME), np.full(count, Role.ERASURE, np.int8),
        np.zeros(count, np.bool_), {"other": ids},
    )  # fmt: skip


def person_ids(array: pa.Array) -> pa.Array:
    """Ids without the words that stand for no id, and without those that are too long to be one."""
    wrong = pc.or_(
        pa.array(are_no_ids(array)), pc.greater(pc.fill_null(pc.utf8_length(array), 0), LONGEST_ID)
    )
    return pc.if_else(wrong, pa.scalar(None, pa.string()), array)


def slug(text: str) -> str:
    """ "Order Completed", "orderCompleted" and "order_completed" as order_completed."""
    spaced = _CAMEL.sub(" ", text)
    return _WORDS.sub("_", spaced.strip().casefold()).strip("_") or "other"


def kind_of(text: str) -> str | None:
    """The slug of a name; None for signs without a letter or digit, which name nothing."""
    return slug(text) if _WORD.search(text) else None


def each_word(array: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    """A column of texts with each distinct text changed once."""
    encoded = array.dictionary_encode()
    words = [change(word) for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)
