"""How a system's objects are declared: their fields by API name, the labels these have in reports, and their traps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Trap(StrEnum):
    """What a field is to a model."""

    USED = "used"  # read by the adapter itself: ids, times, stages, amounts
    ATTRIBUTE = "attribute"  # known at the creation, learned
    IDENTITY = "identity"  # who it is: shown, never learned
    TODAY = "today"  # the value of the export's day: not learned without its history
    OUTCOME = "outcome"  # follows from the outcome: never learned
    IGNORE = "ignore"  # of the system itself: links, flags, time stamps


class Kind(StrEnum):
    """How a field's text is read."""

    TEXT = "text"
    TIME = "time"
    NUMBER = "number"


@dataclass(frozen=True)
class Field:
    """One field of an object; attribute is the column of `leads` that it fills, if it has a name of its own there."""

    name: str
    trap: Trap
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.TEXT
    attribute: str | None = None


@dataclass(frozen=True)
class ObjectKind:
    """One object of a system: a file with all of `needs` (of a tuple one) and none of `without` is such a table.

    wrapper: parts of a column's name that its loader or API adds, such as `properties.`; dated: columns of no field
    that hold times. unused: why no row of such a table is used, "" if the adapter reads it.
    named: words of which the file's name has one; only for lookup tables, whose columns are all alike.
    """

    name: str
    fields: tuple[Field, ...]
    needs: tuple[str | tuple[str, ...], ...]
    without: tuple[str, ...] = ()
    streamed: bool = False  # too many rows to hold: read in batches
    wrapper: re.Pattern[str] | None = None
    dated: re.Pattern[str] | None = None
    unused: str = ""
    kept: tuple[str, ...] = ()  # of a streamed kind: how columns of no field begin that are read too
    named: tuple[str, ...] = ()

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def bare(self, column: str) -> str:
        """A column's name without its wrapper."""
        return self.wrapper.sub("", column) if self.wrapper else column

    def trapped(self, trap: Trap) -> Iterator[Field]:
        return (field for field in self.fields if field.trap is trap)


def used(*names: str, kind: Kind = Kind.TEXT) -> tuple[Field, ...]:
    """Fields that the adapter reads; a name may bring its labels: "CloseDate|Close Date|Closing Date"."""
    return _fields(Trap.USED, names, kind)


def times(*names: str) -> tuple[Field, ...]:
    return _fields(Trap.USED, names, Kind.TIME)


def trapped(trap: Trap, *names: str) -> tuple[Field, ...]:
    """Fields of one trap, with their labels as in `used`."""
    return _fields(trap, names, Kind.TEXT)


def _fields(trap: Trap, names: tuple[str, ...], kind: Kind) -> tuple[Field, ...]:
    split = (name.split("|") for name in names)
    return tuple(Field(name, trap, tuple(labels), kind) for name, *labels in split)
