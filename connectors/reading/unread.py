"""Cells that cannot be read: counted by column with an example, for the notes of import.json."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Mask

NOTHING: Final = "false"  # an empty field, in the API of Odoo


@dataclass
class UnreadCells:
    """What could not be read, such as "times of closedate", with the number of cells and the first of them."""

    _found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, what: str, texts: pa.Array | pa.ChunkedArray, unread: Mask) -> None:
        """Counts the cells of `unread` (n,); a column that is read again keeps the larger count."""
        if not unread.any():
            return
        is_nothing = pc.fill_null(pc.equal(pc.utf8_lower(texts), NOTHING), False)
        unread = unread & ~np.asarray(is_nothing.to_numpy(zero_copy_only=False))
        count = int(unread.sum())
        if count > self._found.get(what, (0, ""))[0]:
            example = texts.filter(pa.array(unread))[0].as_py()
            self._found[what] = (count, self._found.get(what, (0, str(example)))[1])

    def notes(self) -> list[str]:
        """One sentence for each column."""
        return [
            f"{count:,} {what} cannot be read, such as {example!r}: they count as missing."
            for what, (count, example) in self._found.items()
        ]
