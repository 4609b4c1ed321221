"""The file of --mapping for a system of one's own: which file and column fill which table, in TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from history.base.errors import InvalidInput
from history.config.schema import OUTCOMES, TABLES
from history.text.folding import folded

MAPPED_TABLES: Final = ("leads", "interactions", "stages", "outcomes", "attribute_changes")
ENTRY_KEYS: Final = ("file", "other_columns")
CELL_KEYS: Final = ("column", "constant", "words", "split")
FUNNEL_KEYS: Final = ("name", "currency", "timezone", "stages")


@dataclass(frozen=True)
class Cell:
    """What fills one column: the first filled of these columns, else a constant.

    words: the value for each word of the file, folded; split: the mark between several values of one cell.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None


@dataclass(frozen=True)
class Entry:
    """Rows of one table from the files of one pattern; other_columns makes the file's other columns attributes."""

    table: str
    file: str
    cells: Mapping[str, Cell]
    other_columns: bool = False


@dataclass(frozen=True)
class MappingFile:
    """All entries, and what funnel.toml of the new folder says."""

    path: Path
    entries: tuple[Entry, ...]
    name: str = ""
    currency: str | None = None
    stages: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def read_mapping(document: Mapping[str, Any], path: Path) -> MappingFile:
    """The mapping; raises InvalidInput with every fault."""
    problems: list[str] = []
    known = (*MAPPED_TABLES, "funnel", "formats", "attributes")
    problems += [f"[{key}] is not known; known: {', '.join(known)}" for key in document if key not in known]
    entries = [entry for table in MAPPED_TABLES for entry in _entries(table, document.get(table), problems)]
    if not entries:
        problems.append("[[leads]] is missing: it needs lead_id and created_at")
    funnel, attributes = document.get("funnel", {}), document.get("attributes", {})
    for section, keys in (("funnel", FUNNEL_KEYS), ("attributes", ("identity", "ignore"))):
        given = document.get(section, {})
        if not isinstance(given, Mapping):
            problems.append(f"[{section}] must be a table")
            continue
        problems += [
            f"{section}.{key} is not known; known: {', '.join(keys)}" for key in given if key not in keys
        ]
    if problems:
        raise InvalidInput(f"{path.name}: {problem}." for problem in problems)
    return MappingFile(
        path,
        tuple(entries),
        str(funnel.get("name", "")),
        funnel.get("currency"),
        tuple(map(str, funnel.get("stages", ()))),
        tuple(map(str, attributes.get("identity", ()))),
        tuple(map(str, attributes.get("ignore", ()))),
    )


def _entries(table: str, given: Any, problems: list[str]) -> list[Entry]:
    if given is None:
        return []
    several = given if isinstance(given, list) else [given]
    entries = []
    for entry in several:
        if not isinstance(entry, Mapping):
            problems.append(f"[[{table}]] must be tables")
            continue
        entries.append(_entry(table, entry, problems))
    return entries


def _entry(table: str, given: Mapping[str, Any], problems: list[str]) -> Entry:
    layout = TABLES[table]
    cells = {}
    for name, value in given.items():
        if name in ENTRY_KEYS:
            continue
        if name not in layout.fields and not layout.has_attributes:
            problems.append(
                f"{table}.{name} is not known; known: {', '.join((*ENTRY_KEYS, *layout.columns))}"
            )
            continue
        cell = _cell(f"{table}.{name}", value, problems)
        if name == "outcome" and (wrong := sorted(set(cell.words.values()) - set(OUTCOMES))):
            problems.append(f"{table}.outcome.words has {', '.join(wrong)}; known: {', '.join(OUTCOMES)}")
        cells[name] = cell
    if missing := [name for name in layout.needed if name not in cells]:
        problems.append(f"[[{table}]] needs {', '.join(missing)}")
    return Entry(table, str(given.get("file", "*")), cells, given.get("other_columns") is True)


def _cell(where: str, value: Any, problems: list[str]) -> Cell:
    if isinstance(value, str):
        return Cell((value,))
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return Cell(tuple(value))
    if not isinstance(value, Mapping) or not ({"column", "constant"} & set(value)):
        problems.append(
            f'{where} must be a column, a list of columns, or a table such as {{ constant = "web" }}'
        )
        return Cell()
    problems += [
        f"{where}.{key} is not known; known: {', '.join(CELL_KEYS)}" for key in value if key not in CELL_KEYS
    ]
    column, words = value.get("column", ()), value.get("words", {})
    if not isinstance(words, Mapping):
        problems.append(f'{where}.words must be a table such as {{ won = ["Signed"] }}')
        words = {}
    return Cell(
        (column,) if isinstance(column, str) else tuple(map(str, column)),
        str(value["constant"]) if "constant" in value else None,
        {folded(word): target for target, listed in words.items() for word in _listed(listed)},
        str(value["split"]) if value.get("split") else None,
    )


def _listed(words: Any) -> list[str]:
    return [str(word) for word in words] if isinstance(words, list) else [str(words)]
