"""An export of one table of deals, written as CSV and opened by its declared object."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.formats.sources import open_sources
from connectors.reading.declare import ObjectKind, times, used
from connectors.reading.export import Export
from connectors.reading.opening import open_export
from connectors.reading.options import ReadOptions

NOW_US = 1_790_000_000_000_000
DEAL = ObjectKind(
    "Deal", (*used("Id", "Amount", "Deleted"), *times("Created", "Modified")), needs=("Id", "Created")
)


def export_of(path: Path, text: str, **options: Any) -> Export:
    """The export of a CSV with this text."""
    path.write_text(text, encoding="utf-8")
    read = ReadOptions(NOW_US, ZoneInfo("UTC"), **options)
    return open_export("small", [DEAL], open_sources([path]), read, lambda _text, _share: None)
