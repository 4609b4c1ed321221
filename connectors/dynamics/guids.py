"""Ids of Dataverse: GUIDs in any case, with or without braces, alone or after the name of their table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.export import column

Text = str | None
GUID: Final = re.compile(r"^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$")
WRAPPED: Final = r"^(?:[a-z0-9_]+[,:])?\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$"


def guids(array: pa.Array) -> pa.Array:
    """A column of ids in one form; texts that are no ids stay, folded."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(array))
    return pc.replace_substring_regex(lower, WRAPPED, r"\1")


def guid(text: Text) -> Text:
    """One id in that form, None for a text that is no id."""
    if text is None:
        return None
    bare = re.sub(WRAPPED, r"\1", text.strip().lower())
    return bare if GUID.match(bare) else None


def is_guid(text: Text) -> bool:
    return guid(text) is not None


@dataclass(frozen=True)
class Links:
    """The records that a lookup names (n,): ids where the export has them, and names."""

    ids: Sequence[Text]
    names: Sequence[Text]

    def named(self, known: dict[str, str]) -> list[Text]:
        """A name for each: by `known` (id -> name), else as written, else the id."""
        return [known.get(id_ or "") or name or id_ for id_, name in zip(self.ids, self.names, strict=True)]

    def record_keys(self) -> list[Text]:
        """The id of each, its name without an id."""
        return [id_ or name for id_, name in zip(self.ids, self.names, strict=True)]


def links(table: pa.Table, name: str) -> Links:
    """A lookup of objects.py: an id with or without its name beside it, or in views a name alone."""
    own, labels = column(table, name).to_pylist(), column(table, f"{name}.label").to_pylist()
    ids = [guid(text) for text in own]
    names = [
        label or (text if id_ is None else None) for text, id_, label in zip(own, ids, labels, strict=True)
    ]
    return Links(ids, names)


def labels(table: pa.Table, name: str) -> list[Text]:
    """A choice of objects.py: its label where the export has it, else its number."""
    own, named = column(table, name).to_pylist(), column(table, f"{name}.label").to_pylist()
    return [label or text for text, label in zip(own, named, strict=True)]
