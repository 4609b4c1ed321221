"""The files of a data folder to raw tables; every problem is listed, no row is validated yet."""

import csv
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa

from history.config.config import FunnelConfig
from history.config.schema import TABLES
from history.folder.tables.column_guesses import ColumnGuesses
from history.folder.tables.csv import SAVE_AS, first_foreign_line, opened
from history.folder.tables.csv_table import read_csv
from history.folder.tables.encodings import HEAD_BYTES, UTF_8, encoding_of, encoding_of_head
from history.folder.tables.parquet import part_files, read_parquet
from history.folder.tables.raw_table import RawTable
from history.folder.tables.wanted_columns import WantedColumns, listed

PARQUET: Final = ".parquet"
SUFFIXES: Final = (".csv", ".csv.gz", PARQUET)
Read = TypeVar("Read")


def read_tables(folder: Path, config: FunnelConfig, whole: bool, problems: list[str]) -> dict[str, RawTable]:
    """Every table that the folder holds; each fault is added to `problems` and its table left out.

    whole also reads columns that no rule needs, so that a rejected row can be shown in full. Columns of leads in
    config.ignore are never read.
    """
    return _read_tables(folder, config, whole, problems, {})


def guess_columns(folder: Path, config: FunnelConfig) -> ColumnGuesses:
    """Table -> field -> column, guessed for the tables whose files lack needed columns."""
    guesses: dict[str, Mapping[str, str]] = {}
    _read_tables(folder, config, False, [], guesses)
    return guesses


def _read_tables(
    folder: Path,
    config: FunnelConfig,
    whole: bool,
    problems: list[str],
    guesses: dict[str, Mapping[str, str]],
) -> dict[str, RawTable]:
    """`read_tables`, which also fills `guesses`."""

    def read(path: Path, name: str) -> RawTable | None:
        wanted = WantedColumns(config, name, whole)
        guesses[name] = wanted.guesses
        return _read_table(path, name, wanted, problems)

    return tables_of(folder, problems, read)


def tables_of(folder: Path, problems: list[str], read: Callable[[Path, str], Read | None]) -> dict[str, Read]:
    """What `read` makes of the file and the name of each table that the folder holds; without None.

    A file that cannot be read is a problem.
    """
    if not folder.is_dir():
        problems.append(
            f"{folder} is not a folder: give the folder that holds leads.csv and the other tables."
        )
        return {}
    tables: dict[str, Read] = {}
    for name in TABLES:
        path = _file_of(folder, name, problems)
        if path is None:
            continue
        table = _unless_unreadable(path, name, problems, read)
        if table is not None:
            tables[name] = table
        give_back_memory()
    return tables


def give_back_memory() -> None:
    """Gives the memory that reading no longer needs back to the system; without this, Arrow keeps it for later."""
    pa.default_memory_pool().release_unused()


def _file_of(folder: Path, name: str, problems: list[str]) -> Path | None:
    """The one file of a table; None, with a problem if need be, for another number of files."""
    paths = [path for suffix in SUFFIXES if os.path.lexists(path := folder / f"{name}{suffix}")]
    if (folder / name).is_dir() and part_files(folder / name):
        paths.append(folder / name)
    if len(paths) == 1:
        return paths[0]
    if paths:
        names = " and ".join(path.name for path in paths)
        problems.append(f"{name}: the folder has {names}; keep one file a table.")
        return None
    if name == "leads":
        problems.append(_no_leads(folder))
    problems += _other_case(folder, name)
    return None


def _no_leads(folder: Path) -> str:
    present = sorted(path.name for path in folder.iterdir())
    names = " or ".join(f"leads{suffix}" for suffix in SUFFIXES)
    return f"leads: no {names} in {folder}; the folder has {listed(present) or 'no files'}."


def _other_case(folder: Path, name: str) -> list[str]:
    """Problems of files whose names differ from the table's by case; they would be ignored without notice."""
    wanted = {f"{name}{suffix}": suffix for suffix in SUFFIXES}
    return [
        f"{path.name} is not read: rename it to {path.name.lower()}."
        for path in sorted(folder.iterdir())
        if path.name.lower() in wanted and path.name not in wanted
    ]


def is_parquet(path: Path) -> bool:
    """Whether a table is a Parquet file or a folder of such."""
    return path.suffix == PARQUET or _is_folder(path)


def _is_folder(path: Path) -> bool:
    return path.suffix in ("", PARQUET) and path.is_dir() and bool(part_files(path))


def _unless_unreadable(
    path: Path, name: str, problems: list[str], read: Callable[[Path, str], Read | None]
) -> Read | None:
    if not path.is_file() and not _is_folder(path):
        problems.append(
            f"{path.name} is not a regular file (a folder, a device or a broken link); put the table there as a file."
        )
        return None
    try:
        return read(path, name)
    except UnicodeDecodeError as error:
        problems.append(f"{path.name} is not UTF-8 ({error.reason}), {first_foreign_line(path)}: {SAVE_AS}.")
    except (OSError, EOFError, pa.ArrowException, csv.Error, ValueError) as error:
        problems.append(f"{path.name} cannot be read: {_why(path, error)}")
    return None


def _read_table(path: Path, name: str, wanted: WantedColumns, problems: list[str]) -> RawTable | None:
    if is_parquet(path):
        return read_parquet(path, name, wanted, problems)
    return in_its_encoding(path, lambda encoding: read_csv(path, wanted, problems, encoding))


def in_its_encoding(path: Path, read: Callable[[str], Read | None]) -> Read | None:
    """What `read` makes of a CSV file in UTF-8; one that is not UTF-8 is read again in the encoding of its bytes."""
    with opened(path) as file:
        encoding = encoding_of_head(file.read(HEAD_BYTES)) or UTF_8
    try:
        return read(encoding)
    except (UnicodeDecodeError, pa.ArrowInvalid) as error:
        if isinstance(error, pa.ArrowInvalid) and "UTF8" not in str(error):
            raise
        other = encoding_of(lambda: opened(path))
        if other in (None, encoding):
            raise
    return read(other)


def _why(path: Path, error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    if "UTF8" in text:
        return f"it is not UTF-8, {first_foreign_line(path)}; {SAVE_AS}."
    if "straddling" in text:
        return "a value is longer than 8 MB; look for a quote that is never closed."
    return text
