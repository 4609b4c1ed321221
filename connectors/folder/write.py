"""Writes a whole data folder under a temporary name, then puts it in the place of the old one in one step."""

import ctypes
import fcntl
import glob
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from history.base.errors import InvalidInput
from history.config.config import CONFIG_FILE
from history.config.schema import TABLES
from history.text.times import parse_time

IMPORT_FILE: Final = "import.json"
TIME: Final = pa.timestamp("us", "UTC")
# The tables an adapter fills; leads have further columns, one an attribute.
SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    "interactions": pa.schema(
        [
            ("lead_id", pa.string()), ("occurred_at", TIME), ("kind", pa.string()), ("interaction_id", pa.string()),
            ("recorded_at", TIME), ("channel", pa.string()), ("direction", pa.string()), ("value", pa.float64()),
        ]
    ),
    "stages": pa.schema(
        [("lead_id", pa.string()), ("entered_at", TIME), ("stage", pa.string()), ("recorded_at", TIME)]
    ),
    "outcomes": pa.schema(
        [
            ("lead_id", pa.string()), ("outcome", pa.string()), ("closed_at", TIME), ("amount", pa.float64()),
            ("reason", pa.string()), ("recorded_at", TIME),
        ]
    ),
    "attribute_changes": pa.schema(
        [
            ("lead_id", pa.string()), ("changed_at", TIME), ("attribute", pa.string()), ("value", pa.string()),
            ("recorded_at", TIME),
        ]
    ),
    # Not a table of the data folder: all ids of each lead, for later imports.
    "identities": pa.schema(
        [("lead_id", pa.string()), ("id", pa.string()), ("level", pa.int8()), ("joined_at", pa.int64())]
    ),
    # Not a table of the data folder: leads that an export called deleted (merged_into empty) or merged, and when that
    # export was made. They stay out of later imports of older exports, and `load` takes them out of a store.
    "gone": pa.schema([("lead_id", pa.string()), ("merged_into", pa.string()), ("at", TIME)]),
}  # fmt: skip
PARTIAL: Final = ".partial"
AT_FDCWD: Final = -100
RENAME_EXCHANGE: Final = 2


@dataclass(frozen=True)
class Settings:
    """What funnel.toml of an imported folder says."""

    name: str
    currency: str | None = None
    timezone: str = "UTC"
    stages: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()

    def toml(self) -> str:
        lines = ["[funnel]", f"name = {_quoted(self.name)}"]
        if self.currency:
            lines.append(f"currency = {_quoted(self.currency)}")
        lines.append(f"timezone = {_quoted(self.timezone)}")
        if self.stages:
            lines.append(f"stages = {_list(self.stages)}")
        lists = {"ignore": self.ignore, "identity": self.identity, "mutable": self.mutable}
        if any(lists.values()):
            lines += [
                "",
                "[attributes]",
                *(f"{key} = {_list(names)}" for key, names in lists.items() if names),
            ]
        return "\n".join([*lines, ""])


@dataclass
class NewFolder:
    """A data folder that is being written; its path is temporary."""

    path: Path
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)

    def add(self, name: str, table: pa.Table) -> None:
        """Appends rows to a table; the columns are those of the first piece."""
        if not len(table) and name != "leads":
            return
        schema = SCHEMAS.get(name, table.schema)
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self.path / f"{name}.parquet", schema, compression="zstd")
        self._writers[name].write_table(table.select(schema.names).cast(schema))

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def write_text(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")


def refuse_unless_replaceable(output: Path) -> None:
    """Raises InvalidInput unless `output` is new, empty or an earlier import."""
    if not os.path.lexists(output):
        return
    if not output.is_dir() or output.is_symlink():
        raise InvalidInput(f"{output} is a file, a link or a device: name a new folder with --output.")
    if any(output.iterdir()) and not (output / IMPORT_FILE).is_file():
        raise InvalidInput(
            f"{output} is a folder that no import wrote (it has no {IMPORT_FILE}): name a new folder with --output."
        )


@contextmanager
def new_folder(output: Path) -> Iterator[NewFolder]:
    """A folder beside `output` that takes its place once the block is done, and is gone if it fails."""
    output = output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(output)
    partial = output.parent / f".{output.name}.{uuid.uuid4().hex[:8]}{PARTIAL}"
    partial.mkdir()
    descriptor = os.open(partial, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    folder = NewFolder(partial)
    try:
        yield folder
        folder.close()
        for file in partial.iterdir():
            _to_disk(file)
        _take_place(partial, output)
        _to_disk(output.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned(output: Path) -> None:
    """Removes what killed imports left: a folder under way is locked by its process."""
    for left in output.parent.glob(f".{glob.escape(output.name)}.????????{PARTIAL}"):
        descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        os.close(descriptor)


def _take_place(partial: Path, output: Path) -> None:
    """Renames; an old folder is exchanged in one step where possible: a kill leaves the old or the new."""
    if output.exists() and not any(output.iterdir()):
        output.rmdir()
    if not output.exists():
        os.rename(partial, output)
    elif not _exchanged(partial, output):
        aside = output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}.old")
        os.rename(output, aside)
        os.rename(partial, output)
        shutil.rmtree(aside, ignore_errors=True)


def _exchanged(first: Path, second: Path) -> bool:
    """Linux exchanges two names atomically; False where the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    done = rename(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE)
    return bool(done == 0)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_old(output: Path) -> dict[str, pa.Table]:
    """The tables of an earlier import, none if there is none; raises InvalidInput for a damaged one."""
    tables: dict[str, pa.Table] = {}
    for name in dict.fromkeys((*TABLES, *SCHEMAS)):
        path = output / f"{name}.parquet"
        if path.is_file():
            try:
                tables[name] = pq.read_table(path)
            except (pa.ArrowException, OSError) as error:
                raise InvalidInput(
                    f"{path} of an earlier import is damaged: {error}; name a new folder with --output."
                ) from error
    return tables


def kept_config(output: Path) -> str | None:
    """funnel.toml of an earlier import: what people changed in it stays."""
    path = output / CONFIG_FILE
    return path.read_text(encoding="utf-8") if path.is_file() else None


def exported_before(output: Path, system: str) -> int:
    """When the newest export of this system was made that the folder has, in microseconds; 0 if unknown."""
    try:
        record = json.loads((output / IMPORT_FILE).read_text(encoding="utf-8"))
        records = [record, *record.get("others", [])]
        texts = [entry["exported_at"] for entry in records if entry.get("system") == system]
        return max((parse_time(text, ZoneInfo("UTC")) for text in texts), default=0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidInput):
        return 0


def other_records(output: Path, system: str) -> list[dict[str, Any]]:
    """The last record of each other system that was imported into the folder; a damaged one is left out."""
    try:
        earlier = json.loads((output / IMPORT_FILE).read_text(encoding="utf-8"))
        records = [{**earlier, "others": []}, *earlier.get("others", [])]
        return [record for record in records if record["system"] != system]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def import_record(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"
