"""Data folders of files written by hand, and how they are read: counts by rule, or the problems."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from history.base.errors import InvalidInput
from history.config.file import load_config
from history.history import History, TableReport
from history.read import parse_time, read_folder

LEADS = "lead_id,created_at,plan\na,2024-01-01,x\nb,2024-01-02T10:00:00+02:00,y\n"


def us(text: str, folder: Path | None = None) -> int:
    """The instant of a text in the zone of the folder's funnel.toml."""
    return parse_time(text, load_config(folder or Path("/nowhere")).zone)


def read(folder: Path, files: Mapping[str, str | bytes], **options: Any) -> History:
    """The history of a folder with these files; leads.csv is LEADS unless given."""
    for name, content in {"leads.csv": LEADS, **files}.items():
        (folder / name).write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return read_folder(folder, **options)


def counts(report: TableReport, flagged: bool = False) -> dict[str, int]:
    """Rows by the rule that rejected, or flagged, them."""
    return {broken.rule: broken.count for broken in (report.flagged if flagged else report.rejected)}


def problems(folder: Path, files: Mapping[str, str | bytes]) -> tuple[str, ...]:
    """The problems of a folder with these files, which must be refused."""
    with pytest.raises(InvalidInput) as caught:
        read(folder, files)
    return caught.value.problems
