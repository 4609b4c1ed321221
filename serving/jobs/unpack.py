"""Uploaded files as the sources of an import, or as the tables of a data folder; archives unpacked within bounds.

Run as `python -m serving.jobs.unpack SCRATCH DATA LIMIT_BYTES` on the files that SCRATCH/upload.json lists; prints one
JSON object. Names of files and of entries are shown to people, never used as paths: a table of a data folder gets its
own name, any other file a number with a slug, as some tables are recognised by a word in their file's name.
"""

import gzip
import json
import os
import re
import shutil
import struct
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from history.config.schema import TABLES

UPLOAD, LISTING, FILES = "upload", "upload.json", "files"
TABLE_ENDINGS = (".csv.gz", ".csv", ".parquet")
BESIDE_TABLES = ("funnel.toml", "import.json", "gone.parquet", "identities.parquet")
ENDINGS = (
    ".csv.gz", ".tsv.gz", ".json.gz", ".jsonl.gz", ".ndjson.gz", ".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json",
    ".jsonl", ".ndjson", ".parquet", ".toml",
)  # fmt: skip
ARCHIVE = ".zip"
MAX_ENTRIES = 2_000  # of all archives together
MAX_DIRECTORY = 4 << 20  # bytes of an archive's list of entries
EXPANSION = 10  # times the upload limit, unpacked
CHUNK = 1 << 20
NAMES_SHOWN = 20
LONGEST_SLUG = 60
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_END = struct.Struct("<4s4H2LH")  # end of central directory record (APPNOTE.TXT, section 4.3.16)
_END_MARK, _LONGEST_COMMENT = b"PK\x05\x06", 65_535


class Refused(Exception):
    """Why an upload cannot be read, for people."""


@dataclass
class Unpacked:
    """Files by number under SCRATCH/files, their names as sent, and the names of what was set aside, by reason."""

    names: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)

    def leave(self, reason: str, name: str) -> None:
        self.left.setdefault(reason, []).append(name)


def unpack(scratch: Path, limit: int) -> Unpacked:
    """Moves the uploaded files to SCRATCH/files, archives unpacked; raises Refused for a bomb or a damaged archive."""
    listing = json.loads((scratch / LISTING).read_bytes())
    (scratch / FILES).mkdir()
    unpacked, budget = Unpacked(), _Budget(EXPANSION * limit)
    for entry in listing:
        source, name = scratch / UPLOAD / entry["file"], entry["name"]
        if name.lower().endswith(ARCHIVE):
            _unpack_archive(source, name, scratch / FILES, unpacked, budget)
        else:
            _keep(name, unpacked, lambda target, source=source: os.replace(source, scratch / FILES / target))
        source.unlink(missing_ok=True)
    return unpacked


@dataclass
class _Budget:
    """What archives may still unpack."""

    size: int
    entries: int = MAX_ENTRIES

    def copy(self, packed: IO[bytes], target: Path, name: str) -> None:
        """Copies an entry, counting what comes out, whatever the archive says of its size."""
        with target.open("xb") as file:
            while chunk := packed.read(CHUNK):
                self.size -= len(chunk)
                if self.size < 0:
                    raise Refused(
                        f"{name} is too large unpacked; raise LEADCAST_UPLOAD_MB, or import it by command."
                    )
                file.write(chunk)


def _unpack_archive(path: Path, name: str, folder: Path, unpacked: Unpacked, budget: _Budget) -> None:
    _refuse_long_directory(path, name)
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _files_of(archive, name, unpacked, budget):
                shown = f"{name}/{shown_entry(entry.filename)}"

                def copy(target: str, entry: zipfile.ZipInfo = entry) -> None:
                    with archive.open(entry) as packed:
                        budget.copy(packed, folder / target, name)

                _keep(shown, unpacked, copy)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Refused(f"{name} cannot be unpacked: {error}. Download it again, or send its files.") from None


