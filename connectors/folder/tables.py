"""What passes between an adapter and the folder that is written: a sink of rows, and what the adapter found."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Result:
    """What an adapter found: the object that a lead is, currency, open stages in order, columns of leads that are
    identity, when the export was made, and the funnel's name, "" for that of the system.
    """

    object: str
    currency: str | None
    stages: tuple[str, ...]
    identity: tuple[str, ...]
    exported_us: int
    name: str = ""


class Sink(Protocol):
    """Takes the rows of a data folder's tables: `erase` and `rename` first, `interactions` at any time after them, then
    `leads`, then the others in any order.
    """

    def erase(self, ids: Collection[str]) -> None:
        """Names leads that the export marks as deleted: an earlier import loses them."""

    def merge(self, survivors: Mapping[str, str]) -> None:
        """Names leads that were merged, each with its survivor, before `leads`: what an earlier import has moves."""

    def absorbed(self, interactions: pa.Table, leads: Collection[str]) -> Mapping[str, str]:
        """Leads of an earlier import that the export lacks, each with the lead that has its interactions now."""

    def rename(self, ids: Mapping[str, str]) -> None:
        """Gives leads of an earlier import other ids; leads that get one id become one."""

    def leads(self, table: pa.Table, exported_us: int, with_history: Collection[str]) -> None:
        """All leads, once; with_history are the attributes whose changes the export gives."""

    def add(self, name: str, table: pa.Table) -> None:
        """Rows of another table."""
