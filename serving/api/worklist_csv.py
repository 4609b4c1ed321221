"""The worklist as CSV: the score file's columns, then detail, owner, source and next action."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from history.base.table_file import JSON
from models.scores.scores import COLUMN_KINDS

COLUMNS: Final = (*COLUMN_KINDS, "detail", "owner", "source", "next_action")
# A spreadsheet runs a cell that begins with one of these. Ids stay as they are, to be joined (docs/decisions/0007).
FORMULA: Final = ("=", "+", "-", "@")
UNESCAPED: Final = ("lead_id",)


def csv_header() -> str:
    """The names of the columns as a line."""
    return _lines([COLUMNS])


def csv_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """One line an entry of the worklist; numbers read back to the last bit, a missing value is empty."""
    return _lines([[_cell(name, entry.get(name)) for name in COLUMNS] for entry in entries])


def _cell(name: str, value: Any) -> Any:
    if COLUMN_KINDS.get(name) == JSON:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and name not in UNESCAPED and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