def _files_of(
    archive: zipfile.ZipFile, name: str, unpacked: Unpacked, budget: _Budget
) -> Iterator[zipfile.ZipInfo]:
    for entry in archive.infolist():
        budget.entries -= 1
        if budget.entries < 0:
            raise Refused(f"{name} has more than {MAX_ENTRIES:,} entries; send the tables alone.")
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.is_dir() or any(part.startswith("__MACOSX") for part in parts):
            continue
        if entry.filename.lower().endswith(ARCHIVE):
            unpacked.leave("archive in an archive", f"{name}/{shown_entry(entry.filename)}")
            continue
        yield entry


def _refuse_long_directory(path: Path, name: str) -> None:
    """Refuses an archive whose list of entries would fill the memory, before it is read."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
        tail = file.read()
    place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < _END.size:
        raise Refused(f"{name} is not a zip archive, or only a part of one. Send it again.")
    record = _END.unpack_from(tail, place)
    if record[4] > MAX_ENTRIES or record[5] > MAX_DIRECTORY:
        raise Refused(f"{name} has more than {MAX_ENTRIES:,} entries; send the tables alone.")


def shown_entry(name: str) -> str:
    """An entry's name as people see it."""
    text = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in text if letter.isprintable())[-200:]


def _keep(name: str, unpacked: Unpacked, place: Any) -> None:
    """Places a file under a number and a known ending; another kind of file is set aside."""
    base = name.rpartition("/")[2].lower()
    ending = next((ending for ending in ENDINGS if base.endswith(ending)), None)
    if base.startswith("."):
        return
    if ending is None:
        unpacked.leave("not a table", name)
        return
    slug = _NOT_IN_SLUG.sub("_", base.removesuffix(ending))[:LONGEST_SLUG]
    target = f"{len(unpacked.names):04d}-{slug}{ending}"
    place(target)
    unpacked.names[target] = name


# ---- a data folder


def data_folder(scratch: Path, data: Path, unpacked: Unpacked) -> bool:
    """Makes `data` of files that are one: leads with a lead_id, or a funnel.toml beside leads. False for an export.

    Raises Refused for two files of one table.
    """
    places: dict[str, str] = {}
    for target, name in unpacked.names.items():
        base = name.rpartition("/")[2].lower()
        if base in BESIDE_TABLES or base in {f"{table}{end}" for table in TABLES for end in TABLE_ENDINGS}:
            if base in places:
                raise Refused(f"{base} comes twice: send one file a table.")
            places[base] = target
    leads = next((f"leads{end}" for end in TABLE_ENDINGS if f"leads{end}" in places), None)
    if leads is None:
        return False
    if "funnel.toml" not in places and not _has_lead_ids(scratch / FILES / places[leads]):
        return False
    data.mkdir(mode=0o700)
    for base, target in places.items():
        shutil.move(scratch / FILES / target, data / base)
    for target, name in unpacked.names.items():
        if target not in places.values():
            unpacked.leave("not a table of a data folder", name)
    return True


def _has_lead_ids(path: Path) -> bool:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        try:
            return "lead_id" in pq.read_schema(path).names
        except (OSError, ValueError):
            return False
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return b"lead_id" in file.readline(1 << 16).lower()
    except (OSError, EOFError):
        return False


def main(scratch: str, data: str, limit: str) -> int:
    """0 and a record of what was unpacked; 1 and the reason on stderr."""
    try:
        unpacked = unpack(Path(scratch), int(limit))
        is_folder = data_folder(Path(scratch), Path(data), unpacked)
        if not unpacked.names:
            raise Refused("No file in it is a table: send CSV, workbooks, JSON or Parquet, or a zip of them.")
    except Refused as refusal:
        sys.stderr.write(f"Error: {refusal}\n")
        return 1
    left = {
        reason: {"count": len(names), "names": names[:NAMES_SHOWN]} for reason, names in unpacked.left.items()
    }
    sys.stdout.write(json.dumps({"is_folder": is_folder, "names": unpacked.names, "left": left}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
