"""Activities of a person: the deal of the person to which each belongs."""

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from connectors.reading.ids import whole_ids
from history.base.arrays import Ints


class People:
    """Persons and their deals: an activity belongs to the person's newest deal of that time, else to the first one."""

    def __init__(self, links: Iterable[tuple[str, int]], created_us: Ints) -> None:
        """links: (id of a person, place of a deal) in any order; created_us (n,): the creation of the deals."""
        places: dict[str, set[int]] = {}
        for person, place in links:
            places.setdefault(person, set()).add(place)
        self._created_us = created_us
        self._deals: Mapping[str, list[int]] = {
            person: sorted(deals, key=lambda place: int(created_us[place]))
            for person, deals in places.items()
        }

    @property
    def any(self) -> bool:
        """Whether any person has a deal."""
        return bool(self._deals)

    def deals_at(self, persons: pa.Array, us: Ints) -> Ints:
        """The place of each activity's deal (m,), -1 for a person without deals."""
        encoded = whole_ids(persons).dictionary_encode()
        deals = [self._deals.get(person, []) for person in encoded.dictionary.to_pylist()]
        codes = encoded.indices.fill_null(len(deals)).to_numpy(zero_copy_only=False)
        first = np.array([entry[0] if entry else -1 for entry in deals] + [-1], dtype=np.int64)
        place = first[codes]
        several = np.array([len(entry) > 1 for entry in deals] + [False], dtype=np.bool_)
        for row in np.flatnonzero(several[codes]).tolist():
            candidates = deals[codes[row]]
            created = self._created_us[candidates]
            place[row] = candidates[max(int(np.searchsorted(created, us[row], side="right")) - 1, 0)]
        return np.asarray(place)
