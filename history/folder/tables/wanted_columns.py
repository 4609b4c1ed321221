"""The columns to read of a table's file, by the schema, funnel.toml and the file's header."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from history.config.config import FunnelConfig
from history.config.schema import TABLES, TableLayout
from history.folder.tables.column_guesses import guessed_columns, toml_lines
from history.text.currency_words import is_currency_name

MOST_COLUMNS: Final = 10_000
GUESSED: Final = "Guessed from the names of columns (`leadcast check DATA --fix` writes these lines):"
LISTED_COLUMNS: Final = 20  # of a header in a message


@dataclass(frozen=True)
class WantedColumns:
    """Selects the columns of one table's file and their canonical names.

    whole: also columns that no rule needs. guesses: of a file that lacks needed columns, field -> a column of another
    name that may hold it.
    """

    config: FunnelConfig
    table: str
    whole: bool
    guesses: dict[str, str] = field(default_factory=dict)

    def sources(self, path: Path, header: list[str], problems: list[str]) -> dict[str, str] | None:
        """Canonical name -> the file's column, in the file's order; None if a needed one is missing or duplicated."""
        if len(header) > MOST_COLUMNS:
            problems.append(
                f"{path.name}: the file has {len(header):,} columns; at most {MOST_COLUMNS:,} are read, "
                "leave out those that do not describe a lead."
            )
            return None
        layout, mapping = self._layout()
        faults = [
            f"{path.name}: column {column!r}, which [columns.{self.table}] names for {name}, is missing; "
            f"the file has {listed(header)}."
            for name, column in mapping.items()
            if column not in header
        ]
        faults += [
            f"{path.name}: column {name!r} is missing; the file has {listed(header)}. "
            f"Name your column in [columns.{self.table}] of funnel.toml."
            for name in layout.needed
            if name not in mapping and name not in header
        ]
        if any(name not in mapping and name not in header for name in layout.needed):
            missing = [name for name in layout.columns if name not in mapping and name not in header]
            free = [
                column for column in header if column not in layout.columns and column not in mapping.values()
            ]
            self.guesses.update(guessed_columns(self.table, free, missing))
            if self.guesses:
                lines = toml_lines({self.table: self.guesses})
                faults[-1] = "\n      ".join([f"{faults[-1]} {GUESSED}", *lines])
        sources = self._chosen(header)
        counts = Counter(header)
        faults += [
            f"{path.name}: column {column!r} appears {counts[column]} times; keep one."
            for column in sorted(set(sources.values()))
            if counts[column] > 1
        ]
        problems += faults
        return None if faults else sources

    def near(self, header: list[str]) -> dict[str, str]:
        """Columns that differ from an optional one only by case, spaces, hyphens or underscores -> that one's name."""
        layout, mapping = self._layout()
        taken = {*mapping.values(), *self.config.ignore}
        missing = [name for name in layout.optional if name not in header and name not in mapping]
        return {column: name for name in missing for column in _alike(name, header) if column not in taken}

    @property
    def known(self) -> set[str]:
        """The names that a header of this table may have."""
        layout, mapping = self._layout()
        return {*layout.columns, *mapping.values()}

    def _layout(self) -> tuple[TableLayout, Mapping[str, str]]:
        return TABLES[self.table], self.config.columns.get(self.table, {})

    def _chosen(self, header: list[str]) -> dict[str, str]:
        layout, mapping = self._layout()
        renamed: dict[str, list[str]] = {}
        for name, column in mapping.items():
            renamed.setdefault(column, []).append(name)
        chosen: dict[str, str] = {}
        for column in dict.fromkeys(header):
            names = renamed.get(column, [] if column in mapping or not column else [column])
            keep_all = layout.has_attributes or self.whole or column in renamed
            for name in names:
                read = name not in self.config.ignore or name in layout.needed or not layout.has_attributes
                if read and (keep_all or name in layout.columns or self._says_currency(name)):
                    chosen[name] = column
        return chosen

    def _says_currency(self, name: str) -> bool:
        return self.table == "outcomes" and is_currency_name(name)


def listed(header: list[str]) -> str:
    """The first names of a header, and how many follow."""
    shown = ", ".join(repr(column) for column in header[:LISTED_COLUMNS])
    return shown + (f" and {len(header) - LISTED_COLUMNS} more" if len(header) > LISTED_COLUMNS else "")


def _alike(name: str, header: list[str]) -> list[str]:
    return [column for column in header if column != name and _plain(column) == _plain(name)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()
