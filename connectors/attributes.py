"""Attributes with a history: the value at the creation, and each change from then on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from connectors.deals import NO_TIME, times
from history.base.arrays import Ints

Text = str | None


@dataclass
class Changes:
    """Changes of attributes: lists of one length; `before` is the value that the change replaces."""

    lead: list[int] = field(default_factory=list)
    us: list[int] = field(default_factory=list)
    attribute: list[str] = field(default_factory=list)
    before: list[Text] = field(default_factory=list)
    value: list[Text] = field(default_factory=list)

    def add(self, lead: int, us: int, attribute: str, before: Text, value: Text) -> None:
        self.lead.append(lead)
        self.us.append(us)
        self.attribute.append(attribute)
        self.before.append(before)
        self.value.append(value)

    def at_creation(self) -> dict[str, dict[int, Text]]:
        """attribute -> lead -> the value before its first change."""
        first: dict[str, dict[int, Text]] = {}
        for place in np.argsort(np.array(self.us, dtype=np.int64), kind="stable").tolist():
            first.setdefault(self.attribute[place], {}).setdefault(self.lead[place], self.before[place])
        return first

    def table(self, ids: Sequence[str]) -> pa.Table:
        """The rows of `attribute_changes`; a removed value is the empty text."""
        return pa.table(
            {
                "lead_id": pa.array([ids[lead] for lead in self.lead], pa.string()),
                "changed_at": times(np.array(self.us, dtype=np.int64)),
                "attribute": pa.array(self.attribute, pa.string()),
                "value": pa.array([value or "" for value in self.value], pa.string()),
                "recorded_at": times(np.full(len(self.us), NO_TIME)),
            }
        )


def add_versions(
    changes: Changes, attribute: str, lead: Ints, us: Ints, values: Sequence[Text]
) -> dict[int, Text]:
    """Adds the changes between rows of whole values, sorted by lead and time; returns the first values."""
    first: dict[int, Text] = {}
    last: dict[int, Text] = {}
    for owner, instant, value in zip(lead.tolist(), us.tolist(), values, strict=True):
        if owner not in last:
            first[owner] = value
        elif last[owner] != value:
            changes.add(owner, instant, attribute, last[owner], value)
        last[owner] = value
    return first
