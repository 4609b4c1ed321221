"""Tells from its columns which object of a system a source holds; labels, API names and warehouse names are one."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from connectors.formats.sources import Source
from connectors.reading.declare import Field, Kind, ObjectKind
from connectors.reading.labels import translations

# Columns that warehouse loaders add: Fivetran, Airbyte, dlt, Singer and Stitch.
LOADER: Final = re.compile(r"^_(fivetran|airbyte|dlt|sdc)_?", re.IGNORECASE)
DELETED: Final = ("_fivetran_deleted", "_sdc_deleted_at", "_ab_cdc_deleted_at")
VERSION_START: Final = "_fivetran_start"
_SEPARATORS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Recognised:
    """A source and its kind: columns maps a field's name to the file's column, others are the columns of no field."""

    source: Source
    kind: ObjectKind
    columns: Mapping[str, str]
    others: tuple[str, ...]
    deleted_column: str | None
    version_column: str | None

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The file's columns whose fields are times."""
        times = {field.name for field in self.kind.fields if field.kind is Kind.TIME}
        dated = self.kind.dated
        others = (c for c in self.others if dated is not None and dated.search(self.kind.bare(c)))
        return (*(column for name, column in self.columns.items() if name in times), *others)


def key_of(name: str) -> str:
    """The form in which "Close Date", "CloseDate" and "close_date" are one name."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _SEPARATORS.sub("", folded)


def recognise(source: Source, kinds: Sequence[ObjectKind]) -> Recognised | None:
    """The source as the first of the kinds whose needed fields it has; None if no kind fits."""
    own = [column for column in source.columns if not LOADER.match(column)]
    by_key = _first_by_key((key_of(column), column) for column in own)
    for kind in kinds:
        bare = _first_by_key((key_of(kind.bare(column)), column) for column in own) if kind.wrapper else {}
        columns = _columns(kind, {**bare, **by_key})
        if _fits(kind, columns) and _is_named(kind, source):
            claimed = set(columns.values())
            others = [c for c in source.columns if c not in claimed and not LOADER.match(c)]
            return Recognised(
                source,
                kind,
                columns,
                tuple(others),
                _column(source, DELETED),
                _column(source, (VERSION_START,)),
            )
    return None


def _first_by_key(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    by_key: dict[str, str] = {}
    for key, column in pairs:
        by_key.setdefault(key, column)
    return by_key


def _columns(kind: ObjectKind, by_key: Mapping[str, str]) -> dict[str, str]:
    """The file's column of each field: by its name and labels, then by its labels in other languages."""
    columns: dict[str, str] = {}
    for spelt in (_own_keys, _local_keys):
        for field in kind.fields:
            if field.name not in columns:
                found = (by_key.get(key) for key in spelt(field))
                column = next((c for c in found if c is not None and c not in columns.values()), None)
                if column is not None:
                    columns[field.name] = column
    return {field.name: columns[field.name] for field in kind.fields if field.name in columns}


@lru_cache(maxsize=4096)
def _own_keys(field: Field) -> tuple[str, ...]:
    return tuple(map(key_of, (field.name, *field.labels)))


@lru_cache(maxsize=4096)
def _local_keys(field: Field) -> tuple[str, ...]:
    names = (text for label in (field.name, *field.labels) for text in translations(label))
    return tuple(dict.fromkeys(map(key_of, names)))


def _fits(kind: ObjectKind, columns: Mapping[str, str]) -> bool:
    if any(name in columns for name in kind.without):
        return False
    alternatives = ((need,) if isinstance(need, str) else need for need in kind.needs)
    return all(any(name in columns for name in names) for names in alternatives)


def _is_named(kind: ObjectKind, source: Source) -> bool:
    file = source.file.rpartition("/")[2].casefold().replace(".", "_").replace(" ", "_")
    return not kind.named or any(word in file for word in kind.named)


def _column(source: Source, names: Sequence[str]) -> str | None:
    lower = {column.lower(): column for column in source.columns}
    return next((lower[name] for name in names if name in lower), None)
