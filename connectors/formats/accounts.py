"""Accounts of the rows of an export: each is used, or set aside for a reason with its first offender."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from history.base.arrays import Ints


@dataclass
class Reason:
    """Rows set aside for one reason: how many, and the file and row of the first; never values."""

    count: int
    first: str


@dataclass
class Account:
    """The rows of one source; rows_read = rows_used + all set aside once an import is done."""

    file: str
    kind: str = ""
    rows_read: int = 0
    rows_used: int = 0
    set_aside: dict[str, Reason] = field(default_factory=dict)

    def leave(self, reason: str, rows: Iterable[int] | Ints) -> None:
        """Counts rows (their numbers in the file, the header being the first) as set aside."""
        numbers = np.asarray(list(rows) if not isinstance(rows, np.ndarray) else rows, dtype=np.int64)
        if not len(numbers):
            return
        entry = self.set_aside.setdefault(
            reason, Reason(0, f"{self.file}, row {int(numbers.min())}: {reason}")
        )
        entry.count += len(numbers)

    @property
    def is_balanced(self) -> bool:
        return self.rows_read == self.rows_used + sum(entry.count for entry in self.set_aside.values())

    def record(self) -> dict[str, Any]:
        """The entry of import.json."""
        return {
            "file": self.file,
            "kind": self.kind,
            "rows_read": self.rows_read,
            "rows_used": self.rows_used,
            "set_aside": {
                reason: {"count": entry.count, "first": entry.first}
                for reason, entry in sorted(self.set_aside.items())
            },
        }
