"""Many2one fields of Odoo as each form writes them: `[id, name]`, an id, a name, or two columns."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.export import column
from history.base.arrays import Ints

PAIR: Final = re.compile(r"^([0-9]+);(.*)$", re.DOTALL)  # [3, "Qualified"] of JSON
LISTED: Final = re.compile(r"""^\[\s*([0-9]+)\s*,\s*["'](.*)["']\s*\]$""", re.DOTALL)  # the same in a cell
EXPORTED: Final = re.compile(r"^__(?:export|import)__\.\w+?_([0-9]+)(?:_[0-9a-f]+)?$")  # an external id
WHOLE: Final = re.compile(r"^([0-9]+)(?:\.0)?$")
EMPTY: Final = frozenset(
    ("false", "False", "null", "None", "[]", "{}")
)  # an empty field of any type but boolean
LANGUAGES: Final = ("en_US", "en_GB")  # of translated names, before any other
Text = str | None


@dataclass(frozen=True)
class Reference:
    """A linked record: its id, its name, or both."""

    id: Text = None
    name: Text = None


NOTHING: Final = Reference()


def record_id(text: Text) -> Text:
    """The database id in an id: of "12", "12.0", and the external id `__export__.crm_lead_12_0a1b2c3d`."""
    if text is None or text in EMPTY:
        return None
    match = WHOLE.match(text) or EXPORTED.match(text)
    return match[1] if match else text


def reference(text: Text) -> Reference:
    """The record that one cell names."""
    if text is None or text in EMPTY:
        return NOTHING
    if match := PAIR.match(text) or LISTED.match(text):
        return Reference(match[1], translated(match[2]) or None)
    if match := WHOLE.match(text) or EXPORTED.match(text):
        return Reference(match[1])
    return Reference(None, translated(text))


def translated(text: Text) -> Text:
    """A name that may be stored by language: {"en_US": "New", "de_DE": "Neu"} is "New"."""
    if text is None or not text.startswith("{"):
        return text
    try:
        names = json.loads(text)
    except ValueError:
        return text
    if not isinstance(names, dict):
        return text
    chosen = [names[language] for language in LANGUAGES if names.get(language)]
    return str(next(iter([*chosen, *filter(None, names.values())]), "")) or None


@dataclass(frozen=True)
class References:
    """The records of a column (n,): codes into `distinct`, whose last entry is no record."""

    codes: Ints
    distinct: Sequence[Reference]

    def names(self, known: dict[str, str]) -> list[Text]:
        """The name of each row's record: by `known` (id -> name), else as written, else the id."""
        texts = [known.get(entry.id or "") or entry.name or entry.id for entry in self.distinct]
        return [texts[code] for code in self.codes.tolist()]

    def ids(self) -> list[Text]:
        texts = [entry.id for entry in self.distinct]
        return [texts[code] for code in self.codes.tolist()]

    def record_keys(self) -> list[Text]:
        """The id of each row's record, its name without an id."""
        texts = [entry.id or entry.name for entry in self.distinct]
        return [texts[code] for code in self.codes.tolist()]


def references(table: pa.Table, name: str) -> References:
    """The records of a relation (`relation` of objects.py), from whichever of its columns the table has."""
    mark = pa.scalar("\x1f")
    parts = [pc.fill_null(column(table, part), "") for part in (name, f"{name}.id", f"{name}.name")]
    encoded = pc.binary_join_element_wise(*parts, mark).dictionary_encode()
    distinct = [_joined(*text.split("\x1f", 2)) for text in encoded.dictionary.to_pylist()]
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return References(codes, [*distinct, NOTHING])


def _joined(own: str, id_: str, name: str) -> Reference:
    cell, other = reference(own or None), reference(id_ or None)
    return Reference(cell.id or other.id or other.name, translated(name or None) or cell.name)


def texts(table: pa.Table, name: str) -> list[Text]:
    """A column of texts in which `false` is an empty field, as in Odoo's API."""
    return [None if text in EMPTY else text for text in column(table, name).to_pylist()]
