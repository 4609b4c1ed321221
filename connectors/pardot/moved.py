"""Merged prospects: the system leaves no trace but activities that are another prospect's now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.hashes import Hashes, hashes
from history.base.arrays import Ints


@dataclass
class Moved:
    """Activities of an earlier import (n,), sorted by the hash of their id, and how many of each pair of an earlier and
    a present prospect are in the export.
    """

    known: Hashes
    leads: pa.Array
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def begin(self) -> None:
        self.seen = {}

    def see(self, ids: pa.Array, people: pa.Array) -> None:
        """Compares the prospects of activities (m,) with those of an earlier import."""
        if not len(self.known):
            return
        codes = hashes(ids)
        place = np.minimum(np.searchsorted(self.known, codes), len(self.known) - 1)
        rows = np.flatnonzero((self.known[place] == codes) & (codes != 0))
        before = self.leads.take(pa.array(place[rows])).to_pylist()
        now = people.take(pa.array(rows)).to_pylist()
        for pair in zip(before, now, strict=True):
            if pair[1] is not None:
                self.seen[pair] = self.seen.get(pair, 0) + 1

    def merged(self, present: Collection[str], deleted: Collection[str]) -> dict[str, str]:
        """Earlier prospect -> the one that has its activities now.

        One that the export marks as deleted, or one that it lacks and all of whose activities are another's.
        """
        counts = {str(lead): count for lead, count in self._counts().items()}
        owners: dict[str, set[str]] = {}
        for old, new in self.seen:
            owners.setdefault(old, set()).add(new)
        return {
            old: new
            for (old, new), count in self.seen.items()
            if old != new and owners[old] == {new} and new in present and old not in present
            and (old in deleted or count >= counts[old])
        }  # fmt: skip

    def _counts(self) -> Mapping[str, int]:
        pairs = pc.value_counts(self.leads)
        return dict(zip(pairs.field("values").to_pylist(), pairs.field("counts").to_pylist(), strict=True))


def moved_from(tables: Mapping[str, pa.Table]) -> Moved:
    """The activities of an earlier import; none if there is none."""
    if "interactions" not in tables:
        return Moved(np.zeros(0, dtype=np.uint64), pa.array([], pa.string()))
    table = tables["interactions"]
    codes = hashes(table.column("interaction_id").combine_chunks())
    order: Ints = np.argsort(codes, kind="stable")
    return Moved(codes[order], table.column("lead_id").combine_chunks().take(pa.array(order)))
