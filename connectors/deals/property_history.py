"""A history of whole values of properties: each property's value at the creation, and its changes from then on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from connectors.deals.attributes import Changes, Text
from history.base.arrays import Ints

# A form or an integration fills a new record within moments: such a value was there from the start.
AT_CREATION_US: Final = 60_000_000
FirstValues = dict[str, dict[int, Text]]
Reader = Callable[
    [Sequence[Text], Ints], list[Text]
]  # values and the leads they belong to -> their form in `leads`


@dataclass(frozen=True)
class PropertyHistory:
    """Values (m,) of properties in order of lead, time and file: the lead's place, when, the property, the value."""

    lead: Ints
    us: Ints
    name: "np.ndarray[tuple[int], np.dtype[np.object_]]"
    value: Sequence[Text]

    @property
    def names(self) -> set[str]:
        return set(self.name.tolist())

    def of(self, name: str) -> tuple[Ints, Ints, list[Text]]:
        """The leads, times and values of one property, in order."""
        rows = np.flatnonzero(self.name == name)
        return self.lead[rows], self.us[rows], [self.value[row] for row in rows.tolist()]

    def add_changes(
        self, attributes: Mapping[str, str], created_us: Ints, readers: Mapping[str, Reader], changes: Changes
    ) -> FirstValues:
        """Adds the changes of properties (property -> attribute); returns attribute -> lead -> value at creation."""
        first: FirstValues = {}
        for name, attribute in attributes.items():
            lead, us, values = self.of(name)
            if not len(lead):
                continue
            read = readers.get(attribute)
            texts = read(values, lead) if read else values
            first[attribute] = _versions(changes, attribute, (lead, us, texts), created_us)
        return first


def in_order(lead: Ints, us: Ints, name: Sequence[str], value: Sequence[Text]) -> PropertyHistory:
    """The rows as a history; of rows of one instant the file's order counts."""
    order = np.lexsort((us, lead))
    names = np.array(name, dtype=object)
    return PropertyHistory(lead[order], us[order], names[order], [value[row] for row in order.tolist()])


def _versions(
    changes: Changes, attribute: str, rows: tuple[Ints, Ints, Sequence[Text]], created_us: Ints
) -> dict[int, Text]:
    first: dict[int, Text] = {}
    last: dict[int, Text] = {}
    for lead, us, value in zip(rows[0].tolist(), rows[1].tolist(), rows[2], strict=True):
        value = value or None
        if us <= created_us[lead] + AT_CREATION_US:
            first[lead] = value
        elif last.get(lead) != value:
            first.setdefault(lead, None)
            changes.add(lead, us, attribute, last.get(lead), value)
        last[lead] = value
    return first
