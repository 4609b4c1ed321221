"""A zip archive as the files in it, unpacked into a folder that lives as long as its sources."""

import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from history.base.errors import InvalidInput


class Unpacked:
    """A temporary folder, removed with the last reference to this object."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="leadcast-import-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class Member:
    """A file of an archive: where it was unpacked, and its name in messages."""

    path: Path
    name: str


def unpack(path: Path, name: str, endings: Sequence[str], folder: Unpacked) -> list[Member]:
    """The files of an archive that have one of these endings; raises InvalidInput if it is damaged or locked."""
    members: list[Member] = []
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [
                entry for entry in archive.infolist()
                if entry.filename.lower().endswith(tuple(endings)) and not _is_hidden(entry.filename)
            ]  # fmt: skip
            _refuse_larger_than_disk(entries, folder.path, name)
            for number, entry in enumerate(sorted(entries, key=lambda entry: entry.filename)):
                # The names of an archive are not trusted as paths.
                target = folder.path / f"{number}-{Path(entry.filename).name}"
                with archive.open(entry) as packed, target.open("wb") as file:
                    shutil.copyfileobj(packed, file)
                members.append(Member(target, f"{name}/{entry.filename}"))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise InvalidInput(f"{name} cannot be unpacked: {error}; download it again, or unpack it.") from error
    return members


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in name.split("/"))


def _refuse_larger_than_disk(entries: Sequence[zipfile.ZipInfo], folder: Path, name: str) -> None:
    size, free = sum(entry.file_size for entry in entries), shutil.disk_usage(folder).free
    if size > free:
        raise InvalidInput(
            f"{name} needs {size / 1e9:.1f} GB unpacked, and {folder} has {free / 1e9:.1f} GB: set TMPDIR to a larger "
            "disk."
        )
