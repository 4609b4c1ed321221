"""Attributes with a history: the value at the creation, and each change from then on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME, times
from connectors.reading.values import read_numbers
from connectors.reading.words import is_true
from history.base.arrays import Ints
from history.text.values import number_text

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


def spelt_as(present: Sequence[Text], past: Sequence[Text]) -> list[Text]:
    """Past values of an attribute as its present ones are spelt, where all are booleans or all are numbers.

    A report has 1 for a ticked box whose history has true: as they stand, the word would tell which leads changed.
    """
    words = {text for text in present if text}
    others = {text for text in past if text and text not in words}
    if not words or not others:
        return list(past)
    meant = {text: is_true(text) for text in words}
    if None not in meant.values() and all(is_true(text) is not None for text in others):
        word_of = _booleans(meant)
        return [word_of[is_true(text)] if text in others else text for text in past]
    listed, changed = sorted(words), sorted(others)
    now, then = (read_numbers(pa.array(texts, pa.string())) for texts in (listed, changed))
    if not (now.good.all() and then.good.all()):
        return list(past)
    word_of_number = dict(zip(now.value.tolist(), listed, strict=True))
    spelt = {text: word_of_number.get(value, number_text(value))
             for text, value in zip(changed, then.value.tolist(), strict=True)}  # fmt: skip
    return [spelt.get(text, text) if text else text for text in past]


def spelt_as_columns(
    fields: Sequence[str], values: Sequence[Text], present: Mapping[str, pa.Array]
) -> list[Text]:
    """Past values of several fields, each spelt as its column; fields: of each value. present: columns by field."""
    spelt = list(values)
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(fields):
        if name in present:
            rows_of.setdefault(name, []).append(row)
    for name, rows in rows_of.items():
        texts = spelt_as(present[name].to_pylist(), [values[row] for row in rows])
        for row, text in zip(rows, texts, strict=True):
            spelt[row] = text
    return spelt


def _booleans(meant: Mapping[str, bool | None]) -> dict[bool | None, str]:
    """The word of true and of false; one that no present value has is that of the digits or of English."""
    word_of = {meaning: text for text, meaning in sorted(meant.items())}
    digits = set(word_of.values()) <= {"0", "1"}
    return {True: "1" if digits else "true", False: "0" if digits else "false", **word_of}
