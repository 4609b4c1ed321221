"""Finds the files of an export and opens each as a source: column names and batches of text columns."""

import gzip
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from connectors.formats.accounts import Account
from history.base.arrays import Ints
from history.base.errors import InvalidInput

BATCH_ROWS: Final = 100_000
LARGEST_WHOLE: Final = 32 << 20  # bytes of JSON that are held as objects
COMPRESSION: Final = 8  # of JSON by gzip, about
RAW_RECORDS: Final = "_airbyte_data"  # a column whose cells are records as JSON
ENDINGS: Final = (
    ".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".xlsx", ".xlsm", ".json", ".jsonl", ".ndjson", ".json.gz",
    ".jsonl.gz", ".ndjson.gz", ".parquet", ".zip",
)  # fmt: skip

TEXTS: Final = (".csv", ".tsv", ".txt")
WEB_PAGE: Final = "a web page or XML"
# First bytes of forms that are saved or sent under the name of a text file.
MARKS: Final = {
    b"PK\x03\x04": ".xlsx", b"\x1f\x8b": ".gz", b"\xd0\xcf\x11\xe0": "an old workbook (.xls)",
    b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"%PDF": "a PDF file",
}  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Some rows of a source: text columns by the names of the file, and the number of each row in the file (n,)."""

    table: pa.Table
    rows: Ints


Batches = Callable[[Account, Sequence[str]], Iterator[Batch]]


@dataclass(frozen=True)
class Source:
    """One table of an export: a file, a sheet of a workbook, or a nested list of a JSON file.

    batches(account, columns) reads these columns; it adds to account.rows_read and sets malformed rows aside there.
    """

    file: str
    columns: tuple[str, ...]
    batches: Batches
    unpacked: Any = None  # keeps the folder of an unpacked archive alive


def open_sources(paths: Sequence[Path]) -> list[Source]:
    """Every source in these files and folders, in the order of their paths; raises InvalidInput with all problems.

    A file of another form (a licence, a picture) is a source without columns, which no system claims.
    """
    problems: list[str] = []
    files: dict[Path, str] = {}
    for path in paths:
        if not path.exists():
            problems.append(f"{path} does not exist: name a file or folder of the export.")
        for found in _files(path):
            files.setdefault(found, str(found.relative_to(path.parent)))

    sources: list[Source] = []
    are_large = _text_bytes(list(files)) > LARGEST_WHOLE
    for file, name in files.items():
        try:
            sources += map(_unwrapped, _open(file, name, are_large))
        except InvalidInput as error:
            problems += error.problems
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror or error}.")
    if not files and not problems:
        problems.append(f"{', '.join(map(str, paths))}: no file in it; export the tables into it first.")
    if problems:
        raise InvalidInput(problems)
    return sources


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    inside = sorted(found for found in path.rglob("*") if found.is_file())
    return [found for found in inside if not any(p.startswith(".") for p in found.relative_to(path).parts)]


def _text_bytes(files: Collection[Path]) -> int:
    """About how large the JSON files of an export are unpacked; those in archives too."""
    plain = [file.stat().st_size for file in files if _is_json(file.name) and not _is_packed(file.name)]
    packed = [file.stat().st_size for file in files if _is_packed(file.name)]
    return sum(plain) + COMPRESSION * sum(packed)


def _is_json(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith((".json", ".jsonl", ".ndjson"))


def _is_unnamed(name: str) -> bool:
    """Whether a compressed file's name says nothing of its contents."""
    return name.lower().endswith(".gz") and not name.lower().endswith(ENDINGS)


def _is_packed(name: str) -> bool:
    is_text = name.lower().endswith((".csv.gz", ".tsv.gz"))
    return name.lower().endswith((".gz", ".zip")) and not is_text


def _open(path: Path, name: str, are_large: bool) -> list[Source]:
    """The readers are imported on use: most exports have one form.

    are_large: the JSON files together are too large to be held.
    """
    lower = path.name.lower()
    if _is_unnamed(path.name):
        return _open_unnamed(path, name, are_large)
    if not lower.endswith(ENDINGS):
        return [Source(name, (), _no_batches)]
    if lower.endswith(".zip"):
        return _open_archive(path, name, are_large)
    if lower.endswith((".xlsx", ".xlsm")):
        from connectors.formats.workbook import open_workbook

        return open_workbook(path, name)
    if lower.endswith(".parquet"):
        from connectors.formats.parquet import open_parquet

        return [open_parquet(path, name)]
    if _is_json(lower):
        from connectors.formats.json import open_json

        return open_json(path, name, are_large)
    if not lower.endswith(".gz") and (form := _form_of(path)):
        return _open_as(path, name, form, are_large)
    from connectors.formats.csv import open_csv

    return [open_csv(path, name)]


def _form_of(path: Path) -> str | None:
    """What a file that is named as text holds by its first bytes; None for text."""
    with path.open("rb") as file:
        head = file.read(1 << 10)
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<?xml")):
        return WEB_PAGE
    return next((form for mark, form in MARKS.items() if head.startswith(mark)), None)


def _open_as(path: Path, name: str, form: str, are_large: bool) -> list[Source]:
    """A file of another form than its name says; raises InvalidInput for one that is not read."""
    if form == ".xlsx":
        from connectors.formats.workbook import open_workbook

        return open_workbook(path, name)
    if form == ".gz":
        return _open_unnamed(path, name, are_large)
    raise InvalidInput(f"{name} is no text but {form}: open it in its program and save it as .csv or .xlsx.")


def _unwrapped(source: Source) -> Source:
    if RAW_RECORDS not in source.columns:
        return source
    from connectors.formats.raw_records import unwrapped

    return unwrapped(source)


def _open_unnamed(path: Path, name: str, are_large: bool) -> list[Source]:
    """A compressed file whose name says nothing more, as buckets hold logs: JSON by its first character, else text."""
    try:
        with gzip.open(path) as file:
            start = file.read(1 << 10).lstrip(b"\xef\xbb\xbf \r\n\t")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidInput(f"{name} cannot be unpacked: {error}; download it again.") from error
    if start.startswith((b"{", b"[")):
        from connectors.formats.json import open_json

        return open_json(path, name, are_large)
    if name.lower().endswith(TEXTS):
        from connectors.formats.csv import open_csv

        return [open_csv(path, name)]
    return [Source(name, (), _no_batches)]


def _open_archive(path: Path, name: str, are_large: bool) -> list[Source]:
    from connectors.formats.archive import Unpacked, unpack

    folder = Unpacked()
    members = unpack(path, name, [ending for ending in ENDINGS if ending != ".zip"], folder)
    are_large = are_large or _text_bytes([member.path for member in members]) > LARGEST_WHOLE
    sources = [source for member in members for source in _open(member.path, member.name, are_large)]
    return [replace(source, unpacked=folder) for source in sources] or [Source(name, (), _no_batches)]


def _no_batches(_account: Account, _columns: Sequence[str]) -> Iterator[Batch]:
    return iter(())
